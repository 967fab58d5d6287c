"""Through which proxies a session asks, for the client that is none."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from doctor_core.exceptions import HttpError
from doctor_core.web import troubles

LOG = logging.getLogger(__name__)


class Proxies:
    """The proxies of a session of ``requests``: its own, and those of
    ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy``.

    :param session: knows what of the environment counts for a URL.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        #: By scheme, host and port; the environment stays as it is.
        self._known: dict[tuple[str, str], str] = {}

    def of(self, url: str) -> str:
        """The proxy's URL; empty when a request goes to the peer itself.

        :raises HttpError: it is none that can be asked.
        """
        parts = urlsplit(url)
        origin = parts.scheme, parts.netloc
        if origin not in self._known:
            proxy = self._asked(url)
            if proxy:
                LOG.info('%s is asked through the proxy %s', troubles.shown(
                    '{}://{}'.format(*origin)), troubles.shown(proxy))
            self._known[origin] = proxy
        return self._known[origin]

    def _asked(self, url: str) -> str:
        settings = self._session.merge_environment_settings(
            url, {}, None, None, None)
        proxy = _chosen(url, settings['proxies'])
        if proxy and '://' not in proxy:
            proxy = f'http://{proxy}'
        if proxy and urlsplit(proxy).scheme not in ('http', 'https'):
            raise HttpError(
                f'{troubles.shown(url)}: the proxy {troubles.shown(proxy)} '
                'is no http or https URL')
        return proxy


def _chosen(url: str, proxies: Mapping[str, str]) -> str:
    """As ``requests`` chooses: the more is said of whom, the rather."""
    parts = urlsplit(url)
    for key in (f'{parts.scheme}://{parts.hostname}', parts.scheme,
                f'all://{parts.hostname}', 'all'):
        if key in proxies:
            return proxies[key]
    return ''

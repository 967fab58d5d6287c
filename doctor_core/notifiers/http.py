"""Alarm webhooks over HTTP."""

import email.utils
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult

from oslo_config import cfg

from doctor_core import clock
from doctor_core.exceptions import HttpError, NotifyError
from doctor_core.model import Notice, new_id
from doctor_core.notifiers.base import BusyError, Notifier, place
from doctor_core.web.client import Client, tls_context

#: Refusals that say nothing against the same request a little later.
_PASSING = frozenset({408, 425, 429})


class HttpNotifier(Notifier):
    """Posts a notice as JSON to an http:// URL, as Aodh does."""

    group = 'notifier_http'

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._client = Client(timeout_s=conf.notifier.timeout_s,
                              per_host=conf[self.group].connections,
                              tls=self._tls())

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [cfg.IntOpt(
            'connections', default=20, min=1,
            help='Connections to one consumer at the most. Its further '
                 'notices wait for one of them; those of others do not.')]

    def _tls(self) -> ssl.SSLContext | None:
        return None

    async def notify(self, action: SplitResult, notice: Notice) -> None:
        where = place(action)
        if not action.hostname:
            raise NotifyError(f'{where}: the URL names no host')
        try:
            reply = await self._client.request(
                'POST', action.geturl(), body=dict(notice.body),
                headers={'x-openstack-request-id': f'req-{new_id()}'})
        except HttpError as error:
            raise NotifyError(str(error),
                              recoverable=error.recoverable) from None
        if reply.status < 300:
            return
        text = f'{where} answered {reply.status}'
        passing = reply.status >= 500 or reply.status in _PASSING
        wait_s = _retry_after_s(reply.headers) if passing else 0.0
        if wait_s > 0:
            raise BusyError(text, wait_s)
        raise NotifyError(text, recoverable=passing)

    async def close(self) -> None:
        await self._client.close()


class HttpsNotifier(HttpNotifier):
    """Posts a notice as JSON to an https:// URL.

    The consumer's certificate is always verified; nothing in a URL or in the
    configuration turns that off.
    """

    group = 'notifier_https'

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            *super().get_opts(),
            cfg.StrOpt(
                'ca_file', default='',
                help='The authorities that consumers\' certificates are '
                     'verified by; empty for those of the system.'),
            cfg.StrOpt(
                'cert_file', default='',
                help='The certificate to show to consumers that ask for '
                     'one.'),
            cfg.StrOpt(
                'key_file', default='',
                help='The key of cert_file, when it is in a file of its '
                     'own.'),
        ]

    def _tls(self) -> ssl.SSLContext:
        options = self.conf[self.group]
        return tls_context(cafile=options.ca_file,
                           certfile=options.cert_file,
                           keyfile=options.key_file)


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """What Retry-After says, in seconds or as a date; 0 without it."""
    text = headers.get('Retry-After', '')
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        return email.utils.parsedate_to_datetime(
            text).timestamp() - clock.now()
    except (ValueError, OverflowError):
        return 0.0

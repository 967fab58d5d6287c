"""How the requests of keystoneauth's sessions are sent.

Every one passes here: those for tokens that the library makes by itself, and
those that it follows.
"""

from typing import Any
from urllib.parse import urljoin, urlsplit

from keystoneauth1 import session as ks_session

from doctor_core.cloud import refusals

_REDIRECTS = frozenset({301, 302, 303, 305, 307, 308})
_PORTS = {'http': 80, 'https': 443}


class Adapter(ks_session.TCPKeepAliveAdapter):
    """Keeps a request, with its token, with whom it is for."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Send a request and return its answer, as the library does.

        :raises LedAway: the answer leads to another scheme, host or port.
        """
        reply = super().send(request, *args, **kwargs)
        location = reply.headers.get('location')
        if reply.status_code in _REDIRECTS and location:
            try:
                reply.headers['location'] = _followed(request, location)
            except ValueError:
                # Its connection may serve again for another.
                reply.close()
                raise refusals.LedAway(reply.status_code, location) from None
        return reply


def _followed(request: Any, location: str) -> str:
    """Where a redirect leads, as it would be asked.

    :raises ValueError: elsewhere than the request was sent.
    """
    # By the library's own reading: others may see another host in a URL.
    following = request.copy()
    following.prepare_url(urljoin(request.url, location), None)
    if _origin(following.url) != _origin(request.url):
        raise ValueError('elsewhere')
    return str(following.url)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return (parts.scheme, parts.hostname,
            parts.port or _PORTS.get(parts.scheme))

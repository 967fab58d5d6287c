"""How the requests of keystoneauth's sessions are sent.

Every one passes here: those for tokens that the library makes by itself, and
those that it follows.
"""

from typing import Any
from urllib.parse import urljoin, urlsplit

from keystoneauth1 import exceptions as ks
from keystoneauth1 import session as ks_session

from doctor_core import clock
from doctor_core.cloud import bounds, refusals

_REDIRECTS = frozenset({301, 302, 303, 305, 307, 308})
_PORTS = {'http': 80, 'https': 443}
#: Many times as much as a page of a listing has.
_MOST_MIB = 128
_PIECE = 1 << 16
#: Of a name, each has its part of the time to let us in.
_ADDRESSES = 3


class Adapter(ks_session.TCPKeepAliveAdapter):
    """Keeps a request, with its token, with whom it is for, and to its time.

    :param most: so many bytes an answer may have.
    """

    def __init__(self, *args: Any, most: int = _MOST_MIB << 20,
                 **kwargs: Any) -> None:
        self._most = most
        super().__init__(*args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _time(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return _time(super().proxy_manager_for(proxy, **kwargs))

    def send(self, request: Any, *args: Any, timeout: Any = None,
             **kwargs: Any) -> Any:
        """Send a request and return its whole answer.

        :param timeout: seconds for all of it.
        :raises keystoneauth1.exceptions.ConnectionError: the answer takes
            longer, or has no end; not to be asked again at once.
        :raises LedAway: the answer leads to another scheme, host or port.
        """
        deadline = clock.Deadline(timeout)
        place = request.url.partition('?')[0]
        with bounds.by(deadline):
            try:
                # An address that is silent leaves time for another.
                reply = super().send(
                    request, *args, timeout=(timeout / _ADDRESSES, timeout),
                    **kwargs)
                reply._content = _body(reply, self._most)
            except _TooMuch:
                raise ks.ConnectionError(
                    f'{place}: the answer is longer than '
                    f'{self._most >> 20} MiB, and was not read further'
                    ) from None
            except Exception:  # each layer below has its own for a timeout
                if not deadline.passed:
                    raise
                raise ks.ConnectionError(
                    f'{place}: no whole answer within {timeout:g} s'
                    ) from None
        _keep_here(request, reply)
        return reply


class _TooMuch(Exception):  # noqa: N818 - a fact, not a fault of ours
    """An answer is longer than it may be."""


def _time(manager: Any) -> Any:
    """Have a pool manager's connections keep to the deadline."""
    if not hasattr(manager, 'is_timed'):
        manager.pool_classes_by_scheme = bounds.timed(
            manager.pool_classes_by_scheme)
        manager.is_timed = True
    return manager


def _body(reply: Any, most: int) -> bytes:
    """All of an answer's body.

    :raises _TooMuch: that would be more than so many bytes.
    """
    body = bytearray()
    try:
        for piece in reply.iter_content(_PIECE):
            body += piece
            if len(body) > most:
                raise _TooMuch
    except BaseException:
        # Not to be used again: the rest would still come.
        reply.raw.close()
        raise
    return bytes(body)


def _keep_here(request: Any, reply: Any) -> None:
    """Have a redirect followed within where the request was sent only."""
    location = reply.headers.get('location')
    if reply.status_code in _REDIRECTS and location:
        try:
            reply.headers['location'] = _followed(request, location)
        except ValueError:
            raise refusals.LedAway(reply.status_code, location) from None


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

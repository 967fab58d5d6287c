"""A deadline for the whole of an answer.

The HTTP library of keystoneauth knows only how long to wait for the next
piece: an answer that comes a byte at a time would be waited for without an
end, be it the head or the body that does.
"""

import contextvars
import functools
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from doctor_core import clock

#: Of the request that is under way in this thread.
_DEADLINE: contextvars.ContextVar[clock.Deadline | None] = \
    contextvars.ContextVar('deadline', default=None)


@contextmanager
def by(deadline: clock.Deadline) -> Iterator[None]:
    """What is read inside, over connections of :func:`timed` pools, is there
    by then, or a TimeoutError is raised.
    """
    token = _DEADLINE.set(deadline)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def timed(pools: Mapping[str, type]) -> dict[str, type]:
    """Pools, by scheme, of connections that keep to the deadline.

    :param pools: those of urllib3 that are used else.
    """
    return {scheme: _timed_pool(pool) for scheme, pool in pools.items()}


@functools.cache
def _timed_pool(pool: Any) -> type:
    kept = pool.ConnectionCls

    def answer(sock: Any, *args: Any, **kwargs: Any) -> Any:
        return kept.response_class(_Source(sock), *args, **kwargs)

    connection = type(kept.__name__, (kept,),
                      {'response_class': staticmethod(answer)})
    return type(pool.__name__, (pool,), {'ConnectionCls': connection})


class _Source:
    """As much of a socket as http.client reads an answer with."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Timed(self._sock))


class _Timed(io.RawIOBase):
    """The pieces of an answer, each of which has as long as is left."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._pieces = sock.makefile('rb', buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        deadline = _DEADLINE.get()
        if deadline is None:
            return int(self._pieces.readinto(buffer))
        left_s = deadline.left_s()
        if not left_s:
            raise TimeoutError('timed out')
        # The next request over this connection sends with the usual one.
        usual_s = self._sock.gettimeout()
        self._sock.settimeout(left_s)
        try:
            return int(self._pieces.readinto(buffer))
        finally:
            self._sock.settimeout(usual_s)

    def close(self) -> None:
        self._pieces.close()
        super().close()

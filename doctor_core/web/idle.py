"""Connections that are kept for the next request, but not too many."""

from typing import Any

import aiohttp

from doctor_core import descriptors

#: Of all descriptors, one part of so many is for connections of a client
#: that nobody uses just now.
_PARTS = 20
#: More are not kept, however many descriptors there are.
_MOST = 1000


class Connector(aiohttp.TCPConnector):
    """Keeps so many connections that nobody uses; a further one is closed.

    aiohttp itself keeps each for a while: who has told ten thousand places
    would have as many descriptors.

    :param options: those of aiohttp.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._most_idle = descriptors.share(_PARTS, _MOST)

    def _release(self, key: Any, protocol: Any, *,
                 should_close: bool = False) -> None:
        """aiohttp's own: a request does not need its connection any more."""
        idle = sum(map(len, self._conns.values()))
        super()._release(key, protocol, should_close=should_close
                         or idle >= self._most_idle)

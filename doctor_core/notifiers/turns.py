"""Whose turn it is: notices of one server to one consumer keep their order.

A consumer is who listens at a host and a port: an owner may take the loss at
one path and the return at another one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from doctor_core.model import Notice


class Turn:
    """A notice that is under way; all methods on one loop.

    :param event_id: the event that it tells of.
    """

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        self._urged = asyncio.Event()
        self._ended = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        """Wait for so long, or until later news begins to wait for this."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._urged.wait()
        self._urged.clear()

    async def outlast(self) -> None:
        """Wait for its end; what pauses goes on at once."""
        self._urged.set()
        await self._ended.wait()

    def end(self) -> None:
        """Whoever waits for it goes on."""
        self._ended.set()


class Turns:
    """The notices that are under way, by consumer and server."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, str], list[Turn]] = {}

    @contextlib.asynccontextmanager
    async def of(self, action_url: str, notice: Notice
                 ) -> AsyncIterator[Turn]:
        """Wait for what was said before of the same server to the same
        consumer; several notices of one event wait for none of them.
        """
        key = _consumer(action_url), notice.server_id
        turn = Turn(notice.event_id)
        line = self._under_way.setdefault(key, [])
        before = [one for one in line if notice.server_id
                  and one.event_id != turn.event_id]
        line.append(turn)
        try:
            for one in before:
                await one.outlast()
            yield turn
        finally:
            turn.end()
            line.remove(turn)
            if not line:
                del self._under_way[key]


def _consumer(action_url: str) -> str:
    try:
        netloc = urlsplit(action_url).netloc
    except ValueError:
        return action_url
    return netloc.rpartition('@')[2].lower() or action_url

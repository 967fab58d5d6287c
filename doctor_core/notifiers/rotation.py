"""Who begins next: the projects in turns, however much one of them has."""

import asyncio
import collections

#: How many begin in one round of the loop. Those who have begun go on between
#: two rounds, so the first is told long before the last one begins; but each
#: round may have to wait for another thread of a busy process.
_AT_ONCE = 64


class Rotation:
    """Lets those begin who wait, of one project after another; all methods on
    one loop.

    A tenant with a thousand alarms takes as long as a thousand notices take.
    The only one of another tenant begins after one of his, not after all of
    them. Who has begun holds up nobody, so nothing is limited here.
    """

    def __init__(self) -> None:
        self._lines: dict[str, collections.deque[asyncio.Future[None]]] = {}

    async def turn(self, project_id: str) -> None:
        """Wait until something of this project may begin."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        if not self._lines:
            loop.call_soon(self._go_round, loop)
        self._lines.setdefault(project_id, collections.deque()).append(waiter)
        await waiter

    def _go_round(self, loop: asyncio.AbstractEventLoop) -> None:
        for _ in range(_AT_ONCE):
            self._let_one_begin()
            if not self._lines:
                return
        loop.call_soon(self._go_round, loop)

    def _let_one_begin(self) -> None:
        """The first one of the project that has waited longest."""
        project_id = next(iter(self._lines))
        line = self._lines.pop(project_id)
        waiter = line.popleft()
        if line:
            # Behind all others.
            self._lines[project_id] = line
        if not waiter.done():
            waiter.set_result(None)

"""Room for so many at a time, which projects share."""

import asyncio
import contextlib
import heapq
import itertools
import math
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

#: Rank, number of the arrival, and what is done when there is room.
_Waiter: TypeAlias = tuple[Any, int, asyncio.Future[None]]


class Room:
    """Lets so many in at a time; all methods on one loop.

    A project may have as many inside as it leaves free, so that there is room
    for whoever comes next, and nobody has to be put out for that: one alone
    fills half of it, two a third each, ten an eleventh each. Those that come
    while it is fuller than that wait for some to leave, and who has the
    fewest inside is the next one in. A project that has none inside need not
    even wait for that, as long as there is room beyond.

    :param most: how many.
    :param each: more are never of one project.
    :param beyond: how many more there may be, each the only one of its
        project when it came.
    """

    def __init__(self, most: int, *, each: float = math.inf,
                 beyond: float = math.inf) -> None:
        self._most = most
        self._each = each
        self._beyond = beyond
        self._inside = 0
        self._held: dict[str, int] = {}
        self._waiting: dict[str, list[_Waiter]] = {}
        self._numbers = itertools.count()

    async def enter(self, project_id: str, rank: Any = 0) -> None:
        """Return when there is room, which is taken then until
        :meth:`leave`.

        :param rank: who waits with a lower one is let in before others of
            the same project; of one rank, who came first.
        """
        if project_id not in self._waiting and self._may_enter(project_id):
            self._take(project_id)
            return
        waiter: asyncio.Future[None] = \
            asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting.setdefault(project_id, []),
                       (rank, next(self._numbers), waiter))
        self._let_in()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.leave(project_id)
            raise

    @contextlib.asynccontextmanager
    async def slot(self, project_id: str, rank: Any = 0
                   ) -> AsyncIterator[None]:
        """Be inside; as :meth:`enter`."""
        await self.enter(project_id, rank)
        try:
            yield
        finally:
            self.leave(project_id)

    def leave(self, project_id: str) -> None:
        """One of a project goes; whoever waits for that comes in."""
        self._inside -= 1
        self._held[project_id] -= 1
        if not self._held[project_id]:
            del self._held[project_id]
        if self._waiting:
            self._let_in()

    def _may_enter(self, project_id: str) -> bool:
        held = self._held.get(project_id, 0)
        free = self._most - self._inside
        if not held:
            return free > -self._beyond
        return held < min(self._each, free)

    def _take(self, project_id: str) -> None:
        self._inside += 1
        self._held[project_id] = self._held.get(project_id, 0) + 1

    def _let_in(self) -> None:
        """As many as there is room for. Where the project that has the
        fewest inside may have no more, none may.
        """
        while self._waiting:
            project_id = min(self._waiting,
                             key=lambda one: self._held.get(one, 0))
            line = self._waiting[project_id]
            while line and line[0][-1].done():  # it waits no more
                heapq.heappop(line)
            if line and not self._may_enter(project_id):
                return
            # Behind all others that have as many.
            del self._waiting[project_id]
            if line:
                self._take(project_id)
                heapq.heappop(line)[-1].set_result(None)
            if line:
                self._waiting[project_id] = line

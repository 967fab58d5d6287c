"""Slots that are few, of which nobody can have all."""

import collections
import contextlib
from asyncio import Future, get_running_loop
from collections.abc import AsyncIterator


class Shares:
    """Lets so many of each in at a time; all methods on one loop.

    Who has nothing inside is let in although others have taken the common
    slots. When one leaves, whoever waits has his turn after the others.

    :param each: so many of one at the most.
    :param common: from so many of all on, one of each.
    :param most: so many of all at the most.
    """

    def __init__(self, each: int, common: int, most: int) -> None:
        self._each = each
        self._common = common
        self._most = most
        self._inside: collections.Counter[str] = collections.Counter()
        self._lines: dict[str, collections.deque[Future[None]]] = {}

    @contextlib.asynccontextmanager
    async def one(self, who: str) -> AsyncIterator[None]:
        """A slot, as long as one is inside."""
        await self._enter(who)
        try:
            yield
        finally:
            self._leave(who)

    async def _enter(self, who: str) -> None:
        if who not in self._lines and self._may(who):
            self._inside[who] += 1
            return
        waiter: Future[None] = get_running_loop().create_future()
        self._lines.setdefault(who, collections.deque()).append(waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self._leave(who)
            raise

    def _may(self, who: str) -> bool:
        total = self._inside.total()
        return total < self._most and self._inside[who] < (
            self._each if total < self._common else 1)

    def _leave(self, who: str) -> None:
        self._inside[who] -= 1
        if not self._inside[who]:
            del self._inside[who]
        while self._let_one_in():
            pass

    def _let_one_in(self) -> bool:
        """The first of those who may, behind whom the others are then."""
        for who in list(self._lines):
            line = self._lines[who]
            while line and line[0].done():  # nobody waits for it any more
                line.popleft()
            if line and not self._may(who):
                continue
            del self._lines[who]
            if line:
                line.popleft().set_result(None)
                self._inside[who] += 1
                if line:
                    self._lines[who] = line
                return True
        return False

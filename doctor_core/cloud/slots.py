"""How many at a time, the most urgent first."""

import asyncio
import heapq
import itertools


class Slots:
    """A semaphore whose queue is ordered by urgency, then by arrival.

    All methods belong to one and the same loop.

    :param count: how many are let in at a time.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._arrivals = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    async def take(self, rank: int) -> None:
        """Wait for a slot; every one taken has to be given back.

        :param rank: a lower one is let in before a higher one.
        """
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._arrivals), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Give a slot back: to the most urgent who waits, if any."""
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

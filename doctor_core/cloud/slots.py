"""Who of many is sent next, and that no more are than the pace allows."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Generic, TypeVar

from doctor_core import clock
from doctor_core.cloud.pace import Pace, Sample

T = TypeVar('T')

#: The rank of what waits for no slot that others hold, and how many of that
#: are sent beyond the pace: what is not answered must not hold up the mark
#: of a host.
URGENT = 0
_BEYOND = 4


class Line(Generic[T]):
    """A queue: the most urgent first; of those, each host's turn in turn.

    So a host with a thousand corrections holds up none that has three.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, int, T]] = []
        self._arrivals = itertools.count()
        #: By rank and host, the round in which the last of it has its turn.
        self._last: dict[tuple[int, str], int] = {}
        #: By rank, the round that is being served.
        self._rounds: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def first(self) -> int | None:
        """The rank of whose turn it is; None when nobody waits."""
        return self._waiting[0][0] if self._waiting else None

    def push(self, rank: int, host: str, item: T) -> None:
        """Let it wait.

        :param rank: a lower one has its turn before a higher one.
        """
        turn = max(self._last.get((rank, host), 0),
                   self._rounds.get(rank, 0)) + 1
        self._last[rank, host] = turn
        heapq.heappush(self._waiting,
                       (rank, turn, next(self._arrivals), item))

    def pop(self) -> T:
        """Whose turn it is; IndexError when nobody waits."""
        rank, turn, _arrival, item = heapq.heappop(self._waiting)
        self._rounds[rank] = turn
        if not self._waiting:
            self._last.clear()
            self._rounds.clear()
        return item


class Slots:
    """A semaphore whose size is the pace, and whose queue is a line.

    All methods belong to one and the same loop.

    :param pace: how many are let in at a time; this is told of each.
    :param monotonic: seconds, for the pace.
    """

    def __init__(self, pace: Pace,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._pace = pace
        self._monotonic = monotonic
        self._under_way = 0
        self._line: Line[asyncio.Future[None]] = Line()

    async def take(self, rank: int, host: str = '') -> Sample | None:
        """Wait for a slot; every one taken has to be given back.

        :param rank: a lower one is let in before a higher one.
        :param host: whose turn it is; hosts of one rank take turns.
        :returns: what the pace learns from, if it is to be given back with
            what became of it.
        """
        first = self._line.first()
        if self._has_room(rank) and (first is None or rank < first):
            self._under_way += 1
        else:
            await self._wait(rank, host)
        return self._pace.sent(self._under_way, self._monotonic())

    def _has_room(self, rank: int) -> bool:
        beyond = _BEYOND if rank == URGENT else 0
        return self._under_way < self._pace.limit + beyond

    async def _wait(self, rank: int, host: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._line.push(rank, host, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            raise

    def give(self, sample: Sample | None = None, *,
             is_refused: bool | None = None) -> None:
        """Give a slot back: to those whose turn it is, if any wait.

        :param sample: as it was taken with.
        :param is_refused: whether it was too much for the service, or left
            without an answer; None when nothing is to be learned from it.
        """
        if sample is None:
            pass
        elif is_refused is None:
            self._pace.dropped(sample)
        elif is_refused:
            self._pace.refused(sample)
        else:
            self._pace.answered(sample, self._monotonic())
        self._under_way -= 1
        self._let_in()

    def _let_in(self) -> None:
        while (first := self._line.first()) is not None \
                and self._has_room(first):
            turn = self._line.pop()
            if not turn.done():
                self._under_way += 1
                turn.set_result(None)

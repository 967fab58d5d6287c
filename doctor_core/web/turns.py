"""Threads for what blocks, of which each caller gets his turn."""

import asyncio
import collections
import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from doctor_core.web.pools import Pool, PoolFull

T = TypeVar('T')
_Job: TypeAlias = tuple[concurrent.futures.Future[Any], Callable[[], Any]]


class TurnsPool(Pool):
    """A pool whose callers take turns: who has many functions waiting holds
    up his own, and nobody else's.

    :param name: names the threads; for a person, too.
    :param threads: how many functions run at a time.
    :param waiting: how many more may wait for a thread.
    :param each: how many of one caller may run or wait.
    """

    def __init__(self, name: str, *, threads: int = 2, waiting: int = 64,
                 each: int = 8) -> None:
        super().__init__(name, threads=threads, waiting=waiting)
        self._each = each
        # Held while ``_lock`` is taken, never the other way round.
        self._turns = threading.Lock()
        #: By caller, in the order of their turns: what waits.
        self._lines: dict[str, collections.deque[_Job]] = {}
        #: By caller: how many run or wait.
        self._count: collections.Counter[str] = collections.Counter()

    def run_for(self, caller: str, function: Callable[..., T], *args: Any
                ) -> asyncio.Future[T]:
        """Run a function in one of the threads, when it is a caller's turn;
        as :meth:`run`.

        :raises PoolFull: at once; too much waits of this caller, or at all.
        """
        return asyncio.wrap_future(
            self._put(caller, lambda: function(*args)))

    def close(self) -> None:
        """As of any pool."""
        with self._turns:
            waiting = [future for line in self._lines.values()
                       for future, _ in line]
            self._lines.clear()
            self._count.clear()
        for future in waiting:
            future.cancel()
        super().close()

    def _put(self, caller: str, work: Callable[[], T]
             ) -> concurrent.futures.Future[T]:
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        with self._turns:
            if self._count[caller] >= self._each:
                raise PoolFull(f'{self._each} requests of yours wait for '
                               f'{self.name}; try again.')
            # Whoever gets a thread for it does what is next, not this one;
            # and not before it is in the line.
            self._submit(self._do_next)
            self._count[caller] += 1
            self._lines.setdefault(caller, collections.deque()).append(
                (future, work))
        return future

    def _do_next(self) -> None:
        with self._turns:
            if not self._lines:  # closed meanwhile
                return
            caller = next(iter(self._lines))
            line = self._lines.pop(caller)
            future, work = line.popleft()
            if line:
                self._lines[caller] = line  # behind all others
        if not future.set_running_or_notify_cancel():
            self._leave_line(caller)
            return
        try:
            result = work()
        except BaseException as error:  # whoever waits for it gets it
            self._leave_line(caller)
            future.set_exception(error)
        else:
            self._leave_line(caller)
            future.set_result(result)

    def _leave_line(self, caller: str) -> None:
        with self._turns:
            self._count[caller] -= 1
            if self._count[caller] <= 0:
                del self._count[caller]

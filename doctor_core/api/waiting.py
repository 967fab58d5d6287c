"""What became of reports, for those who wait to hear it."""

import asyncio
import collections
import contextlib
import threading
from typing import Generic, TypeVar

T = TypeVar('T')

_REMEMBERED = 1000
_WAITING = 1000


class Outcomes(Generic[T]):
    """The latest outcomes by the report's id.

    :param remembered: how many are kept.
    :param waiting: how many may wait at a time; further ones do not.
    """

    def __init__(self, remembered: int = _REMEMBERED,
                 waiting: int = _WAITING) -> None:
        self._remembered = remembered
        self._most_waiting = waiting
        self._lock = threading.Lock()
        self._outcomes: collections.OrderedDict[str, T] = \
            collections.OrderedDict()
        self._waiting: dict[asyncio.Future[T | None], str] = {}
        self._closed = False

    def put(self, report_id: str, outcome: T) -> None:
        """Remember what became of a report, and wake who waits for it.

        Called from any thread; never blocks.
        """
        with self._lock:
            self._outcomes[report_id] = outcome
            self._outcomes.move_to_end(report_id)
            while len(self._outcomes) > self._remembered:
                self._outcomes.popitem(last=False)
            woken = [future for future, waited_for in self._waiting.items()
                     if waited_for == report_id]
        _wake(woken, outcome)

    async def wait(self, report_id: str, timeout_s: float) -> T | None:
        """What became of a report; None when that is not known in time.

        Ends at once when too many wait, or the process ends. May be called
        from any loop.
        """
        future: asyncio.Future[T | None] = \
            asyncio.get_running_loop().create_future()
        with self._lock:
            if report_id in self._outcomes:
                return self._outcomes[report_id]
            if self._closed or len(self._waiting) >= self._most_waiting:
                return None
            self._waiting[future] = report_id
        try:
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            return None
        finally:
            with self._lock:
                del self._waiting[future]

    def close(self) -> None:
        """End all waiting, now and from now on; from any thread."""
        with self._lock:
            self._closed = True
            woken = list(self._waiting)
        _wake(woken, None)


def _wake(futures: list[asyncio.Future[T | None]], outcome: T | None
          ) -> None:
    for future in futures:
        # Its loop may just have ended.
        with contextlib.suppress(RuntimeError):
            future.get_loop().call_soon_threadsafe(_set, future, outcome)


def _set(future: asyncio.Future[T | None], outcome: T | None) -> None:
    if not future.done():
        future.set_result(outcome)

"""Time: the only module that reads a clock or sleeps.

Stamps are seconds since the epoch (``now``); timers use the monotonic clock
(``monotonic``), which no administrator sets back.
"""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from doctor_core.exceptions import DeadlineExceeded

T = TypeVar('T')


class Clock(Protocol):
    """What code that waits or stamps is given, so that tests need not wait."""

    def now(self) -> float:
        """The time in seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for so many seconds."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


SYSTEM: Clock = SystemClock()


def now() -> float:
    """The time in seconds since the epoch."""
    return SYSTEM.now()


def monotonic() -> float:
    """Seconds on a clock that never goes back."""
    return SYSTEM.monotonic()


def sleep(seconds: float) -> None:
    """Block the calling thread for so many seconds."""
    SYSTEM.sleep(seconds)


class Deadline:
    """A moment by which something has to be done.

    :param seconds: how far away it is, in seconds.
    :param clock: whose time counts.
    """

    def __init__(self, seconds: float, clock: Clock = SYSTEM) -> None:
        self.seconds = seconds
        self.clock = clock
        self._at = clock.monotonic() + seconds

    def left_s(self) -> float:
        """Seconds until it; never negative."""
        return max(0.0, self._at - self.clock.monotonic())

    @property
    def passed(self) -> bool:
        return self.left_s() <= 0


def wait_for(predicate: Callable[[], T], deadline: Deadline, *, what: str,
                interval_s: float = 0.05) -> T:
    """Look again and again until there is something to see.

    :param predicate: called at least once; its first true answer ends it.
    :param deadline: when to give up.
    :param what: what is awaited, for the error's text.
    :param interval_s: seconds between two looks.
    :returns: the predicate's first true answer.
    :raises DeadlineExceeded: it never was true.
    """
    while True:
        answer = predicate()
        if answer:
            return answer
        left_s = deadline.left_s()
        if not left_s:
            raise DeadlineExceeded(what, deadline.seconds)
        deadline.clock.sleep(min(interval_s, left_s))

"""Time: the only module that reads a clock or sleeps.

Stamps are seconds since the epoch (``now``); timers use the monotonic clock
(``monotonic``), which no administrator sets back.
"""

import functools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

from doctor_core.exceptions import BackendError, DeadlineExceeded

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


@functools.cache
def boot_id() -> str:
    """Names the run of this machine: times of the monotonic clock with the
    same one can be compared, those of another process included.
    """
    try:
        return Path('/proc/sys/kernel/random/boot_id').read_text(
            encoding='ascii').strip()
    except (OSError, ValueError):
        # Then nobody else's can be.
        return uuid.uuid4().hex


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

    def restart(self) -> None:
        """It is as far away as at first."""
        self._at = self.clock.monotonic() + self.seconds

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


class Attempt:
    """One of several attempts; swallows a BackendError, and keeps it.

    :ivar error: why the attempt failed; None when it did not.
    """

    def __init__(self) -> None:
        self.error: BackendError | None = None

    def __enter__(self) -> 'Attempt':
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 _traceback: TracebackType | None) -> bool:
        if isinstance(error, BackendError):
            self.error = error
        return self.error is not None


class Pauses:
    """Pauses of which each is twice the one before.

    :param last_s: none is longer.
    :ivar first_s: the first one, in seconds.
    """

    def __init__(self, *, first_s: float, last_s: float) -> None:
        self.first_s = self._next_s = first_s
        self._last_s = last_s

    def next_s(self) -> float:
        """The next one, in seconds."""
        pause_s = self._next_s
        self._next_s = min(2 * pause_s, self._last_s)
        return pause_s

    def reset(self) -> None:
        """Begin with the first one again."""
        self._next_s = self.first_s


class Backoff:
    """Attempts with growing pauses, until one succeeds or all is to end::

        for attempt in Backoff(first_s=1, last_s=30, stop=stopping,
                               failed=lambda error, pause_s: ...):
            with attempt:
                return ask()

    :param first_s: seconds between the first two attempts; each pause is
        twice the one before.
    :param last_s: no pause is longer.
    :param stop: set when nobody is to try any more, a pause included.
    :param failed: told of each failure, and how long the pause after it is.
    """

    def __init__(self, *, first_s: float, last_s: float,
                 stop: threading.Event,
                 failed: Callable[[BackendError, float], None]) -> None:
        self._pauses = Pauses(first_s=first_s, last_s=last_s)
        self._stop = stop
        self._failed = failed

    def __iter__(self) -> Iterator[Attempt]:
        self._pauses.reset()
        while not self._stop.is_set():
            attempt = Attempt()
            yield attempt
            if attempt.error is None:
                return
            pause_s = self._pauses.next_s()
            self._failed(attempt.error, pause_s)
            self._stop.wait(pause_s)

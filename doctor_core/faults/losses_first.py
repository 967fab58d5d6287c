"""Work that waits while losses are about to be decided."""

import threading
from collections.abc import Callable

from doctor_core import clock

#: Nothing waits longer than that, however many are announced; nor when none
#: of them was done for so long: what was announced may never come.
LONGEST_S, STUCK_S = 10.0, 1.0
#: Nor when none of those that were decided for so long called for anything: a
#: sender that repeats itself, or that names hosts of others, is no failure.
IDLE_S = 0.3
#: Losses that come so soon after each other are of one failure, and of such a
#: failure another may come so soon after the last was decided.
TOGETHER_S, QUIET_S = 0.1, 0.03


class LossesFirst:
    """Lets work begin, but while losses are announced and not decided yet.

    When a rack fails, its hosts' losses come together; to decide one and to
    tell its owners takes some milliseconds, and to work off what it calls for
    takes ten times as long, on the same processor. Each method may be called
    from any thread.

    :param monotonic: the time, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = clock.monotonic
                 ) -> None:
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._announced = 0
        #: Whether the latest came soon after another.
        self._are_together = False
        self._announced_at = self._moved_at = self._open_at = float('-inf')
        #: When one called for something, or the first of those announced came.
        self._counted_at = float('-inf')

    def announce(self) -> None:
        """A loss has come, and is to be decided; never blocks."""
        with self._changed:
            now = self._monotonic()
            if now - self._moved_at > STUCK_S:
                self._announced = 0
            if not self._announced:
                self._counted_at = now
            self._are_together = now - self._announced_at <= TOGETHER_S
            self._announced += 1
            self._announced_at = self._moved_at = now

    def decided(self, *, counts: bool = True) -> None:
        """A loss was decided; never blocks.

        :param counts: whether it calls for anything, as one that is known
            already does not, nor one of a host that nobody knows.
        """
        with self._changed:
            now = self._moved_at = self._monotonic()
            self._announced = max(0, self._announced - 1)
            if counts:
                self._counted_at = now
                if self._are_together:
                    self._open_at = now + QUIET_S
            self._changed.notify_all()

    def wait(self) -> None:
        """Return when work may begin; blocks for ten seconds at the most."""
        last_at = self._monotonic() + LONGEST_S
        with self._changed:
            while (wait_s := self._left_s(last_at)) > 0:
                self._changed.wait(wait_s)

    def _left_s(self, last_at: float) -> float:
        """For how long it is, if none is announced or decided meanwhile."""
        open_at = min(self._moved_at + STUCK_S, self._counted_at + IDLE_S) \
            if self._announced else self._open_at
        return min(last_at, open_at) - self._monotonic()

"""How far another machine's clock is from this one's."""

import dataclasses

from doctor_core.clock import SYSTEM, Clock
from doctor_core.exceptions import BackendError
from doctor_core.runner.base import Runner

_ROUNDS = 8
_ROUND_S = 10.0


@dataclasses.dataclass(frozen=True)
class ClockOffset:
    """Where a clock stands.

    :ivar ahead_s: how far it is ahead of this machine's; negative: behind.
    :ivar uncertainty_s: how wrong that can be at most.
    """

    ahead_s: float
    uncertainty_s: float

    def here(self, at: float) -> float:
        """A stamp of that clock, by this machine's."""
        return at - self.ahead_s


def measure(runner: Runner, *, rounds: int = _ROUNDS,
            clock: Clock = SYSTEM) -> ClockOffset:
    """Ask a machine for its time, several times; blocks.

    As NTP does: the clock was read between question and answer, and the
    quickest answer says the most. Half of the time that it took is the
    uncertainty.

    :raises BackendError: it does not answer, or not with a time.
    """
    runner.execute(['true'])  # connects
    best: ClockOffset | None = None
    for _round in range(rounds):
        asked, began = clock.now(), clock.monotonic()
        done = runner.execute(['date', '+%s.%N'], timeout_s=_ROUND_S)
        took_s = clock.monotonic() - began
        try:
            there = float(done.output)
        except ValueError:
            said = (done.output + done.errors).decode(errors='replace')
            raise BackendError('The clock of the machine cannot be read: '
                               f'{said.strip()}') from None
        found = ClockOffset(there - (asked + took_s / 2), took_s / 2)
        if best is None or found.uncertainty_s < best.uncertainty_s:
            best = found
    assert best is not None
    return best

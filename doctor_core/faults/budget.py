"""Held hosts that go through by themselves, so many a minute."""

from collections.abc import Callable, Sequence

from doctor_core.faults import mass_failure
from doctor_core.faults.mass_failure import Down, Limits


class Budget:
    """Counts those that went through; for one thread at a time.

    :param limits: how many in a minute; asked anew each time.
    :param monotonic: the time, in seconds, since this machine was booted.
    """

    def __init__(self, limits: Callable[[], Limits],
                 monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        # What a process before this one let through is not known.
        self._gone_through = [monotonic()] * limits().budget

    def spend(self, held: Sequence[Down]) -> list[str]:
        """The hosts whose turn it is by now; they are counted."""
        now = self._monotonic()
        self._gone_through = [
            at for at in self._gone_through
            if at + mass_failure.MINUTE_S > now]
        through = []
        for turn in mass_failure.turns(self._limits(), held,
                                       self._gone_through, now):
            if turn.at > now:
                break
            through.append(turn.host)
        self._gone_through += [now] * len(through)
        return through

    def left_s(self, held: Sequence[Down]) -> dict[str, float]:
        """In how many seconds the turn of each host comes; those that have
        to wait for an operator are missing.
        """
        now = self._monotonic()
        return {turn.host: turn.at - now for turn in mass_failure.turns(
            self._limits(), held, self._gone_through, now)}

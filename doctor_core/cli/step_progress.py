"""Steps of a scenario for the operator, and how far a long one is."""

import sys
from typing import TextIO

from doctor_core import clock

#: Seconds that a step may take before anybody wants to know.
_PATIENCE_S = 2.0


class StepProgress:
    """Prints each step as it begins, and counts within those that take long.

    :param out: where steps go.
    :param counts: where counts go: stderr when None.
    :param timing: whose time counts.
    """

    def __init__(self, out: TextIO, counts: TextIO | None = None,
                 timing: clock.Clock = clock.SYSTEM) -> None:
        self._out = out
        self._counts = counts or sys.stderr
        self._clock = timing
        self._next = timing.monotonic() + _PATIENCE_S

    def __call__(self, line: str) -> None:
        """Begin a step."""
        print(f'- {line}', file=self._out, flush=True)
        self._next = self._clock.monotonic() + _PATIENCE_S

    def so_far(self, what: str, done: int, of: int) -> None:
        """Count within the present step, every 2 s at the most."""
        if self._clock.monotonic() < self._next:
            return
        self._next = self._clock.monotonic() + _PATIENCE_S
        print(f'  {done} of {of} {what}', file=self._counts, flush=True)

"""The inspector that corrects Nova and Neutron itself."""

from collections.abc import Callable, Sequence

from doctor_core.inspectors import base
from doctor_core.model import Correction, StateChange


class SampleInspector(base.Inspector):
    """Asks Nova and Neutron for all corrections at the same time."""

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        return self.cloud.correct(corrections, done)

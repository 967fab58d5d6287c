"""The inspector that corrects Nova and Neutron itself."""

from collections.abc import Callable, Sequence

from doctor_core.inspectors import base
from doctor_core.model import Action, Correction, StateChange


class SampleInspector(base.Inspector):
    """Asks Nova and Neutron for all corrections at the same time."""

    def urgent(self, corrections: Sequence[Correction]) -> list[Correction]:
        """The mark of the host: one request, that the scheduler and every
        owner wait for. Among a hundred others it is answered with the last.
        """
        return [correction for correction in corrections
                if correction.action is Action.FORCE_DOWN]

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        return self.cloud.correct(corrections, done)

"""An inspector for trials: it decides, and changes nothing."""

import logging
from collections.abc import Callable, Sequence

from doctor_core import clock
from doctor_core.inspectors import base
from doctor_core.model import Correction, StateChange

LOG = logging.getLogger(__name__)


class FakeInspector(base.Inspector):
    """Logs what it would correct, and leaves the cloud as it is."""

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        changes = []
        for correction in corrections:
            LOG.info('Would mark %s of %s on %s as %s, which was %s',
                     correction.action, correction.target_id,
                     correction.host, correction.mark,
                     correction.before or 'not known')
            change = StateChange(correction, clock.now())
            done(change)
            changes.append(change)
        return changes

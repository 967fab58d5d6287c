"""That ``[inspector] hold`` is set: somebody may have forgotten it."""

import logging
from collections.abc import Callable, Sequence

from doctor_core.store import FaultRecord
from doctor_core.wording import counted, few

LOG = logging.getLogger(__name__)

_NAMED = 3
#: The reason of faults that are held because it is set.
HELD_BY_OPTION = 'held: [inspector] hold is set'
#: How often the log says that it is set.
_REMIND_S = 3600.0


class HoldOption:
    """Says so in the log; for one thread at a time.

    :param is_set: whether it is.
    :param held: the faults that are held because it was set.
    :param monotonic: the time, in seconds.
    """

    def __init__(self, is_set: Callable[[], bool],
                 held: Callable[[], Sequence[FaultRecord]],
                 monotonic: Callable[[], float]) -> None:
        self._is_set = is_set
        self._held = held
        self._monotonic = monotonic
        #: What it was when it was last looked at.
        self._was_set = is_set()
        self._reminded_at = float('-inf')

    def note(self) -> None:
        """Say that an operator has set it, once more each hour that it is,
        and that it was set back.
        """
        is_set = self._is_set()
        if is_set != self._was_set:
            self._was_set = is_set
            self.remind()
            if not is_set:
                LOG.warning('[inspector] hold is not set any more: new '
                            'faults are acted on')
        elif is_set and self._monotonic() - self._reminded_at >= _REMIND_S:
            self.remind()

    def remind(self) -> None:
        """Say that it is set, or what is held since it was."""
        held = self._held()
        if self._is_set():
            self._reminded_at = self._monotonic()
            LOG.warning('[inspector] hold is set: the owners are told of new '
                        'faults, and nothing is corrected before "doctor '
                        'faults confirm". Held so: %s',
                        counted(len(held), 'fault'))
        elif held:
            LOG.warning('Still held, since [inspector] hold was set: %s: '
                        '%s. If the hosts are dead: "doctor faults confirm"',
                        counted(len(held), 'fault'),
                        few([record.hostname for record in held], _NAMED))

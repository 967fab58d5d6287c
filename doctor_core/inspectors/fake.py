"""An inspector for trials: it decides, and changes nothing."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import ClassVar

from doctor_core import clock
from doctor_core.cloud import Cloud
from doctor_core.inspectors import base
from doctor_core.model import Action, Correction, Mark, StateChange
from doctor_core.plugins import Options

LOG = logging.getLogger(__name__)

_WHY = '[inspector] type = fake changes nothing'

#: What was there before, in the words of the API, where that is nothing.
_NOTHING = {Action.DATA_PLANE_STATUS: 'null'}


class FakeInspector(base.Inspector):
    """Logs what it would correct, and leaves the cloud as it is."""

    changes_nothing: ClassVar[bool] = True

    def __init__(self, options: Options, cloud: Cloud) -> None:
        super().__init__(options, cloud)
        self._lock = threading.Lock()
        #: What was said of each host, for it is asked again and again.
        self._said: dict[str, set[tuple[Action, str, Mark]]] = {}

    def start(self) -> None:
        """Say that nothing is changed, before anybody believes it is."""
        LOG.warning('%s in Nova and Neutron. What faults call for stays owed '
                    'until an inspector of another type is started', _WHY)

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        changes = []
        for correction in corrections:
            self._say(correction)
            made = 'made' if correction.mark is Mark.LOST else 'taken back'
            change = StateChange(correction, clock.now(),
                                 f'not {made}: {_WHY}')
            done(change)
            changes.append(change)
        return changes

    def release(self, host: str) -> None:
        with self._lock:
            self._said.pop(host, None)

    def _say(self, one: Correction) -> None:
        said = *one.key, one.mark
        with self._lock:
            of_host = self._said.setdefault(one.host, set())
            is_new = said not in of_host
            of_host.add(said)
        if is_new:
            LOG.info('Would mark %s of %s on %s as %s (before: %s)',
                     one.action, one.target_id, one.host, one.mark,
                     one.before or _NOTHING.get(one.action, 'not known'))

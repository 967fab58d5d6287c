"""What the log says of faults that are gone on with: no line twice."""

import enum
import logging
import threading
from collections.abc import Callable

from doctor_core.store import FaultRecord

LOG = logging.getLogger(__name__)

#: After so many seconds it is said again that a fault is as it was.
_AGAIN_S = 600.0


class Standing(enum.Enum):
    """How a fault stands after a round.

    :cvar WELL: nothing failed.
    :cvar UNTOLD: somebody was not told.
    :cvar TROUBLE: something failed, and will be tried again.
    :cvar LEFT: the same, by another process.
    """

    WELL = enum.auto()
    UNTOLD = enum.auto()
    TROUBLE = enum.auto()
    LEFT = enum.auto()


class Journal:
    """Writes how faults are; each method from any thread.

    A host that is back may wait for nova-compute for days, and is looked at
    each second.

    :param monotonic: the time, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        #: By fault, what was said last and when.
        self._said: dict[str, tuple[tuple[object, ...], float]] = {}

    def write(self, record: FaultRecord, note: str, standing: Standing
              ) -> None:
        """Say how a fault is, if that is new, or was said long ago."""
        if not self._is_new(record.id, (record.state, note, standing)):
            return
        if standing is Standing.LEFT:
            LOG.warning('Fault %s of host %s is left for the next start: %s',
                        record.id, record.hostname, note)
        elif standing is Standing.WELL:
            LOG.info('Fault %s of host %s is %s%s', record.id,
                     record.hostname, record.state, note and f': {note}')
        elif standing is Standing.UNTOLD:
            # Each delivery that was given up is an error of its own.
            LOG.warning('Fault %s of host %s: %s', record.id,
                        record.hostname, note)
        else:
            LOG.error('Fault %s of host %s: %s; it will be tried again',
                      record.id, record.hostname, note)

    def _is_new(self, fault_id: str, words: tuple[object, ...]) -> bool:
        now = self._monotonic()
        with self._lock:
            said, at = self._said.get(fault_id, ((), 0.0))
            if said == words and now < at + _AGAIN_S:
                return False
            self._said[fault_id] = words, now
        return True

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        with self._lock:
            self._said.pop(fault_id, None)

"""What owners are told while Nova has not answered since the start."""

import logging
import threading

from doctor_core.exceptions import StoreError
from doctor_core.faults.losing import Losing
from doctor_core.faults.returning import Returning
from doctor_core.faults.under_way import UnderWay
from doctor_core.model.states import DOWN, FaultState
from doctor_core.periodic import Periodic
from doctor_core.store import FaultRecord, Store

LOG = logging.getLogger(__name__)

_ROUND_S = 2.0


class Meanwhile:
    """Tells the owners to whom the store says that it is owed: that needs
    neither Nova nor a look at it. Nothing is corrected.

    Each method may be called from any thread, and blocks for no longer than
    the store.

    :param under_way: who is being told.
    :param stopping: set when the process ends.
    """

    def __init__(self, store: Store, losing: Losing, returning: Returning,
                 under_way: UnderWay, stopping: threading.Event) -> None:
        self._store = store
        self._losing = losing
        self._returning = returning
        self._under_way = under_way
        self._stopping = stopping
        self._lock = threading.Lock()
        self._is_over = False
        self._loop: Periodic | None = None

    def start(self) -> None:
        """Tell from now on, and try those again who are not reached."""
        with self._lock:
            if self._loop is None and not self._is_over:
                self._loop = Periodic('faults-meanwhile', self.tell,
                                      _ROUND_S, at_once=True)
                self._loop.start()

    def stop(self) -> None:
        """Others do the rest, or nobody; may be called again, or early."""
        with self._lock:
            self._is_over = True
            if self._loop is not None:
                self._loop.stop()

    def tell(self) -> None:
        """One round of it; public for whoever has a loop of his own."""
        for record in self._store.faults.in_states(
                FaultState.HANDLING, FaultState.HELD, FaultState.CLEARING):
            if not self._stopping.is_set():
                self._tell(record)
        self._under_way.explain()

    def _tell(self, record: FaultRecord) -> None:
        try:
            if record.state in DOWN:
                self._losing.tell_known(record)
            else:
                self._returning.tell_known(record)
        except StoreError as error:
            # The store has said so.
            LOG.debug('Fault %s: %s', record.id, error)
        except Exception:  # the others are told all the same
            LOG.exception('The owners of host %s are not told',
                          record.hostname)

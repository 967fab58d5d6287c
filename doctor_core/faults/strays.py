"""Servers that had left a lost host, unheard, before they were set to error.

Nobody else takes that back: on its new host such a server runs, and the lost
one may never come back.
"""

import logging
import threading
from collections.abc import Collection, Iterable

from doctor_core.cloud import calls
from doctor_core.exceptions import BackendError
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.correcting import Correcting
from doctor_core.faults.telling import Teller
from doctor_core.model import (
    Action,
    Correction,
    News,
    Server,
    StateChange,
    Telling,
)
from doctor_core.model.states import DOWN, CorrectionState, FaultState
from doctor_core.store import FaultRecord, Store
from doctor_core.wording import by_reason, counted

#: Of a server that Doctor has set to error; asked, when another fault has
#: taken that over.
_STANDING = (CorrectionState.ASKED, CorrectionState.DONE,
             CorrectionState.UNDO_OWED)

LOG = logging.getLogger(__name__)


class Strays:
    """Finds them by the look at the host that follows a correction.

    A later look would not do: a server whose evacuation failed is in error
    on another host, too. Each method may be called from any thread, for one
    host by one at a time.

    :param hears_nova: whether owners hear of Nova's own notifications.
    """

    def __init__(self, affected: AffectedMap, correcting: Correcting,
                 teller: Teller, store: Store, *, hears_nova: bool) -> None:
        self._affected = affected
        self._correcting = correcting
        self._teller = teller
        self._store = store
        self._hears_nova = hears_nova
        self._lock = threading.Lock()
        #: By fault, the servers that nobody has looked for since.
        self._unseen: dict[str, set[str]] = {}
        #: Faults that a former process was at, and had perhaps not looked.
        self._resumed = {record.id for record in store.faults.in_states(
            FaultState.HANDLING)}

    def corrected(self, fault_id: str, changes: Iterable[StateChange]
                  ) -> None:
        """These were tried; the look at the host comes next."""
        with self._lock:
            self._unseen.setdefault(fault_id, set()).update(
                change.correction.target_id for change in changes
                if change.done
                and change.correction.action is Action.RESET_STATE)

    def passed_on(self, fault_id: str, later_id: str) -> None:
        """A later fault has taken over what was not undone."""
        with self._lock:
            self._unseen[later_id] = self._unseen.pop(fault_id, set())

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        with self._lock:
            self._unseen.pop(fault_id, None)

    def unseen(self, fault_id: str) -> frozenset[str]:
        """The servers that nobody has looked for since they were set to
        error.
        """
        with self._lock:
            return frozenset(self._unseen.get(fault_id, ()))

    def give_back(self, record: FaultRecord,
                  unknown: Collection[str] = ()) -> list[str]:
        """Give those their state back that the look did not find; blocks on
        Nova if there are any.

        :param unknown: those of which it could not say where they are: they
            wait for the next one.
        :returns: what failed, and will be tried again.
        """
        # Not under the lock: who has the store may be about to take it. All
        # is to be undone of a host that is back.
        left_over = self._left_over(record.id) if record.state in DOWN \
            else set()
        with self._lock:
            unseen = self._unseen.pop(record.id, set()) | left_over
            self._resumed.discard(record.id)
        self._keep_unseen(record.id, unseen.intersection(unknown))
        missed = unseen.difference(unknown) - {
            server.id for server
            in self._affected.of(record.hostname).servers}
        if not missed:
            return []
        if self._correcting.changes_nothing:
            self._keep_unseen(record.id, missed)
            return ['servers that have left are not looked for: [inspector] '
                    'type changes nothing']
        trouble = []
        try:
            found, failed = self._affected.find(missed)
            # Of those that Nova cannot see nobody knows, yet.
            missed = missed - found.keys() | self._undo(record, {
                name: server for name, server in found.items()
                if server is not None and server.host != record.hostname
                and self._is_stray(server)})
            if missed:
                trouble = ['in error still, although it left, or may have: '
                           f'{counted(len(missed), "server")}',
                           *by_reason(failed.items())]
        except BackendError as error:
            trouble = [f'cannot ask for servers that have left: {error}']
        if trouble:
            self._keep_unseen(record.id, missed)
        return trouble

    def _keep_unseen(self, fault_id: str, server_ids: Iterable[str]) -> None:
        with self._lock:
            self._unseen.setdefault(fault_id, set()).update(server_ids)

    def _left_over(self, fault_id: str) -> set[str]:
        """The servers that a former process had set to error and not looked
        for, or not given their state back.
        """
        states = [CorrectionState.UNDO_OWED]
        if fault_id in self._resumed:
            states.append(CorrectionState.DONE)
        return {one.correction.target_id for one in
                self._store.corrections.of(fault_id, *states)
                if one.correction.action is Action.RESET_STATE}

    def tell(self, record: FaultRecord) -> None:
        """Tell their owners, once they have heard of the loss."""
        owed = self._store.tellings.owed(record.id)
        waiting = self._teller.unheard(record.id)
        self._teller.tell(record.id, record.hostname, [
            one for one in owed if one.news is News.BACK
            and one.server.id not in waiting])

    def _is_stray(self, server: Server) -> bool:
        """Whether it is in error on a host that works, and nobody is at it.
        """
        return server.host != '' and server.state == calls.ERROR \
            and not server.task_state \
            and self._store.faults.open_of(server.host) is None

    def _undo(self, record: FaultRecord, strays: dict[str, Server]
              ) -> set[str]:
        """Give them their state back; which of them failed."""
        ours = [one.correction for one in self._store.corrections.of(
            record.id, *_STANDING)
            if one.correction.action is Action.RESET_STATE
            and one.correction.target_id in strays]
        if not ours:
            return set()
        LOG.warning('%s had left host %s when set to error: the state before '
                    'is given back', counted(len(ours), 'server'),
                    record.hostname)
        self._store.corrections.move(
            record.id, CorrectionState.UNDO_OWED, ours,
            old=(CorrectionState.ASKED, CorrectionState.DONE))

        def owe(changes: Iterable[StateChange]) -> None:
            for change in changes:
                if change.done:
                    self._owe(record, change.correction,
                              strays[change.correction.target_id])

        changes = self._correcting.undo(record.id, ours, settled=owe)
        return {change.correction.target_id for change in changes
                if not change.done and not change.is_final}

    def _owe(self, record: FaultRecord, given_back: Correction,
             server: Server) -> None:
        telling = Telling(server, News.BACK, calls.value_of(given_back), {
            'verified': 'false', 'old_state': calls.ERROR,
            'reason': f'it is on host {server.host}'})
        self._store.tellings.owe(record.id, [telling])
        if self._hears_nova:
            self._teller.told_by_nova(record.id, [telling])

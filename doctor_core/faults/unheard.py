"""Owners of servers that had left a lost host, or were deleted, unheard.

They are not told of a loss that is none of theirs; who was told already
hears where the server is. So does, after the loss, whose server was evacuated
since the fault began, and before anybody was told.
"""

import threading
from collections.abc import Collection, Mapping

from doctor_core.cloud import calls
from doctor_core.exceptions import BackendError
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.last_words import LastWords
from doctor_core.faults.telling import Teller
from doctor_core.model import News, Server, Telling
from doctor_core.model.states import DOWN, FaultState, TellingState
from doctor_core.store import FaultRecord, Store, TellingRecord
from doctor_core.wire import times
from doctor_core.wording import by_reason, counted

#: How the task_state begins of a server that is being evacuated.
_EVACUATING = 'rebuild'
#: Two clocks that are kept right differ by so much.
_SKEW_S = 1.0


class Unheard:
    """Finds them by the first look at the host after their servers came to
    light; who leaves later was lost, and Nova says what became of them.

    Each method may be called from any thread, for one host by one at a time.

    :param last_words: who waits for such a look.
    """

    def __init__(self, affected: AffectedMap, teller: Teller, store: Store,
                 last_words: LastWords) -> None:
        self._affected = affected
        self._teller = teller
        self._store = store
        self._last_words = last_words
        self._lock = threading.Lock()
        #: Faults that a former process was at, and had perhaps told of.
        self._resumed = {record.id for record
                         in store.faults.in_states(*sorted(DOWN))}
        #: By fault, the servers of which a look has said where they are.
        self._placed = {
            record.id: {server.id for server
                        in store.tellings.servers(record.id)}
            for record in store.faults.in_states(FaultState.HANDLED)}

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        with self._lock:
            self._placed.pop(fault_id, None)

    def placed(self, fault_id: str) -> frozenset[str]:
        """The servers of which a look has said where they are."""
        with self._lock:
            return frozenset(self._placed.get(fault_id, ()))

    def settle(self, record: FaultRecord,
               unknown: Collection[str] = ()) -> list[str]:
        """See to their owners, after a look that has found all of a host;
        blocks on Nova if there are any.

        :param unknown: the servers of which it could not say where they are:
            they wait for the next one.
        :returns: what failed, and will be tried again.
        """
        here = {server.id for server
                in self._affected.of(record.hostname).servers
                if server.id not in unknown}
        with self._lock:
            placed = self._placed.setdefault(record.id, set())
            placed |= here
        missed = self._missed(record, placed.union(unknown))
        if not missed:
            self._last_words.placed(record, placed)
            return []
        try:
            found, failed = self._affected.find(missed)
        except BackendError as error:
            return [f'cannot ask for servers that have left: {error}']
        with self._store.together():
            now = self._store.faults.find(record.id)
            if now is not None and now.state in DOWN:
                # As it is by now: an owner may have heard meanwhile.
                missed = self._missed(record, placed.union(unknown))
                for server_id, server in found.items():
                    if server_id in missed:
                        self._settle(record, missed[server_id], server)
        with self._lock:
            # Not |=, which would make another set.
            placed.update(found)
        self._last_words.placed(record, placed)
        trouble = [f'cannot ask for a server that may have left: {line}'
                   for line in by_reason(failed.items())]
        unseen = len(missed) - len(found) - len(failed)
        if unseen:
            trouble.append(f'Nova cannot see {counted(unseen, "server")} '
                           'that may have left the host')
        return trouble

    def _missed(self, record: FaultRecord, placed: set[str]
                ) -> Mapping[str, TellingRecord]:
        """By server, what is told of losses that may be none."""
        records = self._store.tellings.of(record.id)
        answered = {one.telling.server.id for one in records
                    if one.telling.news is not News.LOST}
        known = placed | answered - self._last_words.of(record)
        return {one.telling.server.id: one for one in records
                if one.telling.news is News.LOST
                and one.state is not TellingState.WAIVED
                and one.telling.server.id not in known}

    def _settle(self, record: FaultRecord, lost: TellingRecord,
                server: Server | None) -> None:
        if server is not None and server.host == record.hostname:
            return
        where = 'the server is gone' if server is None \
            else f'it is on host {server.host}' if server.host \
            else 'it is on no host'
        # Who has heard of a former loss need not hear of this one, too.
        heard_before = lost.telling.server.id in self._last_words.of(record)
        if not self._may_have_heard(record, lost) \
                and (heard_before or not _was_lost(record, server)):
            self._teller.waive(record.id, [lost.telling], where)
        elif server is not None and self._is_well(server):
            self._store.tellings.owe(record.id, [Telling(
                server, News.BACK, server.state, {
                    'verified': 'false', 'old_state': lost.telling.shown,
                    'reason': where})])

    def _may_have_heard(self, record: FaultRecord, lost: TellingRecord
                        ) -> bool:
        """Whether somebody was, or is being, told of a loss, as far as can be
        said.
        """
        if lost.state is not TellingState.OWED or lost.reason:
            return True
        if lost.telling.server.id in self._last_words.of(record):
            return False
        return record.id in self._resumed or not \
            self._teller.under_way.others(record.id, [lost.telling])

    def _is_well(self, server: Server) -> bool:
        """Whether nobody is at it: an evacuation is Nova's to tell of, and
        another loss that fault's.
        """
        return server.state != calls.ERROR and not server.task_state \
            and self._store.faults.open_of(server.host) is None


def _was_lost(record: FaultRecord, server: Server | None) -> bool:
    """Whether a server was on the host when its fault began, and was
    evacuated since: Nova launches it anew then, by a clock of its own.
    """
    if server is None or not server.host:
        return False
    if server.task_state.startswith(_EVACUATING):
        return True
    try:
        launched_at = times.utc(server.launched_at)
    except ValueError:
        return False
    return launched_at >= min(record.detected_at,
                              record.received_at) - _SKEW_S

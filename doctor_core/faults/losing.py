"""A host that is lost: its owners are told, the cloud is corrected."""

import concurrent.futures
import logging
import threading
from collections.abc import Callable, Collection, Mapping

from doctor_core.alarms.base import AlarmManager
from doctor_core.exceptions import BackendError
from doctor_core.faults import bad_news, evacuated, plan
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.again import Again
from doctor_core.faults.correcting import Correcting
from doctor_core.faults.guarded import Complaints
from doctor_core.faults.last_words import LastWords
from doctor_core.faults.settings import Settings
from doctor_core.faults.strays import Strays
from doctor_core.faults.telling import Teller
from doctor_core.faults.unheard import Unheard
from doctor_core.model import (
    Action,
    Correction,
    StateChange,
    Telling,
)
from doctor_core.model.states import DOWN, CorrectionState, FaultState
from doctor_core.store import FaultRecord, Store
from doctor_core.wording import by_reason, counted

LOG = logging.getLogger(__name__)

#: How often in a row servers may come to light while others are dealt with.
_ROUNDS = 10


class Losing:
    """Works off what is owed because of a lost host.

    Each method may be called from any thread, for one host by one at a time.

    :param strays: the servers that had left before they were corrected.
    :param last_words: who waits for a look.
    :param again: what is asked for once more.
    """

    def __init__(self, settings: Callable[[], Settings],
                 affected: AffectedMap, correcting: Correcting,
                 teller: Teller, alarms: AlarmManager, store: Store,
                 strays: Strays, last_words: LastWords, again: Again,
                 stopping: threading.Event) -> None:
        self._settings = settings
        self._affected = affected
        self._correcting = correcting
        self._teller = teller
        self._alarms = alarms
        self._store = store
        self._stopping = stopping
        self._strays = strays
        self._last_words = last_words
        self._again = again
        self._unheard = Unheard(affected, teller, store, last_words)
        self._complaints = Complaints()
        #: Faults of which Nova has not said what else is on the host.
        self.unlooked: set[str] = set()
        self._lock = threading.Lock()
        #: By fault, of how many servers somebody was told first, before
        #: anything was corrected.
        self._told_first: dict[str, int] = {}

    def tell_first(self, record: FaultRecord) -> None:
        """Tell the owners who need not wait for Nova; never blocks for long.
        """
        # Held: Nova will not know for long, so nobody waits for it.
        if record.state not in DOWN or not (
                self._settings().tells_first
                or record.state is FaultState.HELD):
            return
        told = self._teller.tell(record.id, record.hostname,
                                 self._to_tell(record))
        with self._lock:
            self._told_first[record.id] = told \
                + self._told_first.get(record.id, 0)

    def tell_known(self, record: FaultRecord) -> None:
        """Tell the owners of servers, too, that Nova has set to error before;
        never blocks for long.
        """
        self.tell_first(record)
        made = {one.correction.target_id for one in
                self._store.corrections.of(record.id, CorrectionState.DONE)}
        self._teller.tell(record.id, record.hostname, [
            one for one in self._to_tell(record) if one.server.id in made])

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        self.unlooked.discard(fault_id)
        self._unheard.forget(fault_id)
        self._again.forget(fault_id)
        self._strays.forget(fault_id)
        self._last_words.forget(fault_id)
        with self._lock:
            self._told_first.pop(fault_id, None)

    def passed_on(self, fault_id: str, later_id: str) -> None:
        """A later fault has what was not undone, and nothing else yet."""
        self._again.delayed(later_id)
        self._strays.passed_on(fault_id, later_id)

    def pursue(self, record: FaultRecord
               ) -> tuple[list[StateChange], list[str]]:
        """Correct, and tell who was not told first; then see what was
        missed.

        :returns: the outcomes of corrections, and what failed beside them.
        """
        self.unlooked.add(record.id)
        changes: list[StateChange] = []
        trouble: list[str] = []
        for _ in range(_ROUNDS):
            self.tell_first(record)
            made = self._work_off(record, {
                change.correction.key for change in changes})
            changes += made
            self._strays.corrected(record.id, made)
            self._again.tried(record.id, [
                one.correction for one in made if not one.done])
            waiting = self._again.waiting(record.id)
            more, trouble = self._look(record)
            # Settled before owners hear whether it is corrected.
            owed = {one.key for one in self._owed(record.id, {
                change.correction.key for change in changes})}
            if record.state is FaultState.HELD:
                owed.clear()
            if not (more or owed & waiting) or not self._is_down(record.id):
                break
        # Whom no correction has told of: it failed, or was not needed.
        self._teller.tell(record.id, record.hostname,
                          self._to_tell(record))
        self._strays.tell(record)
        return changes, trouble

    def _work_off(self, record: FaultRecord,
                  tried: Collection[tuple[Action, str]]
                  ) -> list[StateChange]:
        """Make corrections, but for those that were tried."""
        with self._lock:
            told = self._told_first.pop(record.id, 0)
        if record.state is FaultState.HELD:
            self._again.delayed(record.id)
            return []
        if self._settings().tells_first:
            return self._after_head_start(record, tried, told)
        return self._correcting.make(record.id, self._owed(record.id, tried),
                                     self._telling_after(record))

    def _owed(self, fault_id: str, tried: Collection[tuple[Action, str]]
              ) -> list[Correction]:
        """What is owed now, was not tried yet and waits for no look."""
        owed = [one for one in evacuated.called_for(
            self._store, self._affected, fault_id) if one.key not in tried]
        waiting = self._again.waiting(fault_id)
        return [one for one in owed if one.key not in waiting]

    def _after_head_start(self, record: FaultRecord,
                          tried: Collection[tuple[Action, str]],
                          told: int) -> list[StateChange]:
        """Correct; servers later than the host, where those who tell their
        owners must not be disturbed. What is owed is looked up again after
        that: a server may have left, or the host may be back.
        """
        wait_s = self._head_start_s(told) if told else 0.0
        owed = self._owed(record.id, tried)
        urgent = [one for one in owed if one.action is Action.FORCE_DOWN]
        if not wait_s:
            return self._correcting.make(record.id, owed)
        with concurrent.futures.ThreadPoolExecutor(1, 'urgent') as pool:
            marking = pool.submit(self._correcting.make, record.id, urgent)
            self._stopping.wait(wait_s)
            changes = self._correcting.make(
                record.id, self._owed(record.id, {
                    *tried, *(one.key for one in urgent)}))
            return marking.result() + changes

    def _head_start_s(self, told: int) -> float:
        try:
            return float(self._alarms.head_start_s(told))
        except Exception as error:  # a plugin may raise what it likes
            self._complaints.why(self._alarms, 'head_start_s()', error)
            return 0.0

    def _to_tell(self, record: FaultRecord) -> list[Telling]:
        takes_servers = self._affected.of(record.hostname).takes_servers
        waiting = self._last_words.of(record)
        return [one for one in bad_news.owed(
            self._store, record.id, sets_nothing=takes_servers is None
            or self._correcting.changes_nothing,
            placed=self._unheard.placed(record.id))
            if one.server.id not in waiting]

    def _telling_after(self, record: FaultRecord
                       ) -> Callable[[StateChange], None]:
        """Tells an owner when Nova has the new state of their server."""
        by_server = {one.server.id: one
                     for one in self._to_tell(record)}

        def done(change: StateChange) -> None:
            telling = by_server.get(change.correction.target_id)
            if telling is None or not change.done \
                    or change.correction.action is not Action.RESET_STATE:
                return
            if self._alarms.hears_nova:
                self._teller.told_by_nova(record.id, [telling])
            else:
                self._teller.tell(record.id, record.hostname, [telling])
        return done

    def _look(self, record: FaultRecord) -> tuple[bool, list[str]]:
        """Take in what the map did not know of yet.

        :returns: whether there was anything, and what is in the way.
        """
        try:
            found = self._affected.ask(record.hostname)
        except BackendError as error:
            return self.owe(record.id, self._affected.of(record.hostname)), [
                f'cannot ask what else is on the host: {error}']
        trouble = _in_the_way(found)
        if not trouble:
            self.unlooked.discard(record.id)
        if not found.is_partial:
            trouble += self._strays.give_back(record, found.unknown)
            trouble += self._unheard.settle(record, found.unknown)
            trouble += self._again.looked(record.id, found.unknown)
        return self.owe(record.id, found, was_asked=True), trouble

    def owe(self, fault_id: str, found: plan.Affected, *,
            was_asked: bool = False) -> bool:
        """Owe what a fault calls for and is not known of yet; nothing if its
        host is back by now.

        :param was_asked: whether Nova has just said what is on the host.
        :returns: whether there was anything.
        """
        with self._store.together():
            # Nova may have been asked for long.
            record = self._store.faults.find(fault_id)
            return record is not None and record.state in DOWN \
                and self._owe(fault_id, found, with_servers=was_asked
                              or record.state is FaultState.HANDLED
                              or self._settings().hears_states)

    def _owe(self, fault_id: str, found: plan.Affected, *,
             with_servers: bool) -> bool:
        """As :meth:`owe`.

        :param with_servers: whether their states are set, too: one that is
            changed on old knowledge could not be given back.
        """
        known = {record.correction.key for record
                 in self._store.corrections.of(fault_id)}
        told = {server.id for server
                in self._store.tellings.servers(fault_id)}
        corrections = [
            one for one in plan.corrections(
                found, ports=self._settings().with_ports)
            if one.key not in known
            and (with_servers or one.action is Action.FORCE_DOWN)]
        tellings = [one for one in plan.tellings(
            found, sure=self._rests_on(fault_id))
            if one.server.id not in told]
        if tellings:
            LOG.warning('Host %s: %s more than was known of', found.host,
                        counted(len(tellings), 'server'))
        self._store.corrections.owe(fault_id, corrections)
        self._store.tellings.owe(fault_id, tellings)
        return bool(corrections or tellings)

    def _rests_on(self, fault_id: str) -> dict[str, str]:
        record = self._store.faults.find(fault_id)
        return plan.rests_on(
            self._store.evidence.kinds([fault_id])[fault_id],
            is_path_suspected=record is not None
            and record.is_path_suspected)

    def _is_down(self, fault_id: str) -> bool:
        record = self._store.faults.find(fault_id)
        return record is not None and record.state in DOWN

    def is_finished(self, fault_id: str) -> bool:
        """Whether nothing of a lost host is owed any more."""
        return fault_id not in self.unlooked \
            and self.is_corrected(fault_id) \
            and not self._store.tellings.owed(fault_id)

    def is_corrected(self, fault_id: str) -> bool:
        """Whether no correction is owed any more."""
        return not self._store.corrections.of(
            fault_id, CorrectionState.OWED, CorrectionState.ASKED)


def not_told(unknown: Mapping[str, str]) -> list[str]:
    """Of what nobody says how it is: a line for each reason."""
    return [f'not known yet of {line}' for line in by_reason(
        unknown.items())]


def _in_the_way(found: plan.Affected) -> list[str]:
    """Why more has to be asked about a host; empty when all is known."""
    if found.is_partial:
        return ['Nova cannot see the cell of the host: what was known of its '
                'servers is acted on, the rest when the cell is back']
    trouble = not_told(found.unknown)
    if found.no_ports:
        trouble.append(found.no_ports)
    if found.takes_servers is None:
        trouble.append(
            'Nova does not tell what hypervisors its hosts have: servers are '
            'set to error when it does')
    return trouble

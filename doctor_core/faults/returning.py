"""A host that is back: what Doctor did is undone, and the owners hear of it.
"""

import dataclasses
from collections.abc import Callable, Sequence

from doctor_core import clock
from doctor_core.exceptions import BackendError
from doctor_core.faults import bad_news, undoing
from doctor_core.faults.absences import NotSettled
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.correcting import Correcting
from doctor_core.faults.good_news import GoodNews
from doctor_core.faults.guarded import GuardedInspector
from doctor_core.faults.guests import GuestsOf
from doctor_core.faults.last_words import LastWords
from doctor_core.faults.losing import not_told
from doctor_core.faults.restarted import Restarted
from doctor_core.faults.settings import Settings
from doctor_core.faults.strays import Strays
from doctor_core.faults.telling import Teller
from doctor_core.faults.witnesses import (
    DECIDED,
    HEARTBEAT,
    OPERATOR,
    Witnesses,
)
from doctor_core.model import (
    Action,
    ComputeService,
    Correction,
    StateChange,
    Telling,
)
from doctor_core.model.states import CorrectionState
from doctor_core.store import FaultRecord, Store
from doctor_core.wording import by_reason, few, said

#: While servers and ports are set back.
_AT_WORK = 'its servers and ports are being set back'


@dataclasses.dataclass
class Progress:
    """How far a return is.

    :ivar trouble: what failed, and will be tried again.
    :ivar unknown: the servers and ports of which nobody tells how they are,
        and why: they wait, and the others go on.
    :ivar waiting: what is waited for; empty for nothing.
    :ivar for_witness: whether that is somebody who has seen the host, and
        perhaps never comes.
    """

    changes: list[StateChange] = dataclasses.field(default_factory=list)
    trouble: list[str] = dataclasses.field(default_factory=list)
    unknown: list[str] = dataclasses.field(default_factory=list)
    waiting: str = ''
    for_witness: bool = False

    def await_witness(self, what: str) -> None:
        """Nothing more can be done before somebody has seen the host."""
        self.waiting, self.for_witness = what, True


class Returning:
    """Works off what is owed because a host is back.

    Each method may be called from any thread, for one host by one at a time.

    :param monotonic: the time, in seconds, since this machine was booted.
    :param now: the time, in seconds since the epoch.
    """

    def __init__(self, settings: Callable[[], Settings],
                 affected: AffectedMap, inspector: GuardedInspector,
                 correcting: Correcting, teller: Teller, hears_nova: bool,
                 store: Store, strays: Strays, last_words: LastWords,
                 monotonic: Callable[[], float] = clock.monotonic,
                 now: Callable[[], float] = clock.now) -> None:
        self._affected = affected
        self._inspector = inspector
        self._correcting = correcting
        self._teller = teller
        self._news = GoodNews(teller, store, hears_nova=hears_nova)
        self._store = store
        self._strays = strays
        self._last_words = last_words
        self._restarted = Restarted(settings, correcting, teller, store,
                                    monotonic)
        self._witnesses = Witnesses(settings, store, monotonic)
        self._guests = GuestsOf(affected, store, monotonic, now)

    def lost(self, fault_id: str) -> None:
        """A fault was raised now, and is in the store."""
        self._guests.lost(fault_id)

    def pursue(self, record: FaultRecord) -> Progress:
        """Do what can be done by now; blocks on the cloud."""
        progress = Progress()
        self._witnesses.await_for(record.id)
        self.tell_known(record)
        try:
            self._advance(record, progress)
        except NotSettled as error:
            progress.waiting = said(error)
        except BackendError as error:
            progress.trouble.append(f'cannot ask what to undo: {said(error)}')
        progress.trouble += progress.unknown
        return progress

    def tell_known(self, record: FaultRecord) -> None:
        """Tell the owners what is owed to them by now; never blocks for
        long.
        """
        waiting = self._last_words.of(record)
        self._teller.tell(record.id, record.hostname, [
            *(one for one in bad_news.owed(
                self._store, record.id, sets_nothing=True)
              if one.server.id not in waiting),
            *self._restarted.sayable(record.id)])

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        self._witnesses.forget(fault_id)
        self._guests.forget(fault_id)
        self._restarted.forget(fault_id)

    def _advance(self, record: FaultRecord, progress: Progress) -> None:
        undo = [one.correction for one in self._store.corrections.of(
            record.id, CorrectionState.UNDO_OWED)]
        marks = [one for one in undo if one.action is Action.FORCE_DOWN]
        lost = self._news.unanswered(record.id)
        others = [one for one in undo if one not in marks]
        if marks or others or lost:
            service = self._service(record)
            witness = self._witnesses.of(record, service)
            if marks and not self._lift(record, marks, witness, service,
                                        progress):
                return
            if (others or lost) and not self._restore(
                    record, others, lost, witness, progress):
                return
            if witness == HEARTBEAT and not record.witness:
                # For who asks later; before, others may be better ones.
                self._store.faults.describe(record.id, witness=witness)
        progress.waiting = self._restarted.pursue(
            record, self._affected.ask_back)
        if progress.waiting or progress.unknown:
            return
        if not self._store.corrections.of(record.id):
            # Nothing of it was ever to be done, by anybody.
            return
        try:
            self._inspector.release(record.hostname)
        except BackendError as error:
            progress.trouble.append(
                f'cannot let go of the host: {said(error)}')

    # The mark of the host.

    def _lift(self, record: FaultRecord, marks: Sequence[Correction],
              witness: str, service: ComputeService | None,
              progress: Progress) -> bool:
        """Take the mark of the host back; whether that is done."""
        if service is None:
            self._leave(record.id, marks, 'Nova has no compute service of '
                        'the host any more')
            return True
        ids = {one.id for one in service.all()}
        former = [one for one in marks if '' not in ids
                  and one.target_id not in ids]
        if former:
            # It was made anew, and the mark went with the old one.
            self._leave(record.id, former,
                        f'the service has the id {service.id} now')
            marks = [one for one in marks if one not in former]
        if not marks:
            return True
        if not witness:
            progress.await_witness(
                'somebody says that the host is back; waiting for '
                'nova-compute to report to Nova, or for "doctor faults clear '
                f'{record.hostname}"')
            return False
        changes = self._correcting.undo(record.id, marks)
        progress.changes += changes
        self._witnesses.restart(record.id, self._service(record))
        progress.trouble += failures(changes)
        return not progress.trouble

    def _service(self, record: FaultRecord) -> ComputeService | None:
        """Nova's record of the host; an operator's word goes for a cloud
        without any, too.
        """
        return self._affected.service(
            record.hostname, none_counts=record.witness == OPERATOR)

    def _leave(self, fault_id: str, corrections: Sequence[Correction],
               reason: str) -> None:
        self._store.corrections.move(
            fault_id, CorrectionState.LEFT, corrections, at=clock.now(),
            reason=reason)

    # The servers and their ports.

    def _restore(self, record: FaultRecord, others: Sequence[Correction],
                 lost: Sequence[Telling], witness: str,
                 progress: Progress) -> bool:
        """Set servers and ports back, and tell; whether all is done, but for
        those of which nobody tells how they are.
        """
        if witness not in DECIDED:
            service = self._service(record)
            if service is None:
                self._leave(record.id, others, 'Nova has no compute service '
                            'of the host any more')
                others = ()
            elif not self._witnesses.is_working(record.id, service):
                progress.await_witness(
                    'waiting for nova-compute to report'
                    + (' once more' if witness == HEARTBEAT else ''))
                return False
        if record.note:
            # What it waited for is there, and others may take long.
            self._store.faults.describe(record.id, note=_AT_WORK)
        what = self._guests.of(record)
        returned = self._affected.ask_back(
            record.hostname, {one.server.id for one in lost}
            | {one.server_id or one.target_id for one in others},
            {one.target_id for one in others
             if one.action is Action.DATA_PLANE_STATUS})
        if returned.found.is_partial:
            progress.waiting = 'Nova cannot see the cell of the host'
            return False
        progress.unknown += not_told(returned.unknown)
        self._place(record, [one for one in lost if one.server.id
                             not in returned.unknown], returned)
        progress.trouble += self._strays.give_back(record, returned.unknown)
        others = _askable(others, returned, progress)

        def answer() -> bool:
            return self._news.answer(
                record, [one for one in self._news.unanswered(record.id)
                         if one.server.id not in returned.unknown],
                returned, what, self._undone(record))

        self._undo(record, others, returned, progress, answer)
        untold = answer()
        if progress.trouble or progress.waiting:
            return False
        if untold:
            progress.waiting = 'owners are still being told of the loss'
            return False
        return True

    def _place(self, record: FaultRecord, lost: Sequence[Telling],
               returned: undoing.Returned) -> None:
        """Who waited for a look at their server hears nothing of a loss that
        it had left before.
        """
        waiting = self._last_words.of(record)
        for one in lost:
            if one.server.id in waiting \
                    and undoing.here_now(one.server.id, returned) is None:
                self._teller.waive(record.id, [one], undoing.why_gone(
                    one.server.id, returned))
        self._last_words.placed(record, [one.server.id for one in lost])

    def _undo(self, record: FaultRecord, others: Sequence[Correction],
              returned: undoing.Returned, progress: Progress,
              answer: Callable[[], object]) -> None:
        """Take back what is Doctor's.

        :param answer: tells the owners for whom that is done.
        """
        # What is in error elsewhere, and Doctor's, is tried again.
        strays = self._strays.unseen(record.id)
        by_reason = undoing.by_reason(
            [one for one in others if one.target_id not in strays], returned)
        ours = by_reason.pop('')
        busy = undoing.busy(ours, returned)
        if busy:
            progress.waiting = few(
                [f'server {name}: {why}' for name, why in busy.items()], 3)
            ours = [one for one in ours if one.target_id not in busy]
        for reason, left in by_reason.items():
            self._leave(record.id, left, reason)
        changes = self._correcting.undo(record.id, ours, meanwhile=answer)
        progress.changes += changes
        progress.trouble += failures(changes)

    def _undone(self, record: FaultRecord) -> frozenset[str]:
        """The servers whose state was set back."""
        return frozenset(
            one.correction.target_id for one in self._store.corrections.of(
                record.id, CorrectionState.UNDONE)
            if one.correction.action is Action.RESET_STATE)


def _askable(others: Sequence[Correction], returned: undoing.Returned,
             progress: Progress) -> list[Correction]:
    """Without those of ports, as long as Neutron does not tell of them: they
    wait, and no server waits for them; and without what is not known.
    """
    ports = [one for one in others if returned.found.no_ports
             and one.action is Action.DATA_PLANE_STATUS]
    if ports:
        progress.trouble.append(returned.found.no_ports)
    return [one for one in others if one not in ports
            and one.target_id not in returned.unknown]


def failures(changes: Sequence[StateChange]) -> list[str]:
    """What of these failed, and will be tried again: a line for each reason.
    """
    return by_reason(
        (f'{change.correction.action} of {change.correction.target_id}',
         change.error) for change in changes
        if not change.done and not change.is_final)

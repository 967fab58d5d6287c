"""Correcting the cloud: works off what the store says is to be set right.

A host may come back while it is being marked down, and be lost again while
that is undone. Whoever reads what is owed does so before; what is sent is
decided here, by a move in the store, a moment before it is sent:

* A correction is sent if it is ``asked`` after the move from ``owed`` to
  ``asked``. If the return was faster, it is ``waived``, and not sent.
* If the return is later, it finds the correction ``asked``, and makes it
  ``undo-owed``: it may have been made, or may be made any moment. Its answer
  does not move it any more.
* What is taken back is sent if it is ``undo-owed``. If the host was lost
  again before, it is ``passed-on``, and not sent. If it is lost later, the
  later fault has it as ``asked``, and asks for it once more.

So what is sent last has to be what was decided last. For that the two are
never under way together: whoever asks holds the lock of the host until all
is answered (:mod:`doctor_core.faults.pursuit`), and an undo waits for it.
The same lock makes a later fault's corrections wait for an undo.
"""

import functools
import logging
from collections.abc import Callable, Iterable, Sequence

from doctor_core import clock
from doctor_core.cloud import Cloud, calls
from doctor_core.exceptions import BackendError
from doctor_core.faults import plan, undoing
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.guarded import GuardedInspector
from doctor_core.faults.slices import in_slices
from doctor_core.faults.unanswered import Unanswered
from doctor_core.model import (
    Action,
    Checkpoint,
    ComputeService,
    Correction,
    Mark,
    Stage,
    StateChange,
)
from doctor_core.model.states import DOWN, CorrectionState, FaultState
from doctor_core.store import Store
from doctor_core.wording import by_reason

LOG = logging.getLogger(__name__)

_STAGES = {Action.FORCE_DOWN: Stage.HOST_DOWN,
           Action.RESET_STATE: Stage.SERVER_ERROR,
           Action.DATA_PLANE_STATUS: Stage.PORTS_DOWN}

#: How the reason begins for which something is never taken back.
_REFUSED = 'refused for good: '

Done = Callable[[StateChange], None]


class Correcting:
    """Has corrections made and unmade, and remembers of each what became of
    it; what Doctor has changed, its map knows at once.

    Each method may be called from any thread, and blocks on the cloud.

    :param cloud: what is asked to start servers: that is no correction of
        the picture, and no plugin's business.
    :param checkpoint: takes the stamps; never blocks.
    :param monotonic: the time, in seconds.
    :ivar unanswered: what is being asked for.
    """

    def __init__(self, inspector: GuardedInspector, cloud: Cloud,
                 affected: AffectedMap, store: Store,
                 checkpoint: Callable[[Checkpoint], None],
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._inspector = inspector
        self._cloud = cloud
        self._affected = affected
        self._store = store
        self._checkpoint = checkpoint
        self.unanswered = Unanswered(monotonic)

    @property
    def changes_nothing(self) -> bool:
        """Whether the inspector leaves the cloud as it is: what is owed stays
        so, for one that does not.
        """
        return self._inspector.changes_nothing

    def make(self, fault_id: str, corrections: Sequence[Correction],
             done: Done = lambda change: None) -> list[StateChange]:
        """Have those of these made that are called for still.

        :param done: called with each as soon as it has its outcome, from
            any thread; must not block.
        :returns: all outcomes; none when the process ends.
        """
        # What is not going to be sent was not asked for. Not an error: who
        # was told has to be remembered all the same.
        if not corrections or self._inspector.has_ended():
            return []
        kept = self._store.corrections
        # Before anybody is asked: what was asked for may have been done,
        # even if the answer never reaches us.
        corrections = sorted(corrections, key=calls.rank)
        unsure = frozenset[tuple[Action, str]]()
        if not self.changes_nothing:
            with self._store.together():
                # Held meanwhile: others fell silent with it.
                record = self._store.faults.find(fault_id)
                if record is not None and record.state is FaultState.HELD:
                    return []
                corrections, unsure = kept.ask(fault_id, corrections)
        if not corrections:
            return []

        changes = self._ask(fault_id, corrections, done)
        self._affected.changed(changes)
        kept.settle(fault_id, CorrectionState.DONE,
                    undoing.doubted(changes, unsure))
        self._look_for_services(fault_id, changes)
        return changes

    def undo(self, fault_id: str, corrections: Sequence[Correction],
             settled: Callable[[Sequence[StateChange]], object] =
             lambda changes: None,
             meanwhile: Callable[[], object] = lambda: None
             ) -> list[StateChange]:
        """Have those of these taken back that are to be still; as
        :meth:`make`.

        :param settled: keeps what follows of some outcomes, in the
            transaction that keeps these.
        :param meanwhile: called when some outcomes were kept; others may
            take long.
        :returns: all outcomes.
        """
        corrections = self._store.corrections.still(
            fault_id, CorrectionState.UNDO_OWED, corrections)
        if not corrections:
            return []

        back = [one.back() for one in corrections]
        changes: dict[tuple[Action, str], StateChange] = {}
        for some in in_slices(functools.partial(self._ask, fault_id, back)):
            self._affected.changed(some)
            with self._store.together():
                self._store.corrections.settle(
                    fault_id, CorrectionState.UNDONE,
                    [undoing.remarked(change) for change in some],
                    final=CorrectionState.LEFT, prefix=_REFUSED)
                settled(some)
            changes |= {change.correction.key: change for change in some}
            meanwhile()
        self._look_for_services(fault_id, changes.values())
        return list(changes.values())

    def _ask(self, fault_id: str, corrections: Sequence[Correction],
             done: Done) -> list[StateChange]:
        with self.unanswered.asking(fault_id, corrections[0].host,
                                    len(corrections)) as answered:
            def noted(change: StateChange) -> None:
                answered()
                self._note(fault_id, change)
                done(change)

            return self._inspector.correct(corrections, noted)

    def refused(self, fault_id: str) -> list[str]:
        """What can never be made, or never be taken back: a line for each
        reason.
        """
        given_up, left = [], []
        for record in self._store.corrections.of(
                fault_id, CorrectionState.GIVEN_UP, CorrectionState.IN_DOUBT,
                CorrectionState.LEFT):
            one = record.correction
            what = f'{one.action} of {one.target_id}', record.reason
            if record.state is not CorrectionState.LEFT:
                given_up.append(what)
            elif record.reason.startswith(_REFUSED) \
                    or record.reason.endswith(undoing.BY_HAND):
                left.append(what)
        return [*(f'given up: {line}' for line in by_reason(given_up)),
                *(f'not taken back: {line}' for line in by_reason(left))]

    def start(self, fault_id: str, host: str,
              server_ids: Iterable[str]) -> frozenset[str]:
        """Have servers started whose guests ended; each is asked for until
        Nova has taken it.

        :returns: those for which it has.
        :raises BackendError: the process ends.
        """
        self._inspector.check_ended()
        kept = self._store.corrections
        starts = [Correction(Action.START, server_id, host, Mark.BACK,
                             server_id=server_id)
                  for server_id in server_ids]
        with self._store.together():
            record = self._store.faults.find(fault_id)
            if record is not None and record.state is FaultState.CLEARING:
                kept.owe(fault_id, starts)
            owed, unsure = ([], frozenset[tuple[Action, str]]()) \
                if self.changes_nothing else kept.ask(fault_id, starts)
        if owed:
            changes = self._cloud.correct(
                owed, lambda change: self._note(fault_id, change))
            kept.settle(fault_id, CorrectionState.DONE,
                        undoing.doubted(changes, unsure))
        return frozenset(
            record.correction.target_id for record in kept.of(
                fault_id, CorrectionState.DONE)
            if record.correction.action is Action.START)

    def end_starts(self, fault_id: str) -> None:
        """No server is to be started any more: what was not taken is not
        asked for again.
        """
        for state, new in ((CorrectionState.OWED, CorrectionState.WAIVED),
                           (CorrectionState.ASKED, CorrectionState.LEFT)):
            self._store.corrections.move(
                fault_id, new, [
                    record.correction for record in
                    self._store.corrections.of(fault_id, state)
                    if record.correction.action is Action.START],
                old=(state,), at=clock.now(),
                reason='the server is left as Nova shows it')

    def _look_for_services(self, fault_id: str,
                           changes: Iterable[StateChange]) -> None:
        """See what there is of compute services of which the marking, or its
        undoing, failed: one that was made anew has another id.
        """
        for change in changes:
            one = change.correction
            if change.done or one.action is not Action.FORCE_DOWN:
                continue
            try:
                service = self._affected.service(one.host)
            except BackendError as error:
                LOG.debug('%s', error)
                continue
            if one.mark is Mark.LOST:
                self._mark_another(fault_id, one, service)
            else:
                self._leave_mark(fault_id, one, service)

    def _mark_another(self, fault_id: str, one: Correction,
                      service: ComputeService | None) -> None:
        """A service that is gone is given up, and its heir marked."""
        why = _why_another(one, service)
        if not why:
            return
        with self._store.together():
            for old, new in (
                    (CorrectionState.ASKED, CorrectionState.IN_DOUBT),
                    (CorrectionState.OWED, CorrectionState.GIVEN_UP)):
                self._store.corrections.move(fault_id, new, [one],
                                             old=(old,), reason=why)
            record = self._store.faults.find(fault_id)
            is_down = record is not None and record.state in DOWN
            if is_down:
                self._store.corrections.owe(fault_id, plan.marks(service))

    def _leave_mark(self, fault_id: str, one: Correction,
                    service: ComputeService | None) -> None:
        """What is not marked any more has nothing to be taken back."""
        why = _why_another(one, service)
        if why:
            self._store.corrections.move(
                fault_id, CorrectionState.LEFT, [one], at=clock.now(),
                reason=why)
        elif service is not None and any(
                its.id == one.target_id and not its.forced_down
                and its.state in ('up', 'down') for its in service.all()):
            self._store.corrections.move(
                fault_id, CorrectionState.UNDONE, [one], at=clock.now(),
                reason='Nova does not show it as marked down')

    def _note(self, fault_id: str, change: StateChange) -> None:
        """Log and stamp an outcome."""
        one = change.correction
        lost = one.mark is Mark.LOST
        if self.changes_nothing and not change.done:
            # That is no failure, and the inspector says it once.
            return
        if not change.done:
            LOG.error('Host %s: %s of %s %s: %s', one.host, one.action,
                      one.target_id, 'is given up' if change.is_final
                      else 'failed', change.error)
            return
        if one.action is Action.FORCE_DOWN:
            LOG.info('doctor mark host(%s) %s at %.6f', one.host,
                     'down' if lost else 'up', change.at)
        elif one.action is Action.RESET_STATE:
            LOG.info('doctor mark vm(%s) %s at %.6f', one.target_id,
                     'error' if lost else 'active', change.at)
        stage = _STAGES.get(one.action)
        if lost and stage is not None:
            self._checkpoint(Checkpoint(
                stage, change.at, one.host,
                one.target_id if stage is Stage.SERVER_ERROR
                else one.server_id, fault_id))


def _why_another(one: Correction, service: ComputeService | None) -> str:
    """Why the service of a mark is none any more; empty when it is one."""
    if service is None:
        return 'Nova has no compute service of the host any more'
    return '' if {its.id for its in service.all()} & {'', one.target_id} \
        else f'the service has the id {service.id} now'

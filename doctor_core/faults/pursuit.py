"""What is owed because of one fault, worked off as far as it can be now."""

import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

from doctor_core import clock
from doctor_core.exceptions import InvalidTransition, StoreError
from doctor_core.faults import evacuated
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.answer import Answer
from doctor_core.faults.confirmation import Confirmation
from doctor_core.faults.correcting import Correcting
from doctor_core.faults.journal import Journal, Standing
from doctor_core.faults.losing import Losing
from doctor_core.faults.losses_first import LossesFirst
from doctor_core.faults.returning import Progress, Returning, failures
from doctor_core.faults.silence import Silence
from doctor_core.faults.telling import Teller
from doctor_core.model.states import DOWN, CorrectionState, FaultState
from doctor_core.store import FaultRecord, Store
from doctor_core.wording import few

LOG = logging.getLogger(__name__)

#: How many failures a note names.
_NAMED = 3
_UNFINISHED = (CorrectionState.OWED, CorrectionState.ASKED,
               CorrectionState.UNDO_OWED)


class Pursuit:
    """Told, corrected, looked at again; or undone, step by step.

    Each method may be called from any thread; one host is pursued by one
    thread at a time, and by none while nothing but slow owners is waited
    for. Whoever is at a host may wait for a Nova that hangs: so
    owners who are told first are told before it is the thread's turn.

    :param stopping: set when the process ends.
    :param losses_first: waited for before anything begins.
    :param monotonic: the time, in seconds.
    """

    def __init__(self, store: Store, affected: AffectedMap, losing: Losing,
                 returning: Returning, correcting: Correcting,
                 teller: Teller, confirmation: Confirmation,
                 silence: Silence, stopping: threading.Event,
                 losses_first: LossesFirst,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._store = store
        self._affected = affected
        self._losing = losing
        self._returning = returning
        self._correcting = correcting
        self._teller = teller
        self._under_way = teller.under_way
        self._confirmation = confirmation
        self._stopping = stopping
        self._losses_first = losses_first
        self._silence = silence
        self._journal = Journal(monotonic)
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._pursued: set[str] = set()
        #: Returns that are through but for owners who are being told.
        self._told_last: set[str] = set()

    def pursue(self, fault_id: str) -> Answer:
        """Do what a fault calls for; blocks until it is done and the owners
        were told, or until what is left has to wait.
        """
        return self.begin(fault_id).result()

    def begin(self, fault_id: str) -> 'Future[Answer]':
        """As :meth:`pursue`, but waits for nobody who is being told; blocks
        as long as Nova does.

        :returns: the answer, once they were told: what is called back must
            not block.
        """
        self._losses_first.wait()
        record = self._find(fault_id)
        self._pursued.add(fault_id)
        try:
            self._losing.tell_first(record)
        except BaseException:
            self._pursued.discard(fault_id)
            raise
        return self._begin(record)

    def tell_first(self, host: str) -> None:
        """Tell the owners who need not wait for Nova, nor for a thread that
        has time; never blocks for long. What fails is left for
        :meth:`begin`.
        """
        try:
            record = self._store.faults.open_of(host)
            if record is not None:
                self._losing.tell_first(record)
        except StoreError as error:
            # The store has said so.
            LOG.debug('The owners of host %s are not told at once: %s', host,
                      error)
        except Exception:
            LOG.exception('The owners of host %s are not told at once', host)

    def _begin(self, record: FaultRecord) -> 'Future[Answer]':
        """Go on with a fault whose owners are being told, where they are
        told first.
        """
        fault_id = record.id
        with self.alone(record.hostname):
            self._pursued.add(fault_id)
            try:
                record = self._find(fault_id)
                progress = self._work(record)
                is_through = not progress.trouble and not progress.waiting
                if is_through:
                    self._keep_note(record, progress)
                    if record.state is FaultState.CLEARING:
                        self._told_last.add(fault_id)
            except BaseException:
                self._under_way.leave(fault_id)
                raise
            finally:
                self._pursued.discard(fault_id)
        answer: Future[Answer] = Future()

        def conclude(lines: 'Future[list[str]]') -> None:
            try:
                answer.set_result(self._conclude(
                    record, progress, lines.result()))
            except Exception as error:
                answer.set_exception(error)
            finally:
                self._told_last.discard(fault_id)

        if is_through:
            self._under_way.settle(fault_id).add_done_callback(conclude)
        else:
            # It is gone on with before all were told.
            answer.set_result(self._conclude(
                record, progress, self._under_way.keep(fault_id)))
        return answer

    def explain(self) -> None:
        """Keep why owners have yet to be told; never blocks for long."""
        self._under_way.explain()

    def close(self) -> None:
        """Wait for those who are being told; nothing may begin any more."""
        self._under_way.close()

    def _work(self, record: FaultRecord) -> Progress:
        """What can be done now."""
        if record.state in DOWN:
            changes, trouble = self._losing.pursue(record)
            return Progress(changes, failures(changes) + trouble)
        if record.state is FaultState.CLEARING:
            return self._returning.pursue(record)
        return Progress()

    def is_left(self, record: FaultRecord) -> bool:
        """Whether something is owed because of a fault that nobody is at
        right now.
        """
        return record.id not in self._pursued and self.is_owed(record)

    def _conclude(self, record: FaultRecord, progress: Progress,
                  untold: Sequence[str]) -> Answer:
        """Move the fault on if all is done, and say how it is."""
        trouble, waiting = progress.trouble, progress.waiting
        others = self._remarks(record, progress)
        note = few([*trouble, *untold, *others], _NAMED, separator='; ')
        # Of owners the tellings say that, also when this note has passed.
        kept = few([*trouble, *others], _NAMED, separator='; ')
        if not trouble and not waiting:
            self._move_on(record)
        now = self._find(record.id)
        if now.note != kept:
            self._store.faults.describe(record.id, note=kept)
        if now.state in DOWN:
            self._confirmation.add(record.id, record.hostname)
        self._journal.write(now, note, Standing.LEFT
                            if trouble and self._stopping.is_set()
                            else Standing.TROUBLE if trouble
                            else Standing.UNTOLD if untold
                            else Standing.WELL)
        # Of a return that began meanwhile, others will say how it ended.
        returns = record.state in DOWN and now.state is FaultState.CLEARING
        waits = bool(waiting) and not trouble
        return dataclasses.replace(
            self.answer(record.id), note=_said(now, note),
            changes=tuple(progress.changes), waits=returns or waits,
            for_witness=waits and progress.for_witness)

    def _keep_note(self, record: FaultRecord, progress: Progress) -> None:
        """What was in the way is not any more; owners may take long."""
        if record.note:
            self._store.faults.describe(record.id, note=few(
                self._remarks(record, progress), _NAMED, separator='; '))

    def _remarks(self, record: FaultRecord, progress: Progress) -> list[str]:
        """What is to be said of a fault beside what failed."""
        return [*dict.fromkeys(
            [change.remark for change in progress.changes if change.remark]
            + self._correcting.refused(record.id)),
            *([progress.waiting] if progress.waiting else [])]

    def answer(self, fault_id: str) -> Answer:
        """How a fault is."""
        record = self._find(fault_id)
        return Answer(fault_id, record.hostname, record.state,
                      _said(record, record.note),
                      tuple(server.id for server in
                            self._store.tellings.servers(fault_id)))

    def _move_on(self, record: FaultRecord) -> None:
        """From the state in which we found it, unless somebody was faster.
        """
        try:
            if record.state is FaultState.HANDLING:
                # Nothing can come to light between the two.
                with self._store.together():
                    if self._losing.is_finished(record.id):
                        self._store.faults.move(
                            record.id, FaultState.HANDLED, note='')
            elif record.state is FaultState.CLEARING:
                self._clear(record)
        except InvalidTransition as error:
            # Somebody was faster, an operator for one.
            LOG.debug('%s', error)

    def _clear(self, record: FaultRecord) -> None:
        """A return is through, if nothing is owed because of it."""
        with self._store.together():
            if self._store.tellings.keys_owed(record.id) \
                    or self._store.corrections.of(record.id, *_UNFINISHED):
                return
            self._store.faults.move(record.id, FaultState.CLEARED, note='')
        self._returning.forget(record.id)
        self._forget(record.id)

    def raised(self, fault_id: str) -> None:
        """A fault was raised; never blocks."""
        self._returning.lost(fault_id)

    def replaced(self, fault_id: str, later_id: str) -> None:
        """A later fault has taken over from this one, and nothing else is
        called for by it yet; never blocks.
        """
        self._teller.waive(fault_id, self._store.tellings.owed(fault_id),
                           'the host was lost again')
        self._correcting.end_starts(fault_id)
        self._losing.passed_on(fault_id, later_id)
        self._returning.forget(fault_id)
        self._forget(fault_id)

    def look_for_more(self, record: FaultRecord
                      ) -> 'Future[Answer] | None':
        """See whether more is known by now of a host that is down: servers
        that came to light, or have left; as :meth:`begin`.

        :returns: None when there is nothing new, or when somebody is at the
            host: they, or the next try, will do the rest.
        """
        found = self._affected.of(record.hostname)
        with self._store.together():
            # Killed between the two, we would never come back to it.
            more = self._losing.owe(record.id, found)
            if more:
                self._come_to_light(record)
        if more:
            self._losing.tell_first(record)
        self._losses_first.wait()
        if record.state is FaultState.HANDLED:
            with self.alone(record.hostname):
                evacuated.mend_ports(self._store, self._affected,
                                     self._correcting, record)
        return self._begin(record) \
            if more and record.id not in self._pursued else None

    def _come_to_light(self, record: FaultRecord) -> None:
        try:
            self._store.faults.move(
                record.id, FaultState.HANDLING, old=(FaultState.HANDLED,),
                note='more servers came to light')
        except InvalidTransition as error:
            # Held: its owners are told all the same.
            LOG.debug('%s', error)

    def is_owed(self, record: FaultRecord) -> bool:
        """Whether something can be done about a fault, beside waiting for
        those who are being told.
        """
        if record.state is FaultState.CLEARING:
            return record.id not in self._told_last
        if record.state not in (FaultState.HANDLING, FaultState.HELD):
            return False
        untold = self._under_way.others(
            record.id, self._store.tellings.owed(record.id))
        if untold or record.id in self._losing.unlooked \
                or self._under_way.is_left(record.id):
            return True
        if record.state is FaultState.HELD:
            return False
        return not self._under_way.is_telling(record.id) \
            or not self._losing.is_corrected(record.id)

    def _forget(self, fault_id: str) -> None:
        self._silence.forget(fault_id)
        self._journal.forget(fault_id)
        self._losing.forget(fault_id)
        self._confirmation.forget(fault_id)

    def _find(self, fault_id: str) -> FaultRecord:
        record = self._store.faults.find(fault_id)
        assert record is not None, fault_id
        return record

    @contextlib.contextmanager
    def alone(self, host: str) -> Iterator[None]:
        """Nobody else corrects anything of a host inside; waits for who
        does, for as long as Nova lets them wait.
        """
        with self._lock:
            lock = self._locks.setdefault(host, threading.Lock())
        with lock:
            yield


def _said(record: FaultRecord, note: str) -> str:
    """A note, for who waits; of what is held, also why: it is not done."""
    why = record.reason if record.state is FaultState.HELD else ''
    return '; '.join(filter(None, (why, note)))

"""The loop for all that is owed: retries, waits, servers that came to light,
owners not reached, what was let go of.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from doctor_core import clock
from doctor_core.exceptions import BackendError, StoreError
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.answer import Answer
from doctor_core.faults.confirmation import Confirmation
from doctor_core.faults.handler import Decided, FaultHandler
from doctor_core.faults.holding import Holding
from doctor_core.faults.pursuit import Pursuit
from doctor_core.faults.relisted import Relisted
from doctor_core.faults.settings import Settings
from doctor_core.faults.unanswered import Unanswered
from doctor_core.model.states import DOWN, FaultState
from doctor_core.periodic import Periodic
from doctor_core.store import FaultRecord, Store

LOG = logging.getLogger(__name__)

_FAILED_PAUSE_S = 30.0
_AT_ONCE = 16
#: How seldom what failed is tried again, after some failures.
_LAST_RETRY_S = 30.0
#: How often it is looked whether a host that is back may be restored, and
#: how soon an operator's word is obeyed.
_LOOK_S = 1.0
_RELEASE_S = 0.5
#: How often it is looked whether faults are over without a report, and
#: whether owners were reached.
_OPEN_S = 2.0


class OwedLoop:
    """Works off what is owed, in threads of its own.

    :param stopping: set when the process ends.
    :param answered: told what became of each fault that was gone on with.
    :param settled: told the id of a report that waited for a look at Nova,
        and what became of it.
    :param first_retry_s: how soon what failed is tried again; then less and
        less often.
    """

    def __init__(self, settings: Callable[[], Settings], store: Store,
                 handler: FaultHandler, pursuit: Pursuit, holding: Holding,
                 confirmation: Confirmation, unanswered: Unanswered,
                 affected: AffectedMap,
                 stopping: threading.Event,
                 answered: Callable[[Answer], None] = lambda answer: None,
                 settled: Callable[[str, Answer], None] = lambda one, now:
                 None, *, first_retry_s: float = 2.0,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._settings = settings
        self._store = store
        self._handler = handler
        self._pursuit = pursuit
        self._holding = holding
        self._confirmation = confirmation
        self._unanswered = unanswered
        self._affected = affected
        self._relisted = Relisted(affected, store)
        self._stopping = stopping
        self._answered = answered
        self._settled = settled
        self._place_pauses = clock.Pauses(first_s=_LOOK_S,
                                          last_s=_LAST_RETRY_S)
        self._pauses = clock.Pauses(first_s=first_retry_s,
                                    last_s=_LAST_RETRY_S)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        #: Returns that failed: how long the next pauses are, and until when
        #: this one lasts.
        self._failed: dict[str, tuple[clock.Pauses, float]] = {}
        self._busy: set[str] = set()
        self._pool = ThreadPoolExecutor(_AT_ONCE, 'faults-owed')
        self._loops: list[Periodic] = []

    def start(self) -> None:
        """Begin; never blocks for long."""
        self._holding.remind()
        self._confirmation.go_on()
        self._loops = [
            self._loop('faults-retry', self._retry, self._retry_pause_s),
            self._loop('faults-place', self.place, self._place_pause_s),
            self._loop('faults-look', self._look, lambda: _LOOK_S),
            # Whoever hangs, be it Nova or Aodh, holds up his own only.
            self._loop('faults-over', self._handler.look_at_open,
                       lambda: _OPEN_S),
            self._loop('faults-confirm', self._confirmation.look,
                       lambda: _OPEN_S),
            self._loop('faults-refresh', self._refresh,
                       lambda: self._settings().refresh_s, at_once=False),
            self._loop('faults-release', self.released, lambda: _RELEASE_S),
            self._loop('faults-unanswered', self._unanswered.look,
                       lambda: _LOOK_S),
            self._loop('faults-untold', self._pursuit.explain,
                       lambda: _LOOK_S)]
        # Each has been asked for its pause by now.
        self._pauses.reset()
        self._place_pauses.reset()
        for loop in self._loops:
            loop.start()

    def join(self) -> None:
        """End, and wait for what is under way; may be called without a
        start.
        """
        for loop in self._loops:
            loop.stop()
        self._pool.shutdown()
        self._pursuit.close()

    # The rounds; public for whoever has a loop of his own.

    def resume(self, states: Collection[FaultState] = (
            FaultState.HANDLING, FaultState.HELD, FaultState.CLEARING),
            only: Collection[str] | None = None) -> 'list[Future[Answer]]':
        """Go on with what is owed of faults in these states.

        Several hosts at a time, and no thread waits for an owner. A fault
        that somebody is at is left to them: whoever is next would look at
        Nova anew, and the first would say that the fault is not handled yet.

        :param only: of these faults; None for all.
        :returns: what becomes of each.
        """
        return self._each([
            record for record in self._store.faults.in_states(*states)
            if (only is None or record.id in only)
            and self._pursuit.is_left(record)], self._go_on)

    def look_for_more(self, hosts: Collection[str] | None = None
                      ) -> 'list[Future[Answer]]':
        """See what has come to light on hosts that are down, or has left
        them.

        :param hosts: on these; None for all.
        """
        return self._each([
            record for record in self._store.faults.in_states(
                *sorted(DOWN))
            if hosts is None or record.hostname in hosts],
            self._pursuit.look_for_more)

    def released(self) -> 'list[Future[Answer]]':
        """Do what was held and is not any more, also where somebody is at
        the fault: they began when nothing was to be corrected.
        """
        released = self._holding.released()
        return self._each([
            record for record in self._store.faults.in_states(
                FaultState.HANDLING)
            if record.id in released], self._go_on) if released else []

    def _go_on(self, record: FaultRecord) -> 'Future[Answer]':
        return self._pursuit.begin(record.id)

    def place(self) -> 'list[Future[None]]':
        """Go on with reports of hosts that were not known when they came;
        blocks on Nova.
        """
        if self._stopping.is_set():
            return []
        return [self._pool.submit(self._pursue_placed, report_id, decided)
                for report_id, decided in self._handler.place()]

    def _pursue_placed(self, report_id: str, decided: Answer | Decided
                       ) -> None:
        def done(answer: 'Future[Answer]') -> None:
            with self._complaining(f'Report {report_id}'):
                self._settled(report_id, answer.result())

        with self._complaining(f'Report {report_id}'):
            self._handler.begin(decided).add_done_callback(done)

    @contextlib.contextmanager
    def _complaining(self, what: str) -> Iterator[None]:
        """The outermost frame of a thread: what is raised is logged."""
        try:
            yield
        except BackendError as error:
            if not self._stopping.is_set():
                LOG.warning('%s: %s', what, error)
        except StoreError as error:
            # The store has said so.
            LOG.debug('%s: %s', what, error)
        except Exception:
            LOG.exception('%s: going on with it failed', what)

    def _place_pause_s(self) -> float:
        if self._handler.has_waiting():
            return self._place_pauses.next_s()
        self._place_pauses.reset()
        return self._place_pauses.first_s

    def _each(self, records: Collection[FaultRecord],
              do: Callable[[FaultRecord], 'Future[Answer] | None']
              ) -> 'list[Future[Any]]':
        """Begin with those that nobody of us is at."""
        with self._lock:
            records = [record for record in records
                       if record.id not in self._busy]
            self._busy |= {record.id for record in records}
        answers: list[Future[Any]] = [Future() for _ in records]
        for record, answer in zip(records, answers, strict=True):
            self._pool.submit(self._one, record, do, answer)
        return answers

    def _one(self, record: FaultRecord,
             do: Callable[[FaultRecord], 'Future[Answer] | None'],
             answer: 'Future[Answer | None]') -> None:
        """Go on with one fault; its answer is there when its owners were
        told, and this does not wait for them.
        """
        what = f'Fault {record.id} of host {record.hostname}'

        def done(begun: 'Future[Answer]') -> None:
            found = None
            with self._complaining(what):
                found = begun.result()
                self._pause(found)
                self._answered(found)
            answer.set_result(found)

        begun = None
        try:
            with self._complaining(what):
                if not self._stopping.is_set():
                    begun = do(record)
        finally:
            with self._lock:
                self._busy.discard(record.id)
        if begun is None:
            answer.set_result(None)
        else:
            begun.add_done_callback(done)

    def _pause(self, answer: Answer) -> None:
        """A return that has failed is gone on with less and less often."""
        with self._lock:
            if answer.state != FaultState.CLEARING or answer.waits:
                self._failed.pop(answer.fault_id, None)
                return
            pauses, _ = self._failed.get(answer.fault_id, (clock.Pauses(
                first_s=_LOOK_S, last_s=_LAST_RETRY_S), 0.0))
            self._failed[answer.fault_id] = (
                pauses, self._monotonic() + pauses.next_s())

    def _is_due(self, record: FaultRecord) -> bool:
        with self._lock:
            failed = self._failed.get(record.id)
        return failed is None or failed[1] <= self._monotonic()

    # The loops.

    def _loop(self, name: str, do: Callable[[], object],
              pause_s: Callable[[], float], *, at_once: bool = True
              ) -> Periodic:
        """Something that is done again and again until we end.

        :param do: raises BackendError when it has to be left for the next
            round; the log has the same one once, and not each second.
        """
        said = ''

        def round_() -> None:
            nonlocal said
            try:
                if not self._stopping.is_set():
                    do()
                said = ''
            except BackendError as error:
                LOG.log(logging.DEBUG if str(error) == said
                        else logging.WARNING, '%s ended early, and is tried '
                        'again: %s', name, error)
                said = str(error)

        return Periodic(name, round_, pause_s, at_once=at_once,
                        failed_pause_s=_FAILED_PAUSE_S)

    def _refresh(self) -> None:
        self._affected.refresh()
        self._relisted.look()

    def _retry(self) -> None:
        """Try again what failed, and see what came to light."""
        self.resume((FaultState.HANDLING, FaultState.HELD))
        self.look_for_more()

    def _retry_pause_s(self) -> float:
        if self._store.faults.in_states(FaultState.HANDLING):
            return self._pauses.next_s()
        self._pauses.reset()
        return self._pauses.first_s

    def _look(self) -> None:
        """See whether hosts that are back may be restored by now, and who
        has come to hosts that are down.
        """
        returning = self._store.faults.in_states(FaultState.CLEARING)
        with self._lock:
            # What has ended, or was lost again, has no next try.
            for ended in self._failed.keys() - {one.id for one in returning}:
                del self._failed[ended]
        self.resume((FaultState.CLEARING,), [
            record.id for record in returning if self._is_due(record)])
        touched = self._affected.touched()
        if touched:
            self.look_for_more(touched)

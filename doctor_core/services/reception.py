"""Reports from the bus, and what became of each, for those who wait."""

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any

from doctor_core import clock, messaging, wire
from doctor_core.api.waiting import Outcomes
from doctor_core.exceptions import BackendError, InvalidEvent
from doctor_core.faults.answer import Answer
from doctor_core.faults.engine import Engine
from doctor_core.faults.handler import Decided, Kept
from doctor_core.model import Fault, FaultStatus
from doctor_core.model.states import FaultState
from doctor_core.services.pursuing import Pursuing
from doctor_core.store import Store

LOG = logging.getLogger(__name__)

#: Of the reports of one return, so many hear how it ends; as many may wait
#: over HTTP for that of all hosts together as :mod:`doctor_core.api.waiting`
#: says.
_HEAR_THE_END = 100
#: Instead of a host, of reports that wait for a look at Nova.
_UNPLACED = ''


class Reception:
    """Hands each report to the engine, and remembers what became of it.

    Each method may be called from any thread.

    :param topic: where reports are published.
    :param pool: where reports are pursued; threads of its own when None.
    :ivar outcomes: what became of reports, by their ids; of the return of a
        host, how far it is, once only a witness is waited for.
    """

    def __init__(self, topic: str, engine: Engine, store: Store,
                 pool: Executor | None = None) -> None:
        self._topic = topic
        self._engine = engine
        self._store = store
        self.outcomes: Outcomes[Answer] = Outcomes()
        self._ends: Outcomes[Answer] = Outcomes()
        self._lock = threading.Lock()
        #: When Doctor's own monitor said last which hosts it hears.
        self._heard_at: float | None = None
        #: By host and fault, the reports that wait for the end of a return.
        self._waiting: dict[str, dict[str, list[str]]] = {}
        self._pursuing = Pursuing(self._pursue, self._pass, 'faults-pursue',
                                  pool)

    def listen(self, bus: messaging.Bus) -> None:
        """Take reports from now on, until the bus's listening ends.

        :raises ConfigError: the broker refuses user, password or virtual
            host.
        """
        bus.listen(self._topic, self._take_turn, in_order=True,
                   turn_of=self._turn_of)
        messaging.ping(bus, self._topic)

    def wait(self, report_id: str, timeout_s: float) -> Answer | None:
        """Block until a report was handled, whoever is waited for; None when
        it took longer.
        """
        return asyncio.run(self._ends.wait(report_id, timeout_s))

    @property
    def monitor_silent_s(self) -> float | None:
        """Seconds since Doctor's own monitor said which hosts it hears; None
        if it never did. Never blocks.
        """
        heard_at = self._heard_at
        return None if heard_at is None else clock.monotonic() - heard_at

    def close(self) -> None:
        """Wait for what is under way; nothing comes any more."""
        self._pursuing.close()

    def _turn_of(self, event_type: str, payload: Any) -> messaging.Turn:
        turn = turn_of(event_type, payload)
        if _is_loss(turn):
            self._engine.losses_first.announce()
        return turn

    def _take_turn(self, event_type: str, payload: Any,
                   metadata: Mapping[str, Any]) -> None:
        counts = True
        try:
            counts = self.take(event_type, payload, metadata)
        finally:
            if _is_loss(turn_of(event_type, payload)):
                self._engine.losses_first.decided(counts=counts)

    def take(self, event_type: str, payload: Any,
             _metadata: Mapping[str, Any]) -> bool:
        """Decide what a message means; called by the bus for one message
        after another, those of a host in the order of arrival. What it calls
        for is in the store by then, and done in threads.

        :returns: whether it calls for anything.
        """
        if event_type == wire.PING:
            return False
        if event_type == wire.HEARD:
            self._heard_at = clock.monotonic()
            self._engine.handler.heard(*wire.heard_from_payload(payload))
            return False
        if event_type == wire.WITNESSED:
            self._engine.handler.witnessed(*wire.witnessed_from_payload(
                payload, clock.now()))
            return False
        try:
            report = wire.fault_from_payload(payload, clock.now())
        except InvalidEvent as error:
            LOG.error('A message on %s is no fault and is dropped: %s',
                      self._topic, error)
            return False
        decided = self._engine.handler.decide(report)
        self._follow(report, decided)
        return isinstance(decided, Decided)

    def _follow(self, report: Fault, decided: Answer | Decided | Kept
                ) -> None:
        is_loss = report.status is FaultStatus.DOWN
        if isinstance(decided, Answer):
            self.settle(report.id, decided)
        elif isinstance(decided, Kept):
            self._pursuing.put(_UNPLACED, report.id, is_loss=is_loss)
        else:
            self._pursuing.put(decided.host, report.id, is_loss=is_loss)

    def _pursue(self, host: str, report_ids: Sequence[str]) -> None:
        """Do what the reports of a host call for; blocks on the cloud."""
        if host == _UNPLACED:
            self._engine.owed.place()
            return
        try:
            begun = self._engine.handler.begin(Decided(report_ids[-1], host))
        except BackendError as error:
            self._leave(host, report_ids, error)
        else:
            begun.add_done_callback(
                lambda done: self._end(host, report_ids, done))

    def _pass(self, host: str, report_id: str) -> None:
        """More reports of a host wait than its pursuit answers: who waits
        for this one hears how the fault is.
        """
        record = self._store.faults.open_of(host) \
            if host != _UNPLACED else None
        if record is not None:
            self._put(report_id, self._engine.pursuit.answer(record.id))

    def _end(self, host: str, report_ids: Sequence[str],
             done: 'Future[Answer]') -> None:
        """What reports call for is done, and the owners were told."""
        error = done.exception()
        if error is not None:
            self._leave(host, report_ids, error)
            return
        for report_id in report_ids:
            self.settle(report_id, done.result())

    def _leave(self, host: str, report_ids: Sequence[str],
               error: BaseException) -> None:
        # What they call for is in the store.
        until = 'the next start' if self._engine.stopping.is_set() \
            else 'the next retry'
        LOG.warning('Fault of host %s (report %s) is left for %s: %s',
                    host, report_ids[-1], until, error,
                    exc_info=None if isinstance(error, BackendError)
                    else error)

    def settle(self, report_id: str, answer: Answer) -> None:
        """Remember what became of a report; who waits for it hears it."""
        if answer.waits:
            self._let_wait(report_id, answer)
        else:
            self._put(report_id, answer)
        self._answer_waiting(answer.host)

    def _let_wait(self, report_id: str, answer: Answer) -> None:
        """Who waits for the return of a host waits for its end."""
        with self._lock:
            waiting = self._waiting.setdefault(answer.host, {}).setdefault(
                answer.fault_id, [])
            waiting.append(report_id)
            passed = [waiting.pop(0)] if len(waiting) > _HEAR_THE_END else []
            # Nobody can want to hang for what may never come.
            if answer.for_witness:
                self.outcomes.put(report_id, answer)
        for one in passed:
            self._put(one, answer)

    def answer_waiting(self, last: Answer) -> None:
        """Tell those who wait for the end of a return of this host that has
        ended, or that cannot go on since something failed.

        :param last: what has just become of a fault.
        """
        self._answer_waiting(last.host, last)

    def _answer_waiting(self, host: str, last: Answer | None = None) -> None:
        # Of this host only: when a rack is back, hundreds are waited for.
        failed = last.fault_id if last and not last.waits else ''
        with self._lock:
            waiting = self._waiting.pop(host, {})
            ended = {fault_id: report_ids for fault_id, report_ids
                     in waiting.items()
                     if fault_id == failed or self._has_ended(fault_id)}
            left = {fault_id: report_ids for fault_id, report_ids
                    in waiting.items() if fault_id not in ended}
            if left:
                self._waiting[host] = left
        for fault_id, report_ids in ended.items():
            answer = last if last and last.fault_id == fault_id \
                else self._engine.pursuit.answer(fault_id)
            for report_id in report_ids:
                self._put(report_id, answer)
        if last is not None and last.for_witness:
            for report_id in left.get(last.fault_id, ()):
                self.outcomes.put(report_id, last)

    def _put(self, report_id: str, answer: Answer) -> None:
        self.outcomes.put(report_id, answer)
        self._ends.put(report_id, answer)

    def close_outcomes(self) -> None:
        """Nobody is to wait any more."""
        self.outcomes.close()
        self._ends.close()

    def _has_ended(self, fault_id: str) -> bool:
        record = self._store.faults.find(fault_id)
        return record is None or record.state is not FaultState.CLEARING


def _is_loss(turn: messaging.Turn) -> bool:
    return turn.is_urgent and turn.of is not None


def turn_of(event_type: str, payload: Any) -> messaging.Turn:
    """When a message is decided: the hosts take turns, and losses go first.
    """
    if event_type == wire.HEARD:
        # It says nothing of what its monitor finds lost after that.
        return messaging.Turn(is_urgent=True)
    seen = wire.glimpse(payload)
    if event_type == wire.WITNESSED:
        _host, found = wire.witnessed_from_payload(payload, 0.0)
        return messaging.Turn(seen.host or None, says=(event_type, *(
            (one.kind, one.source) for one in found)))
    return messaging.Turn(seen.host or None, seen.is_loss,
                          seen.sayer or None)

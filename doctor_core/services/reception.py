"""Reports from the bus, and what became of each, for those who wait."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any

from doctor_core import clock, messaging, wire
from doctor_core.api.waiting import Outcomes
from doctor_core.exceptions import BackendError, InvalidEvent
from doctor_core.faults.answer import Answer
from doctor_core.faults.engine import Engine
from doctor_core.faults.handler import Decided, Kept
from doctor_core.model import Fault
from doctor_core.model.states import FaultState
from doctor_core.store import Store

LOG = logging.getLogger(__name__)


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
        self._in_order = messaging.InOrder(self.take, 'faults-pursue', pool)

    def listen(self, bus: messaging.Bus) -> None:
        """Take reports from now on, until the bus's listening ends.

        :raises ConfigError: the broker refuses user, password or virtual
            host.
        """
        bus.listen(self._topic, self._in_order.take, in_order=True)
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
        self._in_order.close()

    def take(self, event_type: str, payload: Any,
             _metadata: Mapping[str, Any]) -> Callable[[], None] | None:
        """Decide what a message means; called by the bus for one message
        after another, in the order of arrival.

        :returns: what is left to be done; it blocks.
        """
        if event_type == wire.PING:
            return None
        if event_type == wire.HEARD:
            self._heard_at = clock.monotonic()
            self._engine.handler.heard(*wire.heard_from_payload(payload))
            return None
        try:
            report = wire.fault_from_payload(payload, clock.now())
        except InvalidEvent as error:
            LOG.error('A message on %s is no fault and is dropped: %s',
                      self._topic, error)
            return None
        decided = self._engine.handler.decide(report)
        return lambda: self._pursue(report, decided)

    def _pursue(self, report: Fault, decided: Answer | Decided | Kept
                ) -> None:
        if isinstance(decided, Kept):
            self._engine.owed.place()
            return
        try:
            begun = self._engine.handler.begin(decided)
        except BackendError as error:
            self._leave(report, error)
        else:
            begun.add_done_callback(lambda done: self._end(report, done))

    def _end(self, report: Fault, done: 'Future[Answer]') -> None:
        """What a report calls for is done, and the owners were told."""
        error = done.exception()
        if error is None:
            self.settle(report.id, done.result())
        else:
            self._leave(report, error)

    def _leave(self, report: Fault, error: BaseException) -> None:
        # What it calls for is in the store.
        until = 'the next start' if self._engine.stopping.is_set() \
            else 'the next retry'
        LOG.warning('Fault of host %s (report %s) is left for %s: %s',
                    report.hostname, report.id, until, error,
                    exc_info=None if isinstance(error, BackendError)
                    else error)

    def settle(self, report_id: str, answer: Answer) -> None:
        """Remember what became of a report; who waits for it hears it."""
        if answer.waits:
            # Who waits for the return of a host waits for its end.
            with self._lock:
                self._waiting.setdefault(answer.host, {}).setdefault(
                    answer.fault_id, []).append(report_id)
                # Nobody can want to hang for what may never come.
                if answer.for_witness:
                    self.outcomes.put(report_id, answer)
        else:
            self._put(report_id, answer)
        self._answer_waiting(answer.host)

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

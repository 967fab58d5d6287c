"""What monitors report, on its way to the bus."""

import logging
import threading
from collections.abc import Callable

from doctor_core import clock, wire
from doctor_core.exceptions import BusError
from doctor_core.messaging.bus import Bus
from doctor_core.model import Fault
from doctor_core.model.evidence import Finding

LOG = logging.getLogger(__name__)


Report = Fault | Finding


def publish(bus: Bus, topic: str, report: Report) -> None:
    """Put a report on a bus; blocks until the broker has it.

    :raises BusError: it was not taken.
    """
    if isinstance(report, Finding):
        bus.publish(topic, wire.WITNESSED, wire.witnessed_to_payload(
            report.hostname, [report.evidence]))
    else:
        bus.publish(topic, report.type, wire.fault_to_payload(report))


class FaultPublisher:
    """Publishes reports from a thread of its own; keeps what was not taken.

    While the bus is away only the latest fault that each monitor has of each
    host is kept, and the latest of each kind of evidence: that is the state
    that counts, and no outage fills the memory.

    :param publish: sends one report; raises BusError.
    :param retry_s: seconds between two attempts.
    """

    def __init__(self, publish: Callable[[Report], None],
                 retry_s: float = 1.0) -> None:
        self._publish = publish
        self._retry_s = retry_s
        self._pending: dict[tuple[str, ...], Report] = {}
        #: What is being sent right now, and may well be taken.
        self._in_hand: Report | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(
            target=self._main, name='fault-publisher', daemon=True)
        self._thread.start()

    def put(self, report: Report) -> None:
        """Take a report; never blocks; from any thread."""
        with self._changed:
            superseded = self._pending.pop(_key(report), None)
            self._pending[_key(report)] = report
            is_in_hand = superseded is self._in_hand
            self._changed.notify_all()
        if superseded is not None and not is_in_hand:
            _tell_superseded(superseded, report)

    def close(self, drain_s: float) -> list[Report]:
        """Send what is left, for so many seconds, and end.

        :returns: what could not be sent.
        """
        with self._changed:
            self._closing = True
            deadline = clock.Deadline(drain_s)
            self._changed.notify_all()
            while self._pending and not deadline.passed:
                self._changed.wait(deadline.left_s())
            left = list(self._pending.values())
            self._pending.clear()
            self._changed.notify_all()
        self._thread.join(1.0)
        return left

    def _main(self) -> None:
        while (report := self._next()) is not None:
            try:
                self._publish(report)
            except BusError as error:
                self._tell_kept(report, error)
                with self._changed:
                    self._changed.wait(self._retry_s)
                continue
            except Exception:  # the thread's outermost frame
                LOG.exception('%s is lost', _named(report))
            self._sent(report)

    def _next(self) -> Report | None:
        with self._changed:
            while not self._pending:
                if self._closing:
                    return None
                self._changed.wait()
            self._in_hand = next(iter(self._pending.values()))
            return self._in_hand

    def _tell_kept(self, report: Report, error: BusError) -> None:
        with self._changed:
            self._in_hand = None
            kept = self._pending.get(_key(report), report)
        if kept is not report:
            _tell_superseded(report, kept)
        LOG.warning('%s is kept: %s', _named(kept), error)

    def _sent(self, report: Report) -> None:
        with self._changed:
            self._in_hand = None
            if self._pending.get(_key(report)) is report:
                del self._pending[_key(report)]
            self._changed.notify_all()


def _key(report: Report) -> tuple[str, ...]:
    """What a later report makes an earlier one of no interest."""
    if isinstance(report, Fault):
        return 'fault', report.source, report.hostname
    found = report.evidence
    return 'evidence', report.hostname, found.kind, found.source


def _named(report: Report) -> str:
    if isinstance(report, Fault):
        return f'Fault {report.id} (host {report.hostname} is ' \
            f'{report.status})'
    return f'Evidence {report}'


def _tell_superseded(report: Report, later: Report) -> None:
    since = f'the host is {later.status}' if isinstance(later, Fault) \
        else 'there is newer evidence'
    LOG.warning('%s was not sent: the bus was away, and %s since',
                _named(report), since)

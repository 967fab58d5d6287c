"""Faults on their way to the bus."""

import logging
import threading
from collections.abc import Callable

from doctor_core import clock
from doctor_core.exceptions import BusError
from doctor_core.model import Fault

LOG = logging.getLogger(__name__)


class FaultPublisher:
    """Publishes faults from a thread of its own; keeps what was not taken.

    While the bus is away only the latest fault of each host is kept: that is
    the state that counts, and no outage fills the memory.

    :param publish: sends one fault; raises BusError.
    :param retry_s: seconds between two attempts.
    """

    def __init__(self, publish: Callable[[Fault], None],
                 retry_s: float = 1.0) -> None:
        self._publish = publish
        self._retry_s = retry_s
        self._pending: dict[str, Fault] = {}
        #: What is being sent right now, and may well be taken.
        self._in_hand: Fault | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(
            target=self._main, name='fault-publisher', daemon=True)
        self._thread.start()

    def put(self, fault: Fault) -> None:
        """Take a fault; never blocks; from any thread."""
        with self._changed:
            superseded = self._pending.pop(fault.hostname, None)
            self._pending[fault.hostname] = fault
            is_in_hand = superseded is self._in_hand
            self._changed.notify_all()
        if superseded is not None and not is_in_hand:
            _tell_superseded(superseded, fault)

    def close(self, drain_s: float) -> list[Fault]:
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
        while (fault := self._next()) is not None:
            try:
                self._publish(fault)
            except BusError as error:
                self._tell_kept(fault, error)
                with self._changed:
                    self._changed.wait(self._retry_s)
                continue
            except Exception:  # the thread's outermost frame
                LOG.exception('Fault %s (host %s is %s) is lost', fault.id,
                              fault.hostname, fault.status)
            self._sent(fault)

    def _next(self) -> Fault | None:
        with self._changed:
            while not self._pending:
                if self._closing:
                    return None
                self._changed.wait()
            self._in_hand = next(iter(self._pending.values()))
            return self._in_hand

    def _tell_kept(self, fault: Fault, error: BusError) -> None:
        with self._changed:
            self._in_hand = None
            kept = self._pending.get(fault.hostname, fault)
        if kept is not fault:
            _tell_superseded(fault, kept)
        LOG.warning('Fault %s (host %s is %s) is kept: %s', kept.id,
                    kept.hostname, kept.status, error)

    def _sent(self, fault: Fault) -> None:
        with self._changed:
            self._in_hand = None
            if self._pending.get(fault.hostname) is fault:
                del self._pending[fault.hostname]
            self._changed.notify_all()


def _tell_superseded(fault: Fault, later: Fault) -> None:
    LOG.warning('Fault %s (host %s is %s) was not sent: the bus was away, and '
                'the host is %s since', fault.id, fault.hostname,
                fault.status, later.status)

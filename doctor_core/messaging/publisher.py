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
            self._changed.notify_all()
        if superseded is not None:
            LOG.warning('Fault %s (host %s is %s) was not sent: the bus was '
                        'away, and the host is %s since', superseded.id,
                        fault.hostname, superseded.status, fault.status)

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
                LOG.warning('Fault %s (host %s is %s) is kept: %s', fault.id,
                            fault.hostname, fault.status, error)
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
            return next(iter(self._pending.values()))

    def _sent(self, fault: Fault) -> None:
        with self._changed:
            if self._pending.get(fault.hostname) is fault:
                del self._pending[fault.hostname]
            self._changed.notify_all()

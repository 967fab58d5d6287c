"""A bus within this process that waits for its messages.

Kombu's own looks for them again and again; oslo.messaging even takes the
pause away, so that each listener of an idle daemon costs a whole core, and
whatever the daemon does has to share Python's lock with it.
"""

import queue
import threading
from typing import Any

from kombu.transport import memory

from doctor_core import clock


class _Arrivals:
    """How many messages have been put into queues, to be waited for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def add(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def count(self) -> int:
        with self._changed:
            return self._count

    def wait(self, seen: int, timeout_s: float | None) -> bool:
        """Whether there are others than those that were seen; blocks."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count != seen,
                                          timeout_s)


#: As kombu's queues in memory, for all connections of the process.
_ARRIVALS = _Arrivals()


class _Channel(memory.Channel):

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        _ARRIVALS.add()

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:
        super().basic_ack(delivery_tag, multiple)
        # Kombu keeps what was handled until another message comes.
        self.qos._flush()

    def _put_fanout(self, exchange: str, message: Any,
                    routing_key: str | None = None, **kwargs: Any) -> None:
        super()._put_fanout(exchange, message, routing_key, **kwargs)
        _ARRIVALS.add()


class Transport(memory.Transport):
    """Kombu's, with a wait instead of its busy loop."""

    Channel = _Channel

    cycle: Any

    def drain_events(self, connection: Any, timeout: float | None = None,
                     **kwargs: Any) -> None:
        """Hand over the next message; blocks until there is one.

        :param timeout: seconds; None to wait without end.
        :raises TimeoutError: there was none.
        """
        end = None if timeout is None else clock.monotonic() + timeout
        while True:
            seen = _ARRIVALS.count()
            try:
                self.cycle.get(self._deliver, timeout=timeout)
            except queue.Empty:
                left_s = None if end is None else end - clock.monotonic()
                if not _ARRIVALS.wait(seen, left_s):
                    raise TimeoutError() from None
            else:
                return

"""Runs a prober in a thread of its own."""

import logging
import os
import queue
import threading
from collections.abc import Callable

from doctor_core import clock
from doctor_core.monitors.probing.prober import Prober

LOG = logging.getLogger(__name__)

#: Wait after an unexpected error, so that it does not fill the log.
_RECOVER_S = 1.0


class Engine:
    """A prober's thread; it survives any error, and says so.

    It wakes when the next answer is due, a thousand times a second if need
    be, with a priority of its own: nothing for a Periodic.

    :param name: the thread's name.
    :param priority: of real-time scheduling; 0 for the ordinary.
    """

    def __init__(self, prober: Prober, name: str, priority: int = 0) -> None:
        self.prober = prober
        self._priority = priority
        self._orders: queue.SimpleQueue[Callable[[], None]] = (
            queue.SimpleQueue())
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to probe; does not block."""
        self._thread.start()

    def order(self, action: Callable[[], None]) -> None:
        """Have something done between two steps, by the prober's thread."""
        self._orders.put(action)

    def go_round(self) -> None:
        """Return when the thread has begun one more step; any other thread.
        """
        reached = threading.Event()
        self.order(reached.set)
        reached.wait()

    def stop(self) -> None:
        """End probing and wait for the thread; may be called again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.prober.wire.close()

    def _prioritise(self) -> None:
        """Have this thread woken on time, however busy the machine is."""
        if not self._priority:
            return
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO,
                                  os.sched_param(self._priority))
        except PermissionError:
            LOG.warning(
                'Real-time priority %d is not permitted: on a busy machine '
                'faults will be seen late. Give the monitor CAP_SYS_NICE '
                '(AmbientCapabilities=CAP_SYS_NICE or LimitRTPRIO=%d in its '
                'systemd unit), or set realtime_priority = 0.',
                self._priority, self._priority)

    def _run(self) -> None:
        self._prioritise()
        wait_s = 0.0
        while not self._stopping.wait(wait_s):
            try:
                while not self._orders.empty():
                    self._orders.get()()
                wake_at = self.prober.step(clock.monotonic())
                wait_s = max(0.0, wake_at - clock.monotonic())
            except Exception:  # the thread's outermost frame
                LOG.exception('The probing loop failed; it goes on')
                wait_s = _RECOVER_S

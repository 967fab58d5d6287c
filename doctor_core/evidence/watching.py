"""A monitor that others do not wait for."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from doctor_core import background
from doctor_core.model import Host
from doctor_core.monitors.base import Monitor

LOG = logging.getLogger(__name__)


class Watching:
    """Has a monitor start, and learn of other hosts, by threads of its own:
    one that goes to every host for that takes long. Any thread may call.

    :param kind: the monitor's.
    :param renewed: called when it has taken over other hosts.
    :ivar has_begun: whether it watches: only then it may be asked anything.
    """

    def __init__(self, kind: str, monitor: Monitor,
                 renewed: Callable[[], None]) -> None:
        self.has_begun = False
        self._kind = kind
        self._monitor = monitor
        self._renewed = renewed
        self._lock = threading.Lock()
        self._fresh: Sequence[Host] | None = None
        self._update: Future[None] | None = None
        self._is_stopped = False

    def start(self, hosts: Sequence[Host]) -> 'Future[None]':
        """Begin; does not block. Called once.

        :returns: done when it watches, or with what its start raised.
        """
        return background.begin(lambda: self._start(hosts),
                                f'{self._kind}-start')

    def _start(self, hosts: Sequence[Host]) -> None:
        self._monitor.start(hosts)
        with self._lock:
            self.has_begun = not self._is_stopped
            self._begin_update()
        if not self.has_begun:
            # It was told to end in the midst of it.
            self._monitor.stop()

    def update(self, hosts: Sequence[Host]) -> None:
        """Hand it the hosts of now, once it has those of before; does not
        block.
        """
        with self._lock:
            self._fresh = hosts
            self._begin_update()

    def _begin_update(self) -> None:
        if self.has_begun and self._fresh is not None \
                and self._update is None:
            self._update = background.begin(self._renew,
                                            f'{self._kind}-hosts')

    def _renew(self) -> None:
        while True:
            with self._lock:
                hosts, self._fresh = self._fresh, None
                if hosts is None or self._is_stopped:
                    self._update = None
                    return
            try:
                self._monitor.update(hosts)
            except Exception:  # a plugin's
                LOG.exception('The monitor %s failed over the hosts of now',
                              self._kind)
            self._renewed()

    def stop(self) -> None:
        """End; waits for hosts that are being handed over. May be called
        again, and without :meth:`start`.
        """
        with self._lock:
            self._is_stopped, self.has_begun = True, False
            update = self._update
        if update is not None:
            update.exception()
        self._monitor.stop()

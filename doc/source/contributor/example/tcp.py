"""The monitor that connects to a TCP port."""

import logging
import socket
import threading
from collections.abc import Callable, Collection, Sequence

from oslo_config import cfg

from doctor_core import clock, events
from doctor_core.model import Fault, FaultStatus, Host
from doctor_core.monitors.base import Monitor

LOG = logging.getLogger(__name__)


class TcpMonitor(Monitor):
    """Connects to a TCP port of each host, one after another."""

    def __init__(self, conf: cfg.ConfigOpts,
                 report: Callable[[Fault], None]) -> None:
        super().__init__(conf, report)
        self._options = conf.monitor_tcp
        self._misses: dict[Host, int] = {}
        self._down: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._watch, name='monitor-tcp', daemon=True)

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.PortOpt('port', default=22,
                        help='The port that every host listens on.'),
            cfg.FloatOpt('interval_s', default=1.0, min=0.01,
                         help='Seconds between two rounds.'),
            cfg.FloatOpt('timeout_s', default=0.5, min=0.01,
                         help='Seconds that a connection may take.'),
            cfg.IntOpt('misses', default=3, min=1,
                       help='Failures in a row until a host is down.'),
        ]

    def presume_down(self, hostnames: Collection[str]) -> None:
        self._down = set(hostnames)

    def start(self, hosts: Sequence[Host]) -> None:
        self._misses = dict.fromkeys(hosts, 0)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(self._options.interval_s):
            for host in self._misses:
                try:
                    self.look(host)
                except Exception:  # a thread's outermost frame
                    LOG.exception('Host %s could not be looked at', host.name)

    def look(self, host: Host) -> None:
        """Try a host once, and report it if that changes the verdict."""
        if self.answers(host):
            self._misses[host] = 0
            if host.name in self._down:
                self._down.remove(host.name)
                self._tell(host, events.HOST_UP, FaultStatus.UP)
            return
        self._misses[host] += 1
        if self._misses[host] == self._options.misses:
            self._down.add(host.name)
            self._tell(host, events.HOST_DOWN, FaultStatus.DOWN)

    def answers(self, host: Host) -> bool:
        """Whether a host takes a connection; blocks up to the timeout."""
        try:
            with socket.create_connection(
                    (host.address, self._options.port),
                    self._options.timeout_s):
                return True
        except OSError:
            return False

    def _tell(self, host: Host, fault_type: str, status: FaultStatus) -> None:
        now = clock.now()
        LOG.info('doctor monitor detected at %f host %s is %s', now,
                 host.name, status)
        self.report(Fault(hostname=host.name, type=fault_type, status=status,
                          detected_at=now, received_at=now,
                          source='monitor_tcp'))

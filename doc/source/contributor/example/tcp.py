"""The monitor that connects to a TCP port."""

import socket

from oslo_config import cfg

from doctor_core.model import Host
from doctor_core.monitors.polling import PollingMonitor


class TcpMonitor(PollingMonitor):
    """Connects to a TCP port of each host."""

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [*super().get_opts(),
                cfg.PortOpt('port', default=22,
                            help='The port that every host listens on.')]

    def probe(self, host: Host) -> bool:
        # Who cannot be reached raises OSError, which is "no answer".
        with socket.create_connection((host.address, self.options.port),
                                      self.options.timeout_s):
            return True

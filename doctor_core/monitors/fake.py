"""The monitor for hosts that are not there."""

from oslo_config import cfg

from doctor_core.monitors.probing.echo import UdpEchoWire
from doctor_core.monitors.probing.monitor import ProbingMonitor
from doctor_core.monitors.probing.wire import Wire


class FakeMonitor(ProbingMonitor):
    """Probes hosts that echo UDP datagrams, as the embedded cloud's do.

    Decides as ``sample`` does, and needs no privilege.
    """

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return super().get_opts() + [
            cfg.PortOpt(
                'port', default=7,
                help='The UDP port on which every host echoes.')]

    def wire(self) -> Wire:
        return UdpEchoWire(self.options.port)

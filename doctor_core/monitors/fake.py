"""The monitor for hosts that are not there."""

from oslo_config import cfg

from doctor_core.monitors.echo import UdpEchoWire
from doctor_core.monitors.probing import ProbingMonitor
from doctor_core.monitors.wire import Wire


class FakeMonitor(ProbingMonitor):
    """Probes hosts that echo UDP datagrams, as the embedded cloud's do.

    Decides as ``sample`` does, and needs no privilege.
    """

    name = 'fake'

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return super().get_opts() + [
            cfg.PortOpt(
                'port', default=7,
                help='The UDP port on which every host echoes.')]

    def wire(self) -> Wire:
        return UdpEchoWire(self.conf.monitor_fake.port)

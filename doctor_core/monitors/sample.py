"""The monitor for a deployment: pings its hosts."""

from doctor_core.monitors.probing.icmp import IcmpWire
from doctor_core.monitors.probing.monitor import ProbingMonitor
from doctor_core.monitors.probing.wire import Wire


class SampleMonitor(ProbingMonitor):
    """Pings hosts (ICMP, IPv4 and IPv6) and tells which stopped to answer.

    Needs CAP_NET_RAW, or unprivileged ping sockets.
    """

    realtime_priority = 10

    def wire(self) -> Wire:
        return IcmpWire()

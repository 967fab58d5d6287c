"""The monitor for a deployment: pings its hosts."""

from doctor_core.monitors.icmp import IcmpWire
from doctor_core.monitors.probing import ProbingMonitor
from doctor_core.monitors.wire import Wire


class SampleMonitor(ProbingMonitor):
    """Pings hosts (ICMP, IPv4 and IPv6) and tells which stopped to answer.

    Needs CAP_NET_RAW, or unprivileged ping sockets.
    """

    name = 'sample'
    realtime_priority = 10

    def wire(self) -> Wire:
        return IcmpWire()

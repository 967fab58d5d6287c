"""The monitor that asks management controllers by IPMI."""

from doctor_core.monitors.power import PowerMonitor


class IpmiMonitor(PowerMonitor):
    """Asks management controllers by IPMI whether hosts have power."""

    @staticmethod
    def bmc_kind() -> str:
        return 'ipmi'

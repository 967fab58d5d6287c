"""The monitor that asks management controllers by Redfish."""

from doctor_core.monitors.power import PowerMonitor


class RedfishMonitor(PowerMonitor):
    """Asks management controllers by Redfish whether hosts have power."""

    @staticmethod
    def bmc_kind() -> str:
        return 'redfish'

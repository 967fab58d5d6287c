"""A monitor that is asked about hosts that others do not hear."""

from collections.abc import Mapping, Sequence

from doctor_core.cloud import Cloud
from doctor_core.corroborators.base import Corroborator
from doctor_core.exceptions import ConfigError
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence
from doctor_core.monitors.base import Monitor


class AskedMonitor(Corroborator):
    """Has a monitor answer as a corroborator does; who starts and ends the
    monitor does not change.
    """

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor.options, lambda *_found: None, _no_cloud)
        self._monitor = monitor

    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        return self._monitor.ask(host, silent)


def among(monitors: Mapping[str, Monitor]) -> dict[str, Corroborator]:
    """Those that can be asked, each as a corroborator of its name."""
    return {f'monitor {name}': AskedMonitor(monitor)
            for name, monitor in monitors.items()
            if type(monitor).ask is not Monitor.ask}


def _no_cloud() -> Cloud:
    raise ConfigError('A monitor has no way to the cloud.')

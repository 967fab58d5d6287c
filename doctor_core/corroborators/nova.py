"""Whether nova-compute of a silent host reports to Nova still."""

import threading
from collections.abc import Callable, Sequence

from oslo_config import cfg

from doctor_core import clock
from doctor_core.cloud import Cloud
from doctor_core.cloud.heartbeats import Heartbeats
from doctor_core.corroborators.base import Corroborator
from doctor_core.model import ComputeService, Host
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.plugins import Options

#: Who is asked about several hosts within so many seconds asks Nova once.
_FRESH_S = 1.0


class NovaCorroborator(Corroborator):
    """Looks for heartbeats of nova-compute, by two looks at Nova.

    It reports every ten seconds (Nova's ``report_interval``), so a host that
    is silent for less is seldom heard; one that only a path was cut to is,
    soon after.
    """

    def __init__(self, options: Options,
                 found: Callable[[str, Evidence], None],
                 cloud: Callable[[], Cloud]) -> None:
        super().__init__(options, found, cloud)
        self._heartbeats = Heartbeats()
        self._lock = threading.Lock()
        self._asked_at: dict[str, float] = {}
        self._services: dict[str, ComputeService] = {}
        self._looked_at = float('-inf')

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [cfg.FloatOpt(
            'forget_s', default=10.0, min=3.0,
            help='A host that nobody asked about for so many seconds has '
                 'been heard meanwhile; its next silence is another one.')]

    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        with self._lock:
            # Inside: ten hosts of one rack are one question to Nova.
            service = self._look().get(host.name)
            now = clock.monotonic()
            last = self._asked_at.get(host.name, float('-inf'))
            self._asked_at[host.name] = now
            if now - last > self.options.forget_s:
                self._heartbeats.forget(host.name)
        if service is None or service.state == 'unknown':
            return None
        if not self._heartbeats.look(host.name, service):
            return None
        self._heartbeats.restart(host.name, service)
        return Evidence(EvidenceKind.HEARTBEAT, 'nova', clock.now(),
                        f'nova-compute reported at {service.updated_at}')

    def _look(self) -> dict[str, ComputeService]:
        if clock.monotonic() - self._looked_at > _FRESH_S:
            services = self.cloud().compute_services()
            self._services = {service.host: service for service in services}
            self._looked_at = clock.monotonic()
        return self._services

"""Whether nova-compute of a silent host reports to Nova still."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from doctor_core import clock
from doctor_core.cloud import Cloud
from doctor_core.cloud.heartbeats import Heartbeats
from doctor_core.corroborators.base import Corroborator
from doctor_core.exceptions import BackendError, DoctorError
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
        self._lock = threading.Lock()
        #: Since when each host is asked about, and what is seen since.
        self._silences: dict[str, tuple[float, Heartbeats]] = {}
        self._looked: _Look | None = None

    def start(self, hosts: Sequence[Host]) -> None:
        # That no cloud is configured is to be said now, not in a fault.
        with contextlib.suppress(BackendError):
            self.cloud()

    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        asked_at = clock.monotonic()
        with self._lock:
            silent_at, heartbeats = self._silences.setdefault(
                host.name, (asked_at, Heartbeats()))
            # Inside: ten hosts of one rack are one question to Nova.
            look = self._look()
        if look.error is not None:
            raise look.error.with_traceback(None)
        # What was seen before it fell silent proves nothing; the next look
        # will be the first one. Two services may have the name of one host.
        reported = [
            service for service in look.services.get(host.name, ())
            if service.state != 'unknown' and look.at >= silent_at
            and heartbeats.look(service.id, service)]
        for service in reported:
            heartbeats.restart(service.id, service)
        return Evidence(
            EvidenceKind.HEARTBEAT, 'nova', clock.now(),
            f'nova-compute reported at {reported[0].updated_at}'
        ) if reported else None

    def forget(self, host: Host) -> None:
        with self._lock:
            self._silences.pop(host.name, None)

    def _look(self) -> '_Look':
        """The newest look at Nova, with the lock held: one that failed is
        not repeated at once, either, for each of a thousand hosts.
        """
        look = self._looked
        if look is None or clock.monotonic() - look.until >= _FRESH_S:
            at, error = clock.monotonic(), None
            services: dict[str, list[ComputeService]] = {}
            try:
                for service in self.cloud().compute_services():
                    services.setdefault(service.host, []).append(service)
            except (DoctorError, OSError) as problem:
                error = problem
            look = self._looked = _Look(at, clock.monotonic(), services,
                                        error)
        return look


class _Look(NamedTuple):
    """What Nova said.

    :ivar at: when it was asked.
    :ivar until: when it had answered.
    :ivar services: by host.
    :ivar error: why it did not.
    """

    at: float
    until: float
    services: dict[str, list[ComputeService]]
    error: DoctorError | OSError | None

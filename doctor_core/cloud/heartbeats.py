"""Whether nova-compute has reported since: what proves that a host is back.
"""

import threading

from doctor_core.model import ComputeService
from doctor_core.wire import times

#: No database lags behind by so much, in seconds.
_SET_BACK_S = 3600.0


class Heartbeats:
    """Compares Nova's records of compute services; any thread may call.

    Nova's ``updated_at`` moves with each report, but also when anybody
    forces, lifts or disables the service. So a report is an ``updated_at``
    that has advanced while nothing else has moved, since the first look or
    since Doctor's own last change. An earlier one is of a database that lags
    behind; one of more than an hour before, of a clock that was set back,
    and what advances from there counts.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before: dict[str, ComputeService] = {}
        self._seen: set[str] = set()

    def look(self, fault_id: str, service: ComputeService) -> bool:
        """Whether the service has reported since the first look."""
        with self._lock:
            before = self._before.get(fault_id)
            if before is None or _flags(before) != _flags(service):
                self._before[fault_id] = service
                return fault_id in self._seen
            by_s = _advanced_by(before.updated_at, service.updated_at)
            if by_s > 0.0:
                self._seen.add(fault_id)
            if by_s > 0.0 or by_s < -_SET_BACK_S:
                self._before[fault_id] = service
            return fault_id in self._seen

    def restart(self, fault_id: str, service: ComputeService | None) -> None:
        """Doctor has changed the service itself: only what comes after this
        record counts.
        """
        with self._lock:
            self._seen.discard(fault_id)
            self._before.pop(fault_id, None)
            if service is not None:
                self._before[fault_id] = service

    def forget(self, fault_id: str) -> None:
        """The fault has ended."""
        self.restart(fault_id, None)


def _advanced_by(before: str, now: str) -> float:
    """By how many seconds a time of Nova's has advanced; what cannot be read
    has advanced when it is another one.
    """
    if before == now:
        return 0.0
    try:
        return times.utc(now) - times.utc(before)
    except ValueError:
        return 1.0


def _flags(service: ComputeService) -> tuple[str, str, str, bool]:
    return (service.id, service.status, service.disabled_reason,
            service.forced_down)

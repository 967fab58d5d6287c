"""What became of the guests of a host that is back, by its uptime."""

import logging
from collections.abc import Callable

from doctor_core.exceptions import BackendError
from doctor_core.faults import undoing
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.outages import Outages
from doctor_core.store import FaultRecord, Store

LOG = logging.getLogger(__name__)

#: For how long Nova may fail to tell an uptime, in seconds.
_UPTIME_WITHIN_S = 30.0


class GuestsOf:
    """Whether guests ran on; each method from any thread, for one host by one
    at a time.

    :param monotonic: the time, in seconds, since this machine was booted.
    :param now: the time, in seconds since the epoch.
    """

    def __init__(self, affected: AffectedMap, store: Store,
                 monotonic: Callable[[], float],
                 now: Callable[[], float]) -> None:
        self._affected = affected
        self._outages = Outages(store, monotonic, now)
        self._monotonic = monotonic
        #: By fault, since when Nova fails to tell for how long the host runs.
        self._untold: dict[str, float] = {}

    def lost(self, fault_id: str) -> None:
        """A fault was raised now, and is in the store."""
        self._outages.begun(fault_id)

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        self._untold.pop(fault_id, None)

    def of(self, record: FaultRecord) -> undoing.Guests:
        """What became of the guests; blocks on Nova.

        :raises BackendError: Nova fails to tell, which may pass.
        """
        # Asked before: what is read first is the least.
        lost_for = self._outages.age(record.id)
        what = undoing.guests(self._uptime_s(record), lost_for)
        if what is undoing.Guests.ENDED:
            LOG.warning('Host %s has rebooted: its guests have ended',
                        record.hostname)
        return what

    def _uptime_s(self, record: FaultRecord) -> float | None:
        """For how long the host has been running; None when nobody tells.

        What a hypervisor fails to tell for long keeps no server in error.
        """
        try:
            uptime_s = self._affected.hypervisors.uptime_s(record.hostname)
        except BackendError as error:
            since = self._untold.setdefault(record.id, self._monotonic())
            if self._monotonic() < since + _UPTIME_WITHIN_S:
                raise
            LOG.warning('Host %s: whether it has rebooted is not known: %s',
                        record.hostname, error)
            return None
        self._untold.pop(record.id, None)
        return uptime_s

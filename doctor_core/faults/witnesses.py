"""Who agrees that a host is back.

News of a return is not enough. The mark of the host is taken back when a
witness agrees: Doctor's own monitor, or nova-compute, which reports to Nova
again. The servers wait for nova-compute in any case: a host that answers may
have lost its guests.
"""

import logging
from collections.abc import Callable

from doctor_core import clock
from doctor_core.cloud.heartbeats import Heartbeats
from doctor_core.faults.settings import Settings
from doctor_core.model import ComputeService
from doctor_core.store import FaultRecord, Store

LOG = logging.getLogger(__name__)

MONITOR, HEARTBEAT, OPERATOR, TIME = 'monitor', 'nova-compute', 'operator', \
    'time'
#: Who counts as a witness for the servers, too.
DECIDED = (OPERATOR, TIME)


class Witnesses:
    """Those of the returns that are under way.

    Each method may be called from any thread, for one host by one at a time;
    none blocks on more than the store.

    :param monotonic: the time, in seconds.
    """

    def __init__(self, settings: Callable[[], Settings], store: Store,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._settings = settings
        self._store = store
        self._monotonic = monotonic
        self._heartbeats = Heartbeats()
        self._since: dict[str, float] = {}

    def await_for(self, fault_id: str) -> None:
        """A return is under way; what was waited for already counts."""
        self._since.setdefault(fault_id, self._monotonic())

    def of(self, record: FaultRecord, service: ComputeService | None) -> str:
        """Who agrees that the host is back; empty when nobody does.

        :param service: Nova's record of it; None when Nova has none.
        """
        if record.witness in DECIDED:
            return record.witness
        if service is not None \
                and self._heartbeats.look(record.id, service):
            return HEARTBEAT
        limit_s = self._settings().unwitnessed_clear_s
        if limit_s and self._monotonic() \
                >= self._since[record.id] + limit_s:
            LOG.warning('Host %s: nobody has seen it return for %g s; its '
                        'marks are taken back on the news alone',
                        record.hostname, limit_s)
            self._store.faults.describe(record.id, witness=TIME)
            return TIME
        return record.witness

    def is_working(self, fault_id: str, service: ComputeService) -> bool:
        """Whether nova-compute has reported, and is up, or would be if
        nobody else held it down.
        """
        return (service.state == 'up' or service.forced_down) \
            and self._heartbeats.look(fault_id, service)

    def restart(self, fault_id: str, service: ComputeService | None) -> None:
        """Doctor has changed the service itself: as of
        :meth:`.Heartbeats.restart`.
        """
        self._heartbeats.restart(fault_id, service)

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        self._heartbeats.forget(fault_id)
        self._since.pop(fault_id, None)

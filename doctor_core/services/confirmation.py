"""Whether those who were told by way of others have been reached."""

import dataclasses
import logging
import threading
from collections.abc import Callable, Sequence

from doctor_core import clock, events, store
from doctor_core.alarms.base import AlarmManager
from doctor_core.exceptions import BackendError
from doctor_core.model import Server

LOG = logging.getLogger(__name__)

_FIRST_LOOK_S = 10.0
#: Looks, each after twice the time of the one before: five minutes in all.
_LOOKS = 5


@dataclasses.dataclass
class _Told:
    """The servers of a fault whose owners were told."""

    host: str
    servers: Sequence[Server]
    look_at: float
    looks: int = 0


class Confirmation:
    """Looks some time after a fault, and tells again whom nothing reached:
    a broker that is restarted forgets what Nova, Ceilometer or Doctor had
    given it for Aodh.

    Each method may be called from any thread.

    :param alarms: who knows which alarms have not gone off.
    :param kept: the faults.
    :param monotonic: the time, in seconds.
    """

    def __init__(self, alarms: AlarmManager, kept: store.Store,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._alarms = alarms
        self._store = kept
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._told: dict[str, _Told] = {}

    def add(self, fault_id: str, host: str,
            servers: Sequence[Server]) -> None:
        """The owners of these were told that they are lost; never blocks."""
        with self._lock:
            self._told[fault_id] = _Told(
                host, servers, self._monotonic() + _FIRST_LOOK_S)

    def look(self) -> None:
        """See to those whose time has come; may block."""
        now = self._monotonic()
        with self._lock:
            due = [(fault_id, told) for fault_id, told in self._told.items()
                   if told.look_at <= now]
        for fault_id, told in due:
            if self._is_through(fault_id, told):
                with self._lock:
                    if self._told.get(fault_id) is told:
                        del self._told[fault_id]
            else:
                told.looks += 1
                told.look_at = now + _FIRST_LOOK_S * 2 ** told.looks

    def _is_through(self, fault_id: str, told: _Told) -> bool:
        record = self._store.find(fault_id)
        if record is None or record.state in (store.CLEARING, store.CLEARED):
            return True
        at = clock.now()
        updates = [events.instance_update(server, 'error', at)
                   for server in told.servers]
        try:
            missed = self._alarms.missed(updates)
        except BackendError as error:
            LOG.warning('Whether the owners of fault %s were reached is not '
                        'known: %s', fault_id, error)
            return told.looks >= _LOOKS
        if not missed:
            return True
        if told.looks >= _LOOKS:
            LOG.error('Fault %s of host %s: alarms of %d servers never went '
                      'off', fault_id, told.host, len(missed))
            return True
        LOG.warning('Fault %s of host %s: alarms of %d servers did not go '
                    'off; they are told again', fault_id, told.host,
                    len(missed))
        self._alarms.tell(missed, host=told.host, fault_id=fault_id)
        return False

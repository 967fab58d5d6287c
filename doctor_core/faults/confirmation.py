"""Whether those who were told by way of others have been reached."""

import collections
import dataclasses
import logging
import threading
from collections.abc import Callable, Sequence

from doctor_core import clock, wire
from doctor_core.alarms.base import AlarmManager
from doctor_core.faults.guarded import Complaints
from doctor_core.model import Event, News
from doctor_core.model.states import DOWN, TellingState
from doctor_core.store import Store, TellingRecord
from doctor_core.wording import counted

LOG = logging.getLogger(__name__)

_FIRST_LOOK_S = 10.0
#: Looks, each after twice the time of the one before: five minutes in all.
_LOOKS = 5
#: For so long after it was told a fault is looked at, in seconds.
_ALL_LOOKS_S = _FIRST_LOOK_S * (2 ** _LOOKS - 1)
_NEVER = float('inf')


@dataclasses.dataclass
class _Told:
    """A fault whose owners were told.

    :ivar look_at: when to look next; never for those that are through.
    :ivar again: by server, how often its owner was told again.
    """

    host: str
    look_at: float = _NEVER
    looks: int = 0
    again: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter)


class Confirmation:
    """Looks some time after a fault, and tells again whom nothing reached:
    a broker that is restarted forgets what Nova, Ceilometer or Doctor had
    given it for Aodh.

    Each method may be called from any thread.

    :param alarms: who knows which alarms have not gone off.
    :param store: the faults, and what was told.
    :param monotonic: the time, in seconds.
    :param now: the time, in seconds since the epoch.
    """

    def __init__(self, alarms: AlarmManager, store: Store,
                 monotonic: Callable[[], float] = clock.monotonic,
                 now: Callable[[], float] = clock.now) -> None:
        self._alarms = alarms
        self._store = store
        self._monotonic = monotonic
        self._now = now
        self._complaints = Complaints()
        self._lock = threading.Lock()
        self._told: dict[str, _Told] = {}

    def add(self, fault_id: str, host: str) -> None:
        """Owners were told that their servers are lost; never blocks. How
        often each was told again is remembered: a fault is gone on with
        again and again, and an owner may set an alarm back that went off.
        """
        with self._lock:
            told = self._told.setdefault(fault_id, _Told(host))
            told.look_at, told.looks = self._monotonic() + _FIRST_LOOK_S, 0

    def go_on(self) -> None:
        """Look at those, too, whose owners another process has told just
        before it ended. Others are left alone: whose alarm was set back
        since would be told again at each start.
        """
        since = self._now() - _ALL_LOOKS_S
        for record in self._store.faults.in_states(*sorted(DOWN)):
            if any(one.at is not None and one.at >= since
                   for one in self._told_of(record.id)):
                self.add(record.id, record.hostname)

    def forget(self, fault_id: str) -> None:
        """A fault has ended; never blocks."""
        with self._lock:
            self._told.pop(fault_id, None)

    def look(self) -> None:
        """See to those whose time has come; may block."""
        now = self._monotonic()
        with self._lock:
            due = [(fault_id, told, told.look_at)
                   for fault_id, told in self._told.items()
                   if told.look_at <= now]
        for fault_id, told, look_at in due:
            is_through = self._is_through(fault_id, told)
            with self._lock:
                if told.look_at != look_at:
                    # Others were told meanwhile.
                    continue
                told.looks += 1
                told.look_at = _NEVER if is_through \
                    else now + _FIRST_LOOK_S * 2 ** told.looks

    def _is_through(self, fault_id: str, told: _Told) -> bool:
        record = self._store.faults.find(fault_id)
        if record is None or record.state not in DOWN:
            return True
        at = clock.now()
        updates = [wire.instance_update(one.server, one.shown, at, one.traits)
                   for told_of in self._told_of(fault_id)
                   for one in [told_of.telling]]
        try:
            missed = self._alarms.missed(updates)
        except Exception as error:  # a plugin may raise what it likes
            why = self._complaints.why(self._alarms, 'missed()', error)
            LOG.warning('Whether the owners of fault %s were reached is not '
                        'known: %s', fault_id, why)
            return told.looks >= _LOOKS
        missed = self._may_be_told(fault_id, told, missed)
        if not missed:
            return True
        LOG.warning('Fault %s of host %s: alarms of %s did not go '
                    'off; they are told again', fault_id, told.host,
                    counted(len(missed), 'server'))
        try:
            self._alarms.tell(missed, host=told.host, fault_id=fault_id)
        except Exception as error:  # a plugin may raise what it likes
            self._complaints.why(self._alarms, 'tell()', error)
        return False

    def _may_be_told(self, fault_id: str, told: _Told,
                     missed: Sequence[Event]) -> list[Event]:
        """Those that were not told again often enough, counted once more."""
        again, never = [], 0
        for update in missed:
            server_id = str(update.trait('instance_id'))
            times = told.again[server_id]
            told.again[server_id] += 1
            if times < _LOOKS:
                again.append(update)
            never += times == _LOOKS
        if never:
            LOG.error('Fault %s of host %s: alarms of %s never went off, or '
                      'were set back', fault_id, told.host,
                      counted(never, 'server'))
        return again

    def _told_of(self, fault_id: str) -> Sequence[TellingRecord]:
        return [record for record in self._store.tellings.of(
            fault_id, TellingState.TOLD)
            if record.telling.news is News.LOST]

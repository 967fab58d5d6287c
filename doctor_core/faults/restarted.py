"""Servers whose guests ended with their host's reboot, until Nova knows.

Nova takes them over with the state that they had before, and notices at its
next look at the hypervisor that they do not run: it shows them as stopped.
"""

import logging
from collections.abc import Callable, Collection

from doctor_core import clock
from doctor_core.cloud import calls
from doctor_core.faults import undoing
from doctor_core.faults.correcting import Correcting
from doctor_core.faults.settings import Settings
from doctor_core.faults.telling import Teller
from doctor_core.model import News, Telling
from doctor_core.model.states import TellingState
from doctor_core.store import FaultRecord, Store
from doctor_core.wording import counted

LOG = logging.getLogger(__name__)

#: Nova compares its picture with the hypervisor's every ten minutes
#: ([DEFAULT] sync_power_state_interval); after that, active means running.
_SYNCED_S = 660.0
_RUNNING = 'running'


class Restarted:
    """Starts them, if an operator wants that, and tells when they run.

    :param monotonic: the time, in seconds.
    """

    def __init__(self, settings: Callable[[], Settings],
                 correcting: Correcting, teller: Teller, store: Store,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._settings = settings
        self._correcting = correcting
        self._teller = teller
        self._store = store
        self._monotonic = monotonic
        self._since: dict[str, float] = {}

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        self._since.pop(fault_id, None)

    def pursue(self, record: FaultRecord,
               ask: Callable[[str, Collection[str]], undoing.Returned]) -> str:
        """See to those of a fault.

        :param ask: what there is of a host; blocks, raises BackendError.
        :returns: what is waited for; empty for nothing.
        """
        waiting = self._waiting(record.id)
        if waiting:
            self._see_to(record, waiting, ask)
        left = len(self._waiting(record.id))
        if left:
            return f'Nova has yet to see {counted(left, "server")} run that ' \
                'ended with the reboot of the host'
        self._correcting.end_starts(record.id)
        return ''

    def _see_to(self, record: FaultRecord, waiting: Collection[Telling],
                ask: Callable[[str, Collection[str]], undoing.Returned]
                ) -> None:
        since = self._since.setdefault(record.id, self._monotonic())
        ids = [one.server.id for one in waiting]
        started = frozenset[str]()
        if self._settings().start_after_reboot:
            started = self._correcting.start(record.id, record.hostname, ids)
        returned = ask(record.hostname, ids)
        if returned.found.is_partial:
            return
        synced = self._monotonic() >= since + _SYNCED_S
        self._teller.tell(record.id, record.hostname, [
            one for one in waiting
            if one.server.id not in returned.unknown
            and self._runs(record, one, returned,
                           runs=synced or one.server.id in started)])

    def sayable(self, fault_id: str) -> list[Telling]:
        """What is owed of the return and may be told at once: all but that
        servers run whose guests have ended.
        """
        waiting = {one.server.id for one in self._waiting(fault_id)}
        return [one for one in self._store.tellings.owed(fault_id)
                if one.news is News.STOPPED or one.news is News.BACK
                and one.server.id not in waiting]

    def _waiting(self, fault_id: str) -> list[Telling]:
        """What is owed of servers whose guests have ended."""
        records = self._store.tellings.of(fault_id)
        ended = {record.telling.server.id for record in records
                 if record.telling.news is News.STOPPED}
        return [record.telling for record in records
                if record.state is TellingState.OWED
                and record.telling.news is News.BACK
                and record.telling.server.id in ended]

    def _runs(self, record: FaultRecord, telling: Telling,
              returned: undoing.Returned, *, runs: bool) -> bool:
        """Whether a server runs again; what need not be told any more is
        waived.
        """
        server = undoing.here_now(telling.server.id, returned)
        if server is None:
            self._teller.waive(record.id, [telling],
                               'it is not on the host any more')
            return False
        if server.state != calls.ACTIVE:
            self._teller.waive(record.id, [telling],
                               f'Nova shows it as {server.state}')
            return False
        return runs and not server.task_state \
            and server.power_state in ('', _RUNNING)

"""A host is lost: the fault, and all that it calls for, is remembered."""

import logging
from collections.abc import Callable

from doctor_core import clock
from doctor_core.faults import plan
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.holding import Holding
from doctor_core.faults.pursuit import Pursuit
from doctor_core.faults.reports import Reading
from doctor_core.faults.settings import Settings
from doctor_core.model import Action, Checkpoint, Correction, Fault, Stage
from doctor_core.model.states import FaultState
from doctor_core.store import FaultRecord, Store
from doctor_core.wording import counted

LOG = logging.getLogger(__name__)

#: What is said of a host by whether it takes its servers with it.
_REMARKS = {
    True: '',
    False: '. Its machines run on without it (ironic): they are left alone',
    None: '. Nova has not told which hypervisors there are: its servers are '
          'set to error when it has'}


class Raising:
    """Raises faults; each method from any thread, for one host by one at a
    time. None blocks on more than the store.

    :param checkpoint: takes the stamps; never blocks.
    :param hands_over: whether another service corrects the servers.
    """

    def __init__(self, settings: Callable[[], Settings], store: Store,
                 affected: AffectedMap, pursuit: Pursuit, holding: Holding,
                 checkpoint: Callable[[Checkpoint], None],
                 hands_over: bool) -> None:
        self._settings = settings
        self._store = store
        self._affected = affected
        self._pursuit = pursuit
        self._holding = holding
        self._checkpoint = checkpoint
        self._hands_over = hands_over

    def remember(self, report: Fault, host: str,
                 standing: FaultRecord | None) -> None:
        """Make a report a fault, with what is owed because of it.

        Called inside of :meth:`.Holding.deciding` and of a transaction.

        :param host: as Nova has it.
        :param standing: a fault of which not all is undone yet.
        """
        self._stamp(Stage.DETECTED, report.detected_at, host, report.id)
        found = self._affected.of(host)
        self._stamp(Stage.AFFECTED_FOUND, clock.now(), host, report.id)
        former = standing or self._store.faults.last_of(host)
        self._holding.add(report, host, former.id if former else '',
                          standing)
        if standing is not None:
            self._take_over(standing, report.id)
        before = {one.correction.target_id: one.correction.before
                  for one in self._store.corrections.of(report.id)}
        self._store.corrections.owe(report.id, self._known_corrections(
            found))
        self._store.tellings.owe(report.id, plan.tellings(
            found, before, plan.rests_on(
                (one.kind for one in report.evidence),
                is_path_suspected=report.is_path_suspected)))
        self._store.faults.remember(report.id, report.id, Reading.RAISES)
        self._pursuit.raised(report.id)

    def announce(self, report: Fault, host: str) -> None:
        """Say that a host is lost, once that is remembered."""
        record = self._store.faults.find(report.id)
        held = record is not None and record.state is FaultState.HELD
        found = self._affected.of(host)
        LOG.warning('Host %s is down (%s): %s and %s are '
                    'affected; fault %s%s%s', host,
                    report.cause or report.source or report.type,
                    counted(len(found.servers), 'server'),
                    counted(len(found.ports), 'port'), report.id,
                    f' is {record.reason}' if record and held else '',
                    _REMARKS[found.takes_servers])

    def _known_corrections(self, found: plan.Affected) -> list[Correction]:
        """What can be corrected before Nova was asked. A state that is
        changed on old knowledge could not be given back.
        """
        settings = self._settings()
        known = plan.corrections(found, ports=settings.with_ports)
        return known if settings.hears_states or self._hands_over else [
            one for one in known if one.action is Action.FORCE_DOWN]

    def _take_over(self, standing: FaultRecord, later_id: str) -> None:
        LOG.warning('Host %s is down again before all was undone; fault %s '
                    'takes over from %s', standing.hostname, later_id,
                    standing.id)
        self._store.faults.move(standing.id, FaultState.REPLACED,
                                reason=f'lost again: fault {later_id}')
        self._store.corrections.pass_on(standing.id, later_id)
        self._pursuit.replaced(standing.id, later_id)

    def _stamp(self, stage: Stage, at: float, host: str,
               fault_id: str) -> None:
        self._checkpoint(Checkpoint(stage, at, host, fault_id=fault_id))

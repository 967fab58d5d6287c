"""What is found out of a host after it was reported down."""

import logging
from collections.abc import Sequence

from doctor_core import clock
from doctor_core.faults import reports
from doctor_core.faults.holders import Holders
from doctor_core.faults.holding import Holding
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight
from doctor_core.model.states import DOWN
from doctor_core.store import FaultRecord, Store

LOG = logging.getLogger(__name__)


class Witnessing:
    """Has witnesses end faults, or let go of those that are held; each method
    from any thread, for one host by one at a time. None blocks for long.
    """

    def __init__(self, store: Store, holding: Holding, holders: Holders
                 ) -> None:
        self._store = store
        self._holding = holding
        self._holders = holders

    def take(self, host: str, found: Sequence[Evidence]) -> None:
        """A witness says something of a host that is said to be lost: that
        it is dead, so that what is held need not be any longer, or that it
        lives, which ends the fault.

        :param host: as Nova has it.
        """
        with self._holding.deciding(), self._store.together():
            record = self._store.faults.open_of(host)
            if record is None or record.state not in DOWN:
                LOG.info('Evidence on host %s is left: no fault of it is '
                         'open', host)
                return
            current = [one for one in found
                       if not self._is_outdated(one, record)]
            if not current:
                LOG.info('Evidence on host %s is left: it was seen alive '
                         'before it was said to be lost', host)
                return
            why = self._act(record, current)
        LOG.warning('Host %s, fault %s: %s', host, record.id, why)

    def _act(self, record: FaultRecord, found: Sequence[Evidence]) -> str:
        """Do what follows; what the surest of them says."""
        self._store.evidence.add(record.id, *found)
        surest = max(found, key=lambda one: abs(one.kind.weight))
        why = reports.witnessed(surest)
        if surest.kind.weight is Weight.LIVES:
            if surest.kind is EvidenceKind.HEARD:
                self._holders.witness(surest.source, record)
            self._holders.overrule(record, clock.now(),
                                   f'the host lives: {why}')
        elif surest.kind.weight is Weight.PROVES:
            self._holding.proved(record, why)
        return why

    def _is_outdated(self, found: Evidence, record: FaultRecord) -> bool:
        """Whether a host was seen alive before it was said to be lost, by
        any who still says so: that word comes late, and ends nothing.

        What our own monitors find comes in its order, whatever becomes of
        their clock.
        """
        return found.kind.weight is Weight.LIVES and any(
            reports.is_before(found.at, said)
            for said in self._store.faults.said_down(
                record.hostname, self._holders.strangers(record.id)))

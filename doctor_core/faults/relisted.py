"""Hosts that Nova lists again, with a mark that Doctor made before it did
not: the fault has ended, for the host had left Nova.
"""

import logging

from doctor_core.faults.affected import AffectedMap
from doctor_core.model import Action
from doctor_core.model.states import CorrectionState
from doctor_core.store import Store

LOG = logging.getLogger(__name__)


class Relisted:
    """Says of each once that it is so; one thread only.

    Nothing is taken back: who made it a host again may have meant the mark.
    """

    def __init__(self, affected: AffectedMap, store: Store) -> None:
        self._affected = affected
        self._store = store
        #: The faults of which it was said.
        self._said: set[str] = set()

    def look(self) -> None:
        """See which there are, by what Nova has listed last; never blocks
        on it.
        """
        marked = self._affected.forced_down()
        for host in sorted(marked):
            fault = self._store.faults.last_of(host)
            if fault is None or fault.id in self._said \
                    or self._store.faults.open_of(host) is not None:
                continue
            left = [one.correction for one in self._store.corrections.of(
                fault.id, CorrectionState.LEFT)]
            marks = [one for one in left if one.action is Action.FORCE_DOWN]
            if not marks:
                continue
            self._said.add(fault.id)
            LOG.error(
                'Host %s is in Nova again, and marked down since fault %s, '
                'which ended when Nova had it no more. If it is well: '
                '"doctor faults clear %s", and see to the states of its '
                'servers ("doctor faults show %s" has those that Doctor set)',
                host, fault.id, host, fault.id)

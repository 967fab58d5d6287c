"""Corrections of servers that are asked for once more, some time later.

By then a server may run elsewhere, or Nova may be moving it. So Nova is
asked for it before; a host is marked down without that.
"""

import threading
from collections.abc import Callable, Collection, Iterable

from doctor_core import clock
from doctor_core.exceptions import BackendError
from doctor_core.faults.affected import AffectedMap
from doctor_core.model import Action, Correction
from doctor_core.model.states import CorrectionState, FaultState
from doctor_core.store import Store
from doctor_core.wording import counted

#: For how many seconds a look is believed.
_BELIEVED_S = 5.0
_OWED = (CorrectionState.OWED, CorrectionState.ASKED)


class Again:
    """Knows which they are, and when Nova was looked at last; each method
    from any thread.

    :param monotonic: the time, in seconds.
    """

    def __init__(self, affected: AffectedMap, store: Store,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._affected = affected
        self._store = store
        self._monotonic = monotonic
        self._lock = threading.Lock()
        #: By fault, when the last look ended, and of what it does not tell.
        self._looked: dict[str, tuple[float, frozenset[str]]] = {}
        #: By fault. What a former process has left may be old.
        self._keys = {
            record.id: self._owed(record.id) for record in
            store.faults.in_states(FaultState.HANDLING, FaultState.HELD)}

    def delayed(self, fault_id: str) -> None:
        """What is owed now is not asked for now."""
        self._add(fault_id, self._owed(fault_id))

    def tried(self, fault_id: str, corrections: Iterable[Correction]
              ) -> None:
        """These were asked for, in vain or perhaps so."""
        self._add(fault_id, {one.key for one in corrections})

    def _add(self, fault_id: str, keys: Iterable[tuple[Action, str]]) -> None:
        """These wait for a look from now on."""
        with self._lock:
            self._keys.setdefault(fault_id, set()).update(keys)

    def looked(self, fault_id: str, unknown: Collection[str] = ()
               ) -> list[str]:
        """A look has found all of the host. Where those are of which nobody
        knows any more is asked here; blocks on Nova, if there are any.

        :param unknown: the servers of which it does not tell: they wait.
        :returns: what failed, and will be tried again.
        """
        waiting = self.waiting(fault_id)
        missed = frozenset(
            target for action, target
            in (waiting and self._owed(fault_id) & waiting)
            if action is Action.RESET_STATE
            and self._affected.server(target) is None)
        try:
            missed -= self._affected.find(missed).servers.keys()
        except BackendError as error:
            return [f'cannot ask for servers that are not listed: {error}']
        with self._lock:
            self._looked[fault_id] = (self._monotonic(),
                                      missed.union(unknown))
        return [f'Nova cannot see {counted(len(missed), "server")} that may '
                'have left the host'] if missed else []

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        with self._lock:
            self._keys.pop(fault_id, None)
            self._looked.pop(fault_id, None)

    def waiting(self, fault_id: str) -> frozenset[tuple[Action, str]]:
        """The keys of those that wait for a look, if they are owed still."""
        with self._lock:
            keys = [key for key in self._keys.get(fault_id, ())
                    if key[0] is not Action.FORCE_DOWN]
            looked_at, unknown = self._looked.get(
                fault_id, (float('-inf'), frozenset()))
        if self._monotonic() <= looked_at + _BELIEVED_S:
            keys = [key for key in keys if key[1] in unknown]
        return frozenset(keys)

    def _owed(self, fault_id: str) -> set[tuple[Action, str]]:
        return {one.correction.key
                for one in self._store.corrections.of(fault_id, *_OWED)}

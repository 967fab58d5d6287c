"""Owners who have heard of a loss in a former fault, and nothing since."""

from collections.abc import Iterable

from doctor_core.model import News
from doctor_core.model.states import FaultState, TellingState
from doctor_core.store import FaultRecord, Store


class LastWords:
    """Who need not hear at once that their server is lost again: a look
    shows first whether it has left meanwhile.

    Each method may be called from any thread; what was placed is said for one
    host by one at a time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, frozenset[str]] = {}

    def of(self, record: FaultRecord) -> frozenset[str]:
        """The servers of a fault whose owners wait for a look at them."""
        known = self._waiting.get(record.id)
        if known is None:
            # Another thread may have been faster, and know more.
            known = self._waiting.setdefault(record.id,
                                             self._heard_last(record))
        return known

    def placed(self, record: FaultRecord, server_ids: Iterable[str]) -> None:
        """A look has said where these are."""
        self._waiting[record.id] = self.of(record).difference(server_ids)

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        self._waiting.pop(fault_id, None)

    def _heard_last(self, record: FaultRecord) -> frozenset[str]:
        """The servers of which a fault that this one has taken over from has
        told last, and that they are lost.
        """
        is_lost: dict[str, bool] = {}
        former = self._store.faults.find(record.former)
        while former is not None and former.state is FaultState.REPLACED:
            told = self._store.tellings.of(
                former.id, TellingState.TOLD, TellingState.IN_PART)
            answered = {one.telling.server.id for one in told
                        if one.telling.news is not News.LOST}
            for one in told:
                server_id = one.telling.server.id
                is_lost.setdefault(server_id, server_id not in answered)
            former = self._store.faults.find(former.former)
        return frozenset(name for name, lost in is_lost.items() if lost)

"""What the owners hear of their servers when a host is back."""

from collections.abc import Sequence

from doctor_core.faults import undoing
from doctor_core.faults.telling import Teller
from doctor_core.model import News, Telling
from doctor_core.model.states import CorrectionState, FaultState, TellingState
from doctor_core.store import FaultRecord, Store


class GoodNews:
    """Answers what owners were told of a loss.

    Each method may be called from any thread, for one host by one at a time.

    :param hears_nova: whether owners hear of Nova's own notifications.
    """

    def __init__(self, teller: Teller, store: Store, *,
                 hears_nova: bool) -> None:
        self._teller = teller
        self._store = store
        self._hears_nova = hears_nova

    def unanswered(self, fault_id: str) -> list[Telling]:
        """What owners were told of a loss, and have heard nothing since."""
        records = self._store.tellings.of(fault_id)
        answered = {one.telling.server.id for one in records
                    if one.telling.news is not News.LOST}
        return [one.telling for one in records
                if one.telling.news is News.LOST
                and one.state is not TellingState.WAIVED
                and one.telling.server.id not in answered]

    def answer(self, record: FaultRecord, lost: Sequence[Telling],
               returned: undoing.Returned, what: undoing.Guests,
               undone: frozenset[str]) -> bool:
        """Tell the owners how their servers are now.

        Whoever has yet to hear of the loss hears of that first: an owner
        who does not answer holds up no other where the order is kept for
        each.

        :param lost: what they were told.
        :param undone: the servers whose state Doctor has set back.
        :returns: whether there were owners who had yet to hear of the loss:
            they may have heard by the time that this returns.
        """
        unheard = self._teller.unheard(record.id)
        pending = {one.correction.target_id for one in
                   self._store.corrections.of(record.id,
                                              CorrectionState.UNDO_OWED)}
        left = {one.correction.target_id: one.reason for one in
                self._store.corrections.of(record.id, CorrectionState.LEFT)}
        said: list[Telling] = []
        for one in lost:
            if one.server.id in unheard or one.server.id in pending:
                continue
            word = undoing.word_for(one, returned, what,
                                    undone=one.server.id in undone,
                                    left=left.get(one.server.id, ''))
            said += self._say(record, one, word)
        self._teller.tell(record.id, record.hostname, said)
        return any(one.server.id in unheard for one in lost)

    def _say(self, record: FaultRecord, lost: Telling,
             word: undoing.Word) -> Sequence[Telling]:
        """Keep what an owner is to hear; what of it we tell now."""
        tellings = word.tellings or (Telling(lost.server, News.BACK, ''),)
        with self._store.together():
            now = self._store.faults.find(record.id)
            if now is not None and now.state is FaultState.REPLACED:
                # Lost again, and its owners hear of that.
                return ()
            self._store.tellings.owe(record.id, tellings)
            if word.nothing:
                self._teller.waive(record.id, tellings, word.nothing)
            elif word.by_nova and self._hears_nova:
                self._teller.told_by_nova(record.id, tellings)
            else:
                return tellings[:1]
        return ()

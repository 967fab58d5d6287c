"""What the owners hear of the loss of their servers."""

from collections.abc import Collection

from doctor_core.faults import plan
from doctor_core.model import Action, News, Telling
from doctor_core.model.states import STANDING, CorrectionState, FaultState
from doctor_core.store import Store

#: Of a server whose state Nova has refused to set, or was not asked to, or
#: that somebody else has changed since.
_NEVER = frozenset({CorrectionState.GIVEN_UP, CorrectionState.IN_DOUBT,
                    CorrectionState.WAIVED, CorrectionState.LEFT})


def owed(store: Store, fault_id: str, *, sets_nothing: bool,
         placed: Collection[str] = ()) -> list[Telling]:
    """What owners have yet to be told of a loss, with ``corrected`` as it is
    now: true only of what Nova shows, or will in a moment.

    :param sets_nothing: whether no more servers are set to error, at least
        for now.
    :param placed: the servers of which a look has said where they are: what
        of them is to be set is known.
    """
    lost = [one for one in store.tellings.owed(fault_id)
            if one.news is News.LOST]
    if not lost:
        return []
    states = {one.correction.target_id: one.state
              for one in store.corrections.of(fault_id)
              if one.correction.action is Action.RESET_STATE}
    record = store.faults.find(fault_id)
    waits = sets_nothing or record is not None \
        and record.state is FaultState.HELD
    return [plan.uncorrected(one)
            if states.get(one.server.id) in _NEVER
            or one.server.id in placed and one.server.id not in states
            or waits and states.get(one.server.id) not in STANDING
            else one for one in lost]

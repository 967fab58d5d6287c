"""What a note says of owners who were not told, or not yet. Pure."""

from collections.abc import Mapping, Sequence

from doctor_core.model import News
from doctor_core.model.states import TellingState
from doctor_core.store import TellingRecord
from doctor_core.wording import few

Counts = Mapping[tuple[News, TellingState], int]

#: So many servers have a name in a note.
NAMED = 3
#: What a note says of tellings in these states: the first two for good, for
#: nobody tries those again.
FAILED = {TellingState.GIVEN_UP: 'not told',
          TellingState.IN_PART: 'told in part'}
WAITING = {TellingState.OWED: 'yet to be told'}


def states(counts: Counts) -> list[TellingState]:
    """The states of which a note has something to say."""
    return [state for state in (*FAILED, *WAITING)
            if any(count and one is state
                   for (_, one), count in counts.items())]


def sentences(words: Mapping[TellingState, str], counts: Counts,
              some: Mapping[TellingState, Sequence[TellingRecord]]
              ) -> list[str]:
    """Whose owners these are, and why that is so of the first.

    :param words: what is said of tellings in a state.
    :param some: the first of those; :data:`NAMED` of them are enough.
    """
    return [f'{said}: {_whose(some[state], _count(counts, state))}'
            for state, said in words.items() if some.get(state)]


def _whose(those: Sequence[TellingRecord], count: int) -> str:
    names = [f'{one.telling.server.name or one.telling.server.id} '
             f'({one.telling.news})' for one in those[:NAMED]]
    who = few([*names, *[''] * (count - len(names))], NAMED)
    why = next((one.reason for one in those if one.reason), '')
    return f'{who}: {why}' if why else who


def _count(counts: Counts, state: TellingState) -> int:
    return sum(count for (_, one), count in counts.items() if one is state)

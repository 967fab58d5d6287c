"""The states of a fault and of what is owed because of it, as tables of moves.

A state changes by a move that stands here, and by no other; the store makes
each one only if the state is still the one that it leads from. What is told,
corrected or undone is a fact of a server, a port or a compute service, so
each of them has a state of its own beside that of the fault.
"""

import enum
from collections.abc import Collection, Iterable
from typing import TypeVar

from doctor_core.exceptions import InvalidTransition


class FaultState(enum.StrEnum):
    """How far Doctor is with a fault. It begins as handling, held or ignored.

    :cvar HANDLING: something is still owed.
    :cvar HANDLED: all that the loss calls for was done.
    :cvar HELD: the owners are told; the cloud is not corrected before a
        witness or an operator says so, or its turn comes.
    :cvar CLEARING: the host is back, and what was done is being undone.
    :cvar CLEARED: all was undone, or is accounted for.
    :cvar REPLACED: the host failed again before that; another fault has
        taken over what was not undone.
    :cvar IGNORED: nothing was ever done about it.
    """

    HANDLING = 'handling'
    HANDLED = 'handled'
    HELD = 'held'
    CLEARING = 'clearing'
    CLEARED = 'cleared'
    REPLACED = 'replaced'
    IGNORED = 'ignored'


class CorrectionState(enum.StrEnum):
    """How far a correction is. It begins as owed.

    :cvar OWED: nobody was asked for it yet, or all who were have refused.
    :cvar ASKED: Nova or Neutron was, perhaps, and has not confirmed it.
    :cvar DONE: they have.
    :cvar GIVEN_UP: it can never be made, and never was.
    :cvar IN_DOUBT: it can never be made now, but may have been before, when
        no answer came.
    :cvar WAIVED: it is not called for any more, and was never made.
    :cvar UNDO_OWED: it is to be taken back.
    :cvar UNDONE: it was.
    :cvar LEFT: it is not Doctor's to take back any more, e.g. since the
        server was evacuated, or its owner has reset it.
    :cvar PASSED_ON: a later fault of the host has taken it over.
    """

    OWED = 'owed'
    ASKED = 'asked'
    DONE = 'done'
    GIVEN_UP = 'given-up'
    IN_DOUBT = 'in-doubt'
    WAIVED = 'waived'
    UNDO_OWED = 'undo-owed'
    UNDONE = 'undone'
    LEFT = 'left'
    PASSED_ON = 'passed-on'


class TellingState(enum.StrEnum):
    """How far the telling of an owner is. It begins as owed.

    :cvar OWED: it is to be done, or under way.
    :cvar TOLD: everybody whose alarm goes off was told; or others were who
        know the alarms.
    :cvar NOBODY: there is nobody to tell: no alarm goes off.
    :cvar IN_PART: somebody was told, and somebody else could not be reached.
    :cvar GIVEN_UP: nobody was told, and somebody could not be reached.
    :cvar WAIVED: there is nothing to tell any more.
    """

    OWED = 'owed'
    TOLD = 'told'
    NOBODY = 'nobody-to-tell'
    IN_PART = 'told-in-part'
    GIVEN_UP = 'given-up'
    WAIVED = 'waived'


State = TypeVar('State', FaultState, CorrectionState, TellingState)

_F, _C, _T = FaultState, CorrectionState, TellingState

#: The moves of a fault. It begins as handling, held or ignored.
FAULT_MOVES: frozenset[tuple[FaultState, FaultState]] = frozenset({
    (_F.HANDLING, _F.HANDLED),
    # A server came to light, or something moved.
    (_F.HANDLED, _F.HANDLING),
    # Others fell silent with it: a path is suspected, and it has to wait.
    (_F.HANDLING, _F.HELD),
    # Confirmed by a witness or an operator, or its turn has come.
    (_F.HELD, _F.HANDLING),
    (_F.HANDLING, _F.CLEARING),
    (_F.HANDLED, _F.CLEARING),
    (_F.HELD, _F.CLEARING),
    (_F.CLEARING, _F.CLEARED),
    (_F.CLEARING, _F.REPLACED),
})

#: The moves of a correction. It begins as owed.
CORRECTION_MOVES: frozenset[tuple[CorrectionState, CorrectionState]] = \
    frozenset({
        (_C.OWED, _C.ASKED),
        (_C.OWED, _C.WAIVED),
        (_C.OWED, _C.GIVEN_UP),
        (_C.ASKED, _C.DONE),
        (_C.ASKED, _C.GIVEN_UP),
        # Refused, but it may be granted later.
        (_C.ASKED, _C.OWED),
        # An answer may be lost although the request was carried out.
        (_C.ASKED, _C.UNDO_OWED),
        (_C.ASKED, _C.IN_DOUBT),
        (_C.IN_DOUBT, _C.UNDO_OWED),
        (_C.DONE, _C.UNDO_OWED),
        (_C.ASKED, _C.LEFT),
        (_C.DONE, _C.LEFT),
        (_C.UNDO_OWED, _C.UNDONE),
        (_C.UNDO_OWED, _C.LEFT),
        (_C.OWED, _C.PASSED_ON),
        (_C.ASKED, _C.PASSED_ON),
        (_C.IN_DOUBT, _C.PASSED_ON),
        (_C.DONE, _C.PASSED_ON),
        (_C.UNDO_OWED, _C.PASSED_ON),
    })

#: The moves of a telling. It begins as owed.
TELLING_MOVES: frozenset[tuple[TellingState, TellingState]] = frozenset({
    (_T.OWED, _T.TOLD),
    (_T.OWED, _T.NOBODY),
    (_T.OWED, _T.IN_PART),
    (_T.OWED, _T.GIVEN_UP),
    (_T.OWED, _T.WAIVED),
})

#: A host that is down.
DOWN = frozenset({_F.HANDLING, _F.HANDLED, _F.HELD})
#: A host with which Doctor is not through.
OPEN = DOWN | {_F.CLEARING}
#: A correction that was made, or may have been, and was not taken back.
STANDING = frozenset({_C.ASKED, _C.DONE, _C.IN_DOUBT, _C.UNDO_OWED})


def moves_of(kind: type[State]) -> frozenset[tuple[State, State]]:
    """All moves between states of a kind."""
    tables: dict[type, frozenset[tuple[State, State]]] = {
        FaultState: FAULT_MOVES,          # type: ignore[dict-item]
        CorrectionState: CORRECTION_MOVES,  # type: ignore[dict-item]
        TellingState: TELLING_MOVES}      # type: ignore[dict-item]
    return tables[kind]


def check_move(old: State, new: State) -> None:
    """Return if there is such a move.

    :raises InvalidTransition: there is none.
    """
    if (old, new) not in moves_of(type(old)):
        raise InvalidTransition(old, new)


def sources_of(new: State) -> frozenset[State]:
    """The states from which a move leads to a state."""
    return frozenset(old for old, to in moves_of(type(new)) if to is new)


def drawing(kind: type[State]) -> str:
    """The moves of a kind as a reStructuredText table."""
    rows = [(str(old), ', '.join(sorted(news)) or '(the end)')
            for old in kind
            for news in [_followers(old, moves_of(kind))]]
    return '\n'.join(_table(('from', 'to'), rows))


def _followers(old: State, moves: Collection[tuple[State, State]]
               ) -> list[str]:
    return [str(new) for before, new in moves if before is old]


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]
           ) -> list[str]:
    rows = [head, *rows]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    rule = '  '.join('=' * width for width in widths)
    lines = [f'{row[0]:{widths[0]}}  {row[1]}' for row in rows]
    return [rule, lines[0], rule, *lines[1:], rule]

import pathlib

import testtools

import doctor_core
from doctor_core.exceptions import InvalidTransition
from doctor_core.model import states
from doctor_core.model.states import (
    CorrectionState,
    FaultState,
    TellingState,
)

KINDS = (FaultState, CorrectionState, TellingState)
#: The states that nothing leads to: those in which something begins.
FIRST = {FaultState: {FaultState.HANDLING, FaultState.HELD,
                      FaultState.IGNORED},
         CorrectionState: {CorrectionState.OWED},
         TellingState: {TellingState.OWED}}


class MovesTest(testtools.TestCase):

    def test_every_state_can_be_reached(self):
        for kind in KINDS:
            reached = set(FIRST[kind])
            for _ in kind:
                reached |= {new for old, new in states.moves_of(kind)
                            if old in reached}
            self.assertEqual(set(kind), reached)

    def test_every_state_leads_to_an_end(self):
        """A fault that can never end would stay open for ever."""
        for kind in KINDS:
            moves = states.moves_of(kind)
            ends = set(kind) - {old for old, _ in moves}
            self.assertNotEqual(set(), ends)
            leading = set(ends)
            for _ in kind:
                leading |= {old for old, new in moves if new in leading}
            self.assertEqual(set(kind), leading)

    def test_there_is_no_way_back_to_an_open_fault(self):
        """A host that fails again is a new fault."""
        for end in (FaultState.CLEARING, FaultState.CLEARED,
                    FaultState.REPLACED):
            self.assertEqual(
                set(), {new for old, new in states.FAULT_MOVES
                        if old is end} & states.DOWN)

    def test_a_move_that_is_none(self):
        error = self.assertRaises(
            InvalidTransition, states.check_move, FaultState.CLEARED,
            FaultState.HANDLING)
        self.assertEqual(('cleared', 'handling'), (error.old, error.new))

    def test_states_of_two_kinds_are_not_mixed(self):
        self.assertNotIn((CorrectionState.OWED, CorrectionState.DONE),
                         states.moves_of(TellingState))
        self.assertEqual({TellingState.OWED},
                         states.sources_of(TellingState.TOLD))


class DrawingTest(testtools.TestCase):

    def test_the_documentation_is_current(self):
        """Run "tox -e genstates" after a change of the tables."""
        path = pathlib.Path(doctor_core.__file__).parents[1] \
            / 'doc/source/contributor/states.rst'
        text = path.read_text()
        for kind in KINDS:
            self.assertIn(states.drawing(kind), text)

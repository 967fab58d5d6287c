import threading

import testtools

from doctor_core.faults.slices import in_slices
from doctor_core.model import (
    Action,
    Correction,
    FaultStatus,
    Mark,
    StateChange,
)
from doctor_core.tests.unit.faults import doubles

LIMIT_S = 10.0


def change(name, error=''):
    return StateChange(
        Correction(Action.RESET_STATE, name, 'h0', Mark.BACK), 5.0, error)


class InSlicesTest(testtools.TestCase):

    def test_all_at_once_where_nobody_is_late(self):
        changes = [change('a'), change('b')]

        def ask(done):
            for one in changes:
                done(one)
            return changes
        self.assertEqual([changes], list(in_slices(ask, LIMIT_S)))

    def test_who_hangs_holds_up_no_other(self):
        go_on = threading.Event()

        def ask(done):
            done(change('a'))
            go_on.wait(LIMIT_S)
            return [change('a'), change('b')]
        slices = in_slices(ask, 0.001)
        self.assertEqual([change('a')], next(slices))
        go_on.set()
        self.assertEqual([[change('b')]], list(slices))

    def test_the_last_word_counts(self):
        go_on = threading.Event()

        def ask(done):
            done(change('a', 'not yet'))
            go_on.wait(LIMIT_S)
            return [change('a')]
        slices = in_slices(ask, 0.001)
        self.assertEqual([change('a', 'not yet')], next(slices))
        go_on.set()
        self.assertEqual([[change('a')]], list(slices))

    def test_what_is_raised(self):
        def ask(done):
            raise TimeoutError('mine')
        self.assertRaises(TimeoutError, list, in_slices(ask, 0.001))


class HangingTest(testtools.TestCase):

    def test_owners_of_others_hear_that_their_servers_are_back(self):
        """Nova hung at the reset of one server: ten owners waited for half a
        minute.
        """
        desk = doubles.Desk(ports=False)
        fault_id = desk.down().fault_id
        desk.alarms.told.clear()
        told, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)
        tell = desk.alarms.tell

        def heard(events, **known):
            try:
                return tell(events, **known)
            finally:
                if len(desk.alarms.told) == 2:
                    told.set()

        def hang(correction):
            if correction.target_id == 's2':
                go_on.wait(LIMIT_S)
        desk.alarms.tell, desk.inspector.crash = heard, hang
        returning = threading.Thread(target=desk.up)
        returning.start()
        self.assertTrue(told.wait(LIMIT_S))
        self.assertEqual([('s0', 'active'), ('s1', 'active')],
                         sorted(desk.alarms.told))
        go_on.set()
        returning.join()
        self.assertIn(('s2', 'active'), desk.alarms.told)
        self.assertEqual('cleared', desk.fault(fault_id).state)

    def test_what_was_in_the_way_is_said_no_longer(self):
        """Until the last owner was told or given up the note had it."""
        desk = doubles.Desk()
        desk.alarms.hold = threading.Event()
        self.addCleanup(desk.alarms.hold.set)
        desk.inspector.failing = {'s0'}
        answer = desk.handler.begin(desk.handler.decide(doubles.fault(
            'h0', FaultStatus.DOWN, 10.0))).result(LIMIT_S)
        self.assertIn('Nova said no', desk.fault(answer.fault_id).note)
        desk.inspector.failing = set()
        told = desk.engine.pursuit.begin(answer.fault_id)
        self.assertEqual('', desk.fault(answer.fault_id).note)
        self.assertFalse(told.done())

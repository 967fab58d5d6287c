import dataclasses
import os

import fixtures
import testtools

from doctor_core import store
from doctor_core.exceptions import ConfigError
from doctor_core.model import (
    Action,
    Correction,
    Fault,
    FaultStatus,
    StateChange,
)

FORCE = Correction(Action.FORCE_DOWN, 'c0', 'h0', 'false', 'true')
RESET = Correction(Action.RESET_STATE, 's0', 'h0', 'active', 'error')


def fault(host='h0', received_at=10.0, **changes):
    return Fault(host, 'compute.host.down', FaultStatus.DOWN, 9.0,
                 received_at, **changes)


class StoreTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.path = self.useFixture(fixtures.TempDir()).join('s.sqlite')
        self.store = self.opened()
        self.fault = fault()

    def opened(self):
        opened = store.Store(self.path)
        self.addCleanup(opened.close)
        return opened

    def test_fault_and_what_it_calls_for_outlive_the_process(self):
        self.store.open(self.fault, 'h0', [FORCE, RESET])
        again = self.opened()
        self.assertEqual([self.fault.id],
                         [record.id for record in again.unfinished()])
        self.assertEqual({FORCE, RESET},
                         set(again.corrections(self.fault.id)))

    def test_raised_is_the_open_fault_of_the_host(self):
        self.assertIsNone(self.store.raised('h0'))
        self.store.open(self.fault, 'h0', [])
        self.assertEqual(self.fault.id, self.store.raised('h0').id)
        self.assertIsNone(self.store.raised('h1'))
        self.store.set_state(self.fault.id, store.CLEARED, cleared_at=20.0)
        self.assertIsNone(self.store.raised('h0'))

    def test_cleared_since(self):
        self.store.open(self.fault, 'h0', [])
        self.store.set_state(self.fault.id, store.CLEARED, cleared_at=20.0)
        self.assertEqual(
            (True, False, False),
            (self.store.cleared_since('h0', 19.0),
             self.store.cleared_since('h0', 20.0),
             self.store.cleared_since('h1', 19.0)))

    def test_owed_is_what_has_not_succeeded(self):
        self.store.open(self.fault, 'h0', [FORCE, RESET])
        self.store.corrected(self.fault.id, [
            StateChange(FORCE, 11.0), StateChange(RESET, 11.0, 'no')])
        self.assertEqual([RESET], self.store.corrections(
            self.fault.id, owed_only=True))
        self.store.corrected(self.fault.id, [StateChange(RESET, 12.0)])
        self.assertEqual([], self.store.corrections(
            self.fault.id, owed_only=True))

    def test_to_reverse(self):
        self.store.open(self.fault, 'h0', [FORCE, RESET])
        # No outcome known: the process may have died right after.
        self.assertEqual({FORCE, RESET},
                         set(self.store.to_reverse(self.fault.id)))
        self.store.corrected(self.fault.id, [
            StateChange(FORCE, 11.0, 'no answer'),
            StateChange(RESET, 11.0, 'refused')])
        # They may have been made although the answer was lost.
        self.assertEqual({FORCE, RESET},
                         set(self.store.to_reverse(self.fault.id)))

    def test_reversed_once(self):
        self.store.open(self.fault, 'h0', [FORCE, RESET])
        self.store.corrected(self.fault.id, [StateChange(FORCE, 11.0),
                                             StateChange(RESET, 11.0)])
        self.store.reversed(self.fault.id, [StateChange(FORCE, 21.0, 'no'),
                                            StateChange(RESET, 21.0)])
        self.assertEqual([FORCE], self.store.to_reverse(self.fault.id))

    def test_reopened_owes_everything(self):
        self.store.open(self.fault, 'h0', [FORCE])
        self.store.corrected(self.fault.id, [StateChange(FORCE, 11.0)])
        self.store.reversed(self.fault.id, [StateChange(FORCE, 21.0)])
        self.store.set_told(self.fault.id)
        self.store.set_state(self.fault.id, store.CLEARING, cleared_at=20.0)
        self.store.reopen(self.fault.id)
        record = self.store.find(self.fault.id)
        self.assertEqual((store.HANDLING, False, None),
                         (record.state, record.told, record.cleared_at))
        self.assertEqual([FORCE], self.store.corrections(
            self.fault.id, owed_only=True))

    def test_held_is_not_done_by_itself(self):
        self.store.open(self.fault, 'h0', [FORCE, RESET], why_held='many')
        self.store.set_told(self.fault.id)
        again = self.opened()
        self.assertEqual([], again.unfinished())
        self.assertEqual(self.fault.id, again.raised('h0').id)
        self.assertEqual([(store.HELD, 'many')], [
            (record.state, record.note) for record in again.held()])

    def test_owners_of_a_held_fault_are_owed_a_word(self):
        self.store.open(self.fault, 'h0', [FORCE], why_held='many')
        self.assertEqual([self.fault.id], [
            record.id for record in self.store.unfinished()])

    def test_release_only_what_is_held(self):
        other = fault('h1')
        self.store.open(self.fault, 'h0', [FORCE], why_held='many')
        self.store.open(other, 'h1', [])
        self.assertEqual([self.fault.id], self.store.release(
            [self.fault.id, other.id, 'nosuch'], 'confirmed'))
        self.assertEqual([], self.store.release([self.fault.id], ''))
        record = self.store.find(self.fault.id)
        self.assertEqual((store.HANDLING, 'confirmed'),
                         (record.state, record.note))

    def test_waived_has_nothing_to_reverse(self):
        self.store.open(self.fault, 'h0', [FORCE], why_held='many')
        self.assertTrue(self.store.waive(self.fault.id, 20.0))
        self.assertEqual([], self.store.to_reverse(self.fault.id))
        self.assertEqual(store.CLEARING,
                         self.store.find(self.fault.id).state)

    def test_only_what_is_held_is_waived(self):
        self.store.open(self.fault, 'h0', [FORCE])
        self.assertFalse(self.store.waive(self.fault.id, 20.0))
        self.assertEqual([FORCE], self.store.to_reverse(self.fault.id))

    def test_fallen(self):
        for number, state in enumerate(
                (store.HANDLED, store.CLEARED, store.CLEARED)):
            one = fault(f'h{number}', received_at=float(number))
            self.store.open(one, one.hostname, [])
            self.store.set_state(one.id, state)
        self.store.ignore(fault('h9'), 'h9', 'why')
        self.assertEqual({('h0', True), ('h2', False)}, {
            (fallen.hostname, fallen.is_down)
            for fallen in self.store.fallen(1.0)})

    def test_tally(self):
        self.store.open(self.fault, 'h0', [FORCE, RESET, dataclasses.replace(
            RESET, target_id='s1')])
        self.store.corrected(self.fault.id, [
            StateChange(FORCE, 11.0), StateChange(RESET, 11.0, 'no')])
        self.assertEqual(
            [(Action.FORCE_DOWN, 1, 0), (Action.RESET_STATE, 2, 2)],
            [(tally.action, tally.count, tally.undone)
             for tally in self.store.tally([self.fault.id])])
        self.assertEqual([], self.store.tally([]))

    def test_only_from(self):
        self.store.open(self.fault, 'h0', [])
        self.store.set_state(self.fault.id, store.CLEARING)
        self.store.set_state(self.fault.id, store.HANDLED,
                             only_from=store.HANDLING)
        self.assertEqual(store.CLEARING,
                         self.store.find(self.fault.id).state)

    def test_newest_first_and_limited(self):
        for number in range(5):
            self.store.ignore(fault(received_at=float(number)), 'h0', 'why')
        self.assertEqual([4.0, 3.0], [
            record.received_at for record in self.store.faults(2)])

    def test_event_that_comes_twice_is_ignored_once(self):
        self.store.ignore(self.fault, 'h0', 'why')
        self.store.ignore(self.fault, 'h0', 'why')
        self.assertEqual(1, len(self.store.faults()))

    def test_alarms(self):
        self.store.save_alarm('a', {'x': 1})
        self.store.save_alarm('a', {'x': 2})
        self.store.save_alarm('b', {})
        self.store.delete_alarm('b')
        self.store.delete_alarm('never')
        self.assertEqual([{'x': 2}], self.opened().alarms())

    def test_folder_is_made(self):
        path = os.path.join(os.path.dirname(self.path), 'new', 's.sqlite')
        store.Store(path).close()
        self.assertTrue(os.path.exists(path))

    def test_path_that_cannot_be_used(self):
        error = self.assertRaises(
            ConfigError, store.Store, os.path.join(self.path, 'below'))
        self.assertIn('state_path', str(error))

    def test_memory(self):
        memory = store.Store()
        memory.open(self.fault, 'h0', [RESET])
        self.assertEqual(dataclasses.asdict(RESET), dataclasses.asdict(
            memory.corrections(self.fault.id)[0]))

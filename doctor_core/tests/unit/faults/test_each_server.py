"""What is told and corrected is a fact of each server."""

import testtools

from doctor_core.exceptions import BackendError
from doctor_core.model import Action, ComputeService, News, Server
from doctor_core.tests.unit.faults import doubles


class FoundLateTest(testtools.TestCase):
    """Set to error, its owner never told."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.fault_id = self.desk.down().fault_id
        self.late = Server('s9', 'vm9', 'p', 'h0')

    def test_after_all_was_handled(self):
        self.desk.cloud.all_servers['s9'] = self.late
        self.desk.affected.refresh()
        self.desk.look_for_more()
        self.assert_told_and_marked()

    def test_heard_of(self):
        self.desk.cloud.all_servers['s9'] = self.late
        self.desk.affected.hear('compute.instance.update', {
            'instance_id': 's9', 'tenant_id': 'p', 'host': 'h0',
            'state': 'active'}, doubles.SENT)
        self.desk.look_for_more()
        self.assert_told_and_marked()

    def assert_told_and_marked(self):
        self.assertEqual(1, self.desk.alarms.told.count(('s9', 'error')))
        self.assertEqual('error', self.desk.states()['s9'])
        self.assertEqual('handled', self.desk.fault(self.fault_id).state)
        self.assertEqual('told', self.desk.telling_states(
            self.fault_id)['s9', News.LOST])

    def test_others_are_not_told_again(self):
        self.test_heard_of()
        self.assertEqual(1, self.desk.alarms.told.count(('s0', 'error')))

    def test_in_a_pass_that_is_made_because_another_failed(self):
        self.desk.up(at=20.0)
        self.desk.alarms.told.clear()
        self.desk.inspector.failing = {'s0'}
        self.fault_id = self.desk.down(at=30.0).fault_id
        self.desk.cloud.all_servers['s9'] = self.late
        self.desk.inspector.failing = set()
        self.desk.resume()
        self.assert_told_and_marked()

    def test_nothing_is_late(self):
        self.assertEqual([None], self.desk.look_for_more())


class OneRoundTest(testtools.TestCase):

    def test_what_failed_is_not_tried_again_at_once(self):
        """With a server found meanwhile, Nova was asked twice as long."""
        desk = doubles.Desk()
        desk.inspector.failing = {'c0'}
        desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p', 'h0')
        answer = desk.down()
        self.assertEqual(1, answer.note.count('c0'))
        self.assertEqual('error', desk.states()['s9'])


class CellBackTest(testtools.TestCase):
    """Owners in a cell that was down were never told."""

    def test_told_at_once_as_far_as_known_and_else_later(self):
        desk = doubles.Desk()
        desk.cloud.unseen = {'h0'}
        answer = desk.down()
        self.assertEqual('handling', answer.state)
        self.assertIn('cell', answer.note)
        self.assertEqual(3, len(desk.alarms.told))
        desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p', 'h0')
        desk.cloud.unseen = set()
        self.assertEqual('handled', desk.resume(answer.fault_id).state)
        self.assertIn(('s9', 'error'), desk.alarms.told)


class ServiceIdTest(testtools.TestCase):

    def test_a_service_that_was_made_anew_is_asked_for_by_its_new_id(self):
        desk = doubles.Desk()
        desk.cloud.touch('h0', id='c9')
        desk.inspector.failing = {'c0'}
        answer = desk.down()
        states = desk.correction_states(answer.fault_id)
        self.assertEqual('in-doubt', states[Action.FORCE_DOWN, 'c0'])
        desk.resume()
        self.assertIn((Action.FORCE_DOWN, 'c9', 'true'),
                      desk.inspector.made)
        self.assertEqual('handled', desk.fault(answer.fault_id).state)

    def test_a_service_that_was_made_anew_is_taken_back_by_its_new_id(self):
        """The old id was asked for at each retry, and the fault stayed
        clearing for ever.
        """
        desk = doubles.Desk()
        desk.cloud.touch('h0', id='c9')
        desk.inspector.failing = {'c0'}
        answer = desk.down()
        desk.resume()
        self.assertEqual('cleared', desk.up().state)
        self.assertEqual(set(), desk.forced_down())
        states = desk.correction_states(answer.fault_id)
        self.assertEqual(('left', 'undone'), (
            states[Action.FORCE_DOWN, 'c0'], states[Action.FORCE_DOWN, 'c9']))

    def test_a_service_that_was_made_anew_and_whose_old_id_is_refused(self):
        desk = doubles.Desk()
        desk.cloud.touch('h0', id='c9')
        desk.inspector.forbidding = {'c0'}
        answer = desk.down()
        desk.resume()
        self.assertEqual('cleared', desk.up().state)
        self.assertEqual(set(), desk.forced_down())
        states = desk.correction_states(answer.fault_id)
        self.assertEqual(('given-up', 'undone'), (
            states[Action.FORCE_DOWN, 'c0'], states[Action.FORCE_DOWN, 'c9']))

    def test_a_service_that_was_made_anew_while_its_host_was_down(self):
        desk = doubles.Desk()
        answer = desk.down()
        desk.cloud.touch('h0', id='c9', forced_down=False)
        desk.inspector.failing = {'c0'}
        self.assertEqual('cleared', desk.up().state)
        self.assertEqual('left', desk.correction_states(
            answer.fault_id)[Action.FORCE_DOWN, 'c0'])

    def test_a_service_that_is_gone_is_given_up(self):
        desk = doubles.Desk()
        del desk.cloud.service['h0']
        desk.inspector.failing = {'c0'}
        answer = desk.down()
        desk.clock.advance(60.0)
        desk.resume()
        desk.resume()
        self.assertEqual('handled', desk.fault(answer.fault_id).state)

    def test_a_service_that_is_not_listed_for_a_moment_is_not(self):
        """Its host was never marked down."""
        desk = doubles.Desk()
        service = desk.cloud.service.pop('h0')
        desk.inspector.failing = {'c0'}
        answer = desk.down()
        self.assertEqual('handling', answer.state)
        desk.cloud.service['h0'] = service
        desk.inspector.failing = set()
        desk.resume()
        self.assertEqual({'h0'}, desk.forced_down())


class NobodyTwiceTest(testtools.TestCase):

    def test_while_nova_hangs(self):
        """Owners heard of the loss at each retry."""
        desk = doubles.Desk()
        desk.inspector.failing = {'c0', 's0', 's1', 's2'}
        desk.down()
        for _ in range(5):
            desk.resume()
        self.assertEqual(3, len(desk.alarms.told))

    def test_because_another_owner_was_not_reached(self):
        desk = doubles.Desk()
        desk.alarms.failing = {'s1'}
        answer = desk.down()
        states = desk.telling_states(answer.fault_id)
        self.assertEqual(('told', 'given-up', 'told'), tuple(
            states[server_id, News.LOST] for server_id in ('s0', 's1', 's2')))
        again = desk.again()
        again.resume()
        self.assertEqual(3, len(desk.alarms.told))

    def test_ended_while_an_owner_was_away(self):
        desk = doubles.Desk()
        desk.alarms.failing = {'s1'}
        desk.stopping.set()
        desk.down()
        desk.alarms.failing = set()
        desk.again().resume()
        self.assertEqual([1, 2, 1], [
            desk.alarms.told.count((server_id, 'error'))
            for server_id in ('s0', 's1', 's2')])


class SoonAgainTest(testtools.TestCase):

    def test_marked_down_at_once_in_the_second_failure(self):
        """The map held the old mark, and the host was marked seconds later.
        """
        desk = doubles.Desk()
        desk.down(at=10.0)
        desk.up(at=20.0)
        desk.inspector.asked.clear()
        desk.down(at=30.0)
        self.assertEqual(Action.FORCE_DOWN, desk.inspector.asked[0][0])

    def test_servers_at_once_in_the_second_failure_too(self):
        """The map held them in error still, and their owners heard that
        nothing was corrected.
        """
        desk = doubles.Desk()
        desk.down(at=10.0)
        desk.up(at=20.0)
        desk.inspector.asked.clear()
        desk.down(at=30.0)
        self.assertEqual(1 + 3 + 3, len(desk.inspector.asked[0]))
        self.assertEqual(('true', 'active'), tuple(
            desk.alarms.traits['s0'][name]
            for name in ('corrected', 'state_before')))

    def test_what_was_made_is_known_though_nova_goes_away_then(self):
        desk = doubles.Desk()
        correct = desk.inspector.correct

        def last(corrections, done):
            desk.cloud.away = True
            return correct(corrections, done)
        desk.inspector.correct = last
        desk.down()
        found = desk.affected.of('h0')
        self.assertEqual((True, {'error'}, {'DOWN'}), (
            found.service.forced_down, {one.state for one in found.servers},
            {one.data_plane_status for one in found.ports}))

    def test_mark_of_somebody_else_that_was_lifted_meanwhile(self):
        desk = doubles.Desk()
        desk.cloud.touch('h0', forced_down=True)
        desk.affected.refresh()
        desk.cloud.touch('h0', forced_down=False)
        desk.down()
        self.assertEqual({'h0'}, desk.forced_down())
        desk.up()
        self.assertEqual(set(), desk.forced_down())


class WithoutAFaultTest(testtools.TestCase):

    def test_lifts_the_mark_and_names_servers_in_error(self):
        """The store was lost, and nothing could take the marks back."""
        desk = doubles.Desk()
        desk.down()
        fresh = doubles.Desk(cloud=desk.cloud)
        self.assertEqual(('h0', None), fresh.handler.clear('h0', 'alice'))
        ports = sorted(port.id for port in desk.cloud.ports('h0'))
        for marks in (fresh.engine.lifting.look('h0'),
                      fresh.engine.lifting.lift('h0')):
            self.assertEqual((True, ['s0', 's1', 's2'], ports), (
                marks.was_marked_down, sorted(marks.servers_in_error),
                sorted(marks.ports_down)))
        self.assertEqual(set(), fresh.forced_down())

    def test_mark_that_nova_does_not_lift(self):
        """Why decides whether the same request may succeed later."""
        for is_final in (False, True):
            desk = doubles.Desk()
            desk.cloud.touch('h0', forced_down=True)
            desk.cloud.lift_error = 'Nova says no'
            desk.cloud.lift_is_final = is_final
            error = self.assertRaises(
                BackendError, desk.engine.lifting.lift, 'h0')
            self.assertEqual(('Nova says no', not is_final),
                             (str(error), error.recoverable))

    def test_host_that_is_new_in_nova(self):
        desk = doubles.Desk()
        desk.cloud.service['h9'] = ComputeService(
            'c9', 'h9', 'up', 'enabled', False, updated_at='0')
        self.assertEqual(('h9', None), desk.handler.clear('h9', 'alice'))

    def test_host_that_nova_cannot_be_asked_about(self):
        """It was said that Nova has no such host."""
        desk = doubles.Desk()
        desk.cloud.away = True
        error = self.assertRaises(BackendError, desk.handler.clear, 'h9',
                                  'alice')
        self.assertTrue(error.recoverable)
        self.assertIn('Nova does not answer', str(error))
        self.assertEqual(('h0', None), desk.handler.clear('h0', 'alice'))

    def test_hypervisors_that_nova_does_not_tell_of(self):
        """Some names are theirs only."""
        desk = doubles.Desk()

        def away():
            raise BackendError('no hypervisors', recoverable=True)

        desk.cloud.hypervisors = away
        self.assertRaises(BackendError, desk.handler.clear, 'h9.hv', 'alice')

    def test_host_that_does_not_exist(self):
        self.assertEqual(('', None),
                         doubles.Desk().handler.clear('nowhere', 'alice'))

"""An inspector that changes nothing, also between two that do."""

import fixtures
import testtools

from doctor_core.exceptions import BackendError
from doctor_core.inspectors.fake import FakeInspector
from doctor_core.model import Action, Correction, Mark
from doctor_core.tests.unit.faults import doubles


class ChangesNothingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.cloud = doubles.Cloud()
        self.real = doubles.Inspector(self.cloud)
        self.fake = FakeInspector(None, self.cloud)

    def desk(self, inspector, **options):
        return doubles.Desk(cloud=self.cloud, inspector=inspector,
                            alarms=doubles.Alarms(self.real), **options)

    def test_what_was_not_made_stays_owed(self):
        """It was recorded as made."""
        desk = self.desk(self.fake)
        answer = desk.down()
        self.assertEqual('handling', answer.state)
        self.assertEqual({'owed'}, set(desk.correction_states(
            answer.fault_id).values()))
        self.assertIn('[inspector] type = fake changes nothing', answer.note)
        self.assertNotIn('doctor mark', self.log.output)
        self.assertEqual([], [one for one in desk.stamps if one.stage in (
            'T03', 'T04')])

    def test_owners_hear_that_nothing_was_corrected(self):
        for notification in ('shortcut', 'conservative'):
            desk = self.desk(self.fake, notification=notification)
            answer = desk.down()
            self.assertEqual({'false'}, {
                traits['corrected'] for traits in desk.alarms.traits.values()})
            self.assertEqual({'told'}, set(desk.telling_states(
                answer.fault_id).values()))

    def test_an_outcome_that_says_it_was_made_is_not_believed(self):
        self.real.changes_nothing = True
        desk = self.desk(self.real)
        answer = desk.down()
        self.assertEqual({'owed'}, set(desk.correction_states(
            answer.fault_id).values()))

    def test_an_inspector_that_does_takes_it_up(self):
        """The host was never marked down."""
        desk = self.desk(self.fake)
        answer = desk.down()
        desk = desk.again(self.real)
        self.assertEqual(['handled'], [one.state for one in desk.resume()])
        self.assertEqual({'h0'}, desk.forced_down())
        self.assertEqual({'error'}, set(desk.states().values()))
        self.assertEqual({'done'}, set(desk.correction_states(
            answer.fault_id).values()))

    def test_what_a_real_one_marked_is_not_recorded_as_undone(self):
        """The host stayed down for ever, its servers in error."""
        desk = self.desk(self.real)
        answer = desk.down()
        desk = desk.again(self.fake)
        back = desk.up()
        self.assertEqual('clearing', back.state)
        self.assertIn('not taken back: [inspector] type = fake changes '
                      'nothing', back.note)
        self.assertEqual({'undo-owed'}, set(desk.correction_states(
            answer.fault_id).values()))
        self.assertNotIn(('s0', 'active'), desk.alarms.told)
        desk = desk.again(self.real)
        for _ in range(4):
            desk.resume()
        self.assertEqual('cleared', desk.fault(answer.fault_id).state)
        self.assertEqual(set(), desk.forced_down())
        self.assertEqual({'active'}, set(desk.states().values()))
        self.assertIn(('s0', 'active'), desk.alarms.told)

    def test_a_return_to_which_nothing_was_done(self):
        desk = self.desk(self.fake)
        answer = desk.down()
        self.assertEqual('cleared', desk.up().state)
        self.assertEqual({'waived'}, set(desk.correction_states(
            answer.fault_id).values()))
        self.assertIn(('s0', 'active'), desk.alarms.told)

    def test_what_was_asked_for_before_is_not_made_by_it(self):
        self.real.failing = {'c0', 's0'}
        answer = self.desk(self.real).down()
        desk = self.desk(self.real)
        answer = desk.down()
        desk = desk.again(self.fake)
        desk.resume()
        states = desk.correction_states(answer.fault_id)
        self.assertEqual('asked', states['force-down', 'c0'])
        self.assertEqual('handling', desk.fault(answer.fault_id).state)

    def test_no_server_is_started(self):
        desk = self.desk(self.real, start_after_reboot=True)
        desk.down()
        desk = desk.again(self.fake)
        desk.set(start_after_reboot=True)
        desk.up()
        self.assertEqual([], self.cloud.started)

    def test_no_mark_is_lifted_of_which_no_fault_is_known(self):
        self.cloud.touch('h0', forced_down=True)
        desk = self.desk(self.fake)
        self.assertRaises(BackendError, desk.engine.lifting.lift, 'h0')
        self.assertEqual({'h0'}, desk.forced_down())

    def test_what_would_be_done_is_said_once(self):
        desk = self.desk(self.fake)
        desk.down()
        for _ in range(3):
            desk.resume()
        self.assertEqual(1, self.log.output.count(
            'Would mark force-down of c0 on h0 as lost (before: false)'))
        self.assertNotIn('Host h0: ', self.log.output)

    def test_a_port_that_had_no_status_is_not_called_unknown(self):
        self.fake.correct(
            [Correction(action, 'n0', 'h0', Mark.LOST)
             for action in (Action.DATA_PLANE_STATUS, Action.RESET_STATE)],
            lambda change: None)
        self.assertIn('data-plane-status of n0 on h0 as lost (before: null)',
                      self.log.output)
        self.assertIn('reset-state of n0 on h0 as lost (before: not known)',
                      self.log.output)

    def test_it_says_at_the_start_that_it_does(self):
        self.fake.start()
        self.assertIn('changes nothing in Nova and Neutron', self.log.output)


class HeldTest(testtools.TestCase):

    def test_owners_of_a_held_host_hear_that_nothing_was_corrected(self):
        """They heard corrected = true."""
        self.useFixture(fixtures.FakeLogger())
        cloud = doubles.Cloud(hosts=10)
        desk = doubles.Desk(cloud=cloud)
        for index in (1, 2, 3, 0):
            answer = desk.down(f'h{index}')
        self.assertEqual('held', answer.state)
        self.assertEqual({'false'}, {
            traits['corrected'] for traits in desk.alarms.traits.values()})

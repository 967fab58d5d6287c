"""An operator who wants Nova left alone for a while."""


from doctor_core.faults.handler import Decided
from doctor_core.tests.unit.faults import doubles, test_held


class HoldTest(test_held.MassFailureTestCase):

    def setUp(self):
        super().setUp()
        self.desk.set(hold=True)

    def test_each_new_fault_is_held_and_its_owners_told(self):
        answer = self.desk.down('h0')
        # Who waited for the answer did not hear why.
        self.assertEqual(('held', 'held: [inspector] hold is set'),
                         (answer.state, answer.note))
        self.assertEqual('held: [inspector] hold is set',
                         self.desk.fault(answer.fault_id).reason)
        self.assertEqual(answer.note, self.desk.handler.begin(
            Decided('again', 'h0')).result(10).note)
        self.assertIn(('s0', 'error'), self.desk.alarms.told)
        self.assertEqual('false', self.desk.alarms.traits['s0']['corrected'])
        self.assertEqual(set(), self.desk.forced_down())
        self.assertIn('is held: [inspector] hold is set', self.log.output)

    def test_what_is_held_is_no_mass_failure(self):
        self.fail(5)
        self.desk.set(hold=False)
        self.assertEqual('handled', self.desk.down('h5', 16.0).state)
        self.assertNotIn('Mass failure', self.log.output)

    def test_it_stays_held_when_the_option_is_set_back(self):
        answer = self.fail(2)
        self.desk.release()
        self.desk.set(hold=False)
        for _ in range(3):
            self.desk.release()
        self.assertEqual('held', self.desk.fault(answer.fault_id).state)
        self.assertEqual(1, self.log.output.count(
            'since [inspector] hold was set: 2 faults: h0, h1'))

    def test_that_it_was_set_is_said_once(self):
        self.desk.release()
        self.desk.release()
        self.assertEqual(1, self.log.output.count('hold is set: the owners'))

    def test_while_it_is_set_it_is_said_each_hour(self):
        """Whoever forgot it was never reminded."""
        self.desk.release()
        for hours in (1, 2):
            self.desk.clock.advance(3599.0)
            self.desk.release()
            self.assertEqual(hours, self.log.output.count('hold is set: the'))
            self.desk.clock.advance(1.0)
            self.desk.release()
            self.desk.release()
            self.assertEqual(hours + 1,
                             self.log.output.count('hold is set: the'))
        self.desk.set(hold=False)
        self.desk.release()
        self.desk.clock.advance(9999.0)
        self.desk.release()
        self.assertEqual(3, self.log.output.count('hold is set: the'))

    def test_no_budget_lets_go_of_it(self):
        answer = self.desk.down('h0')
        self.desk.set(hold=False)
        self.desk.clock.advance(1000.0)
        self.desk.release()
        self.assertEqual('held', self.desk.fault(answer.fault_id).state)
        self.assertEqual(set(), self.desk.forced_down())

    def test_nor_of_a_mass_failure_while_it_is_set(self):
        self.desk.set(hold=False)
        answer = self.fail(4)
        self.desk.set(hold=True)
        self.desk.clock.advance(1000.0)
        self.desk.release()
        self.assertEqual('held', self.desk.fault(answer.fault_id).state)
        self.desk.set(hold=False)
        self.desk.release()
        self.assertEqual('handled', self.desk.fault(answer.fault_id).state)

    def test_an_operator_lets_go_of_it_while_it_is_set(self):
        answer = self.desk.down('h0')
        self.assertEqual(['handled'], self.confirm(answer.fault_id))
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_the_host_s_return_ends_it(self):
        self.desk.down('h0')
        self.assertEqual('cleared', self.desk.up('h0').state)
        self.assertEqual([], self.desk.inspector.made)

    def test_what_was_begun_before_goes_on(self):
        self.desk.set(hold=False)
        self.desk.inspector.failing = {'c0'}
        self.desk.down('h0')
        self.desk.set(hold=True)
        self.desk.inspector.failing = set()
        self.desk.resume()
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_a_restart_says_what_is_held(self):
        self.desk.down('h0')
        desk = doubles.Desk(kept=self.desk.store, cloud=self.desk.cloud)
        desk.holding.remind()
        self.assertIn('since [inspector] hold was set: 1 fault: h0',
                      self.log.output)
        self.assertNotIn('mass failure', self.log.output)

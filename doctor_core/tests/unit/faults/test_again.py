import testtools

from doctor_core.faults.again import Again
from doctor_core.model import Action
from doctor_core.tests.unit.faults import doubles

S0, S1 = ((Action.RESET_STATE, name) for name in ('s0', 's1'))


class AgainTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk(ports=False)
        self.desk.inspector.forbidding = {'s0', 's1', 'c0'}
        self.fault_id = self.desk.down().fault_id
        self.again = Again(self.desk.affected, self.desk.store,
                           self.desk.clock.monotonic)
        self.desk.cloud.asked.clear()

    def waiting(self):
        return self.again.waiting(self.fault_id)

    def test_what_a_former_process_has_left(self):
        """But for the mark of the host."""
        self.assertEqual({S0, S1}, self.waiting())

    def test_until_a_look_and_for_a_while_only(self):
        self.assertEqual([], self.again.looked(self.fault_id))
        self.assertEqual(set(), self.waiting())
        self.desk.clock.advance(10.0)
        self.assertEqual({S0, S1}, self.waiting())
        self.assertEqual([], self.desk.cloud.asked)

    def test_of_which_the_look_does_not_tell(self):
        self.again.looked(self.fault_id, ['s1'])
        self.assertEqual({S1}, self.waiting())

    def forget_s0(self):
        del self.desk.cloud.all_servers['s0']
        self.desk.affected.refresh()
        self.desk.cloud.asked.clear()

    def test_one_that_nobody_knows_of_is_asked_for(self):
        self.forget_s0()
        self.assertEqual([], self.again.looked(self.fault_id))
        self.assertEqual([('find', 's0')], self.desk.cloud.asked)
        self.assertEqual(set(), self.waiting())

    def test_one_that_nova_cannot_see(self):
        server = self.desk.cloud.all_servers['s0']
        self.forget_s0()
        self.desk.cloud.all_servers['s0'] = server
        self.desk.cloud.blind.add('h0')
        self.assertIn('1 server', self.again.looked(self.fault_id)[0])
        self.assertEqual({S0}, self.waiting())

    def test_nova_does_not_answer(self):
        self.forget_s0()
        self.desk.cloud.away = True
        self.assertIn('does not answer',
                      self.again.looked(self.fault_id)[0])
        self.assertEqual({S0, S1}, self.waiting())

    def test_a_fault_that_has_ended(self):
        self.again.forget(self.fault_id)
        self.assertEqual(set(), self.waiting())

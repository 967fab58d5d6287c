"""Servers that Nova is at when their host is back."""

import testtools

from doctor_core.model import Action
from doctor_core.tests.unit.faults import doubles

RESET = Action.RESET_STATE, 's0'


class AtWorkTest(testtools.TestCase):
    """A server that was being evacuated was reset in the middle of that."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk(hears_states=False)
        self.answer = self.desk.down()
        self.desk.cloud.change('s0', task_state='rebuilding')
        self.desk.inspector.made.clear()

    def state(self):
        return self.desk.correction_states(self.answer.fault_id)[RESET]

    def heard(self, server_id):
        return [state for one, state in self.desk.alarms.told
                if one == server_id]

    def test_it_waits_and_no_other_does(self):
        answer = self.desk.up()
        self.assertEqual('clearing', answer.state)
        self.assertTrue(answer.waits)
        self.assertIn('server s0: Nova is at it: rebuilding', answer.note)
        self.assertEqual({'s0': 'error', 's1': 'active', 's2': 'active'},
                         self.desk.states())
        self.assertEqual((['error'], ['error', 'active']),
                         (self.heard('s0'), self.heard('s1')))

    def test_it_has_left_then(self):
        self.desk.up()
        self.desk.cloud.change('s0', host='h1', state='active', task_state='')
        self.assertEqual('cleared',
                         self.desk.resume(self.answer.fault_id).state)
        self.assertEqual('left', self.state())
        self.assertNotIn('s0', [one[1] for one in self.desk.inspector.made])

    def test_it_is_there_still(self):
        self.desk.up()
        self.desk.cloud.change('s0', task_state='')
        self.assertEqual('cleared',
                         self.desk.resume(self.answer.fault_id).state)
        self.assertEqual(('undone', 'active'),
                         (self.state(), self.desk.states()['s0']))
        self.assertEqual(['error', 'active'], self.heard('s0'))

    def test_whatever_nova_is_doing(self):
        for task in ('migrating', 'deleting', 'rebooting'):
            self.desk.cloud.change('s0', task_state=task)
            self.assertIn(task, self.desk.up().note)
        self.assertEqual('error', self.desk.states()['s0'])

    def test_an_operator_says_that_the_host_is_back(self):
        _host, answer = self.desk.handler.clear('h0', 'alice')
        self.assertEqual('clearing', answer.state)
        self.assertIn('rebuilding', answer.note)
        self.assertEqual('error', self.desk.states()['s0'])

    def test_somebody_sets_its_state(self):
        """As an operator does where Nova is stuck."""
        self.desk.up()
        self.desk.cloud.change('s0', state='active')
        self.assertEqual('cleared',
                         self.desk.resume(self.answer.fault_id).state)
        self.assertEqual(['error', 'active'], self.heard('s0'))

    def test_after_a_restart(self):
        self.desk.up()
        self.desk = self.desk.again()
        [answer] = self.desk.resume()
        self.assertIn('rebuilding', answer.note)
        self.assertEqual('error', self.desk.states()['s0'])

    def test_its_port_does_not_wait(self):
        self.desk.up()
        self.assertEqual('ACTIVE',
                         self.desk.cloud.all_ports['n0'].data_plane_status)

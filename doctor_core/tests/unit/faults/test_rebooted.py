"""Guests that ended with their host, and were not set back by Doctor."""

import testtools

from doctor_core.model import Action
from doctor_core.tests.unit.faults import doubles


class RebootedTest(testtools.TestCase):
    """Owners heard active, verified, and nothing was started."""

    def lost(self, **options):
        self.desk = doubles.Desk(servers=2, **options)
        state = self.desk.down().state
        self.desk.clock.advance(300.0)
        self.desk.alarms.told.clear()
        self.desk.cloud.uptimes = {'h0': 60.0}
        return state

    def give_back(self):
        for server_id in ('s0', 's1'):
            self.desk.cloud.change(server_id, state='active')

    def assert_started(self):
        answer = self.desk.up()
        self.assertEqual('cleared', answer.state)
        self.assertEqual(['s0', 's1'], sorted(self.desk.cloud.started))
        for server_id in ('s0', 's1'):
            self.assertEqual('done', self.desk.correction_states(
                answer.fault_id)[Action.START, server_id])
            self.assertEqual(['stopped', 'active'], [
                state for told, state in self.desk.alarms.told
                if told == server_id])

    def test_host_that_was_held(self):
        """All hosts of a hall, after a power cut."""
        self.assertEqual('held', self.lost(hold=True,
                                           start_after_reboot=True))
        self.assert_started()

    def test_nova_s_answer_was_lost(self):
        """Killed after Nova had set the states back, or no answer came."""
        self.lost(start_after_reboot=True)
        self.give_back()
        self.assert_started()

    def test_nobody_is_told_active_before_nova_has_looked(self):
        self.lost(hold=True)
        answer = self.desk.up()
        self.assertEqual('clearing', answer.state)
        self.assertEqual({'stopped'}, {
            state for _, state in self.desk.alarms.told})
        self.desk.cloud.change('s0', state='stopped')
        self.desk.clock.advance(700.0)
        self.desk.resume(answer.fault_id)
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)
        self.assertEqual([('s1', 'active')], [
            one for one in self.desk.alarms.told if one[1] == 'active'])

    def test_nova_has_looked_already(self):
        self.lost(hold=True)
        for server_id in ('s0', 's1'):
            self.desk.cloud.change(server_id, state='stopped')
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual([('s0', 'stopped'), ('s1', 'stopped')],
                         sorted(self.desk.alarms.told))

    def test_host_that_was_held_and_ran_on(self):
        self.lost(hold=True)
        self.desk.cloud.uptimes = {'h0': 3600.0}
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual([('s0', 'active'), ('s1', 'active')],
                         sorted(self.desk.alarms.told))

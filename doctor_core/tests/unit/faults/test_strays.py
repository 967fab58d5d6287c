"""Servers that had left their host before its loss, and nobody heard."""

import fixtures
import testtools

from doctor_core.model import Action, News, Server
from doctor_core.tests.unit.faults import doubles
from doctor_core.tests.unit.faults.test_killed import Killed

KEY = Action.RESET_STATE, 's0'


class StraysTest(testtools.TestCase):
    """They were set to error on their new host, and left so."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.desk.cloud.change('s0', host='h1')

    def work(self):
        for _ in range(3):
            self.desk.resume()
            self.desk.look_for_more()

    def assert_given_back(self, answer):
        self.assertEqual({'s0': 'active', 's1': 'error', 's2': 'error'},
                         self.desk.states())
        self.assertEqual('undone',
                         self.desk.correction_states(answer.fault_id)[KEY])
        self.assertEqual(['error', 'active'], [
            state for name, state in self.desk.alarms.told if name == 's0'])
        self.assertEqual('handled', self.desk.fault(answer.fault_id).state)

    def test_its_state_is_given_back(self):
        answer = self.desk.down()
        self.work()
        self.assert_given_back(answer)
        traits = self.desk.alarms.traits['s0']
        self.assertEqual(('error', 'false'), (
            traits['old_state'], traits['verified']))
        self.assertIn('h1', traits['reason'])

    def test_its_ports_are(self):
        self.desk.down()
        self.work()
        self.assertEqual('ACTIVE',
                         self.desk.cloud.all_ports['n0'].data_plane_status)

    def test_the_look_that_follows_fails(self):
        whole = self.desk.cloud.find_servers

        def away(server_ids, failed=None):
            self.desk.cloud.away = True
            try:
                return whole(server_ids)
            finally:
                self.desk.cloud.away = False
        self.desk.cloud.find_servers = away
        answer = self.desk.down()
        self.assertEqual('handling', answer.state)
        self.desk.cloud.find_servers = whole
        self.work()
        self.assert_given_back(answer)

    def test_nova_refuses_for_a_while(self):
        inspector = self.desk.inspector

        def crash(correction):
            if correction.key == KEY and inspector.made:
                inspector.failing = {'s0'} \
                    if correction.mark == 'back' else set()
        inspector.crash = crash
        answer = self.desk.down()
        self.assertEqual('error', self.desk.states()['s0'])
        inspector.crash = None
        inspector.failing = set()
        self.work()
        self.assert_given_back(answer)

    def test_its_new_host_is_lost_too(self):
        self.desk.down(host='h1', at=11.0)
        self.desk.down()
        self.work()
        self.assertEqual('error', self.desk.states()['s0'])

    def test_nova_is_at_it(self):
        self.desk.cloud.change('s0', task_state='rebuilding')
        self.desk.down()
        self.work()
        self.assertEqual('error', self.desk.states()['s0'])

    def test_evacuation_that_fails_later(self):
        """Its server is in error for a reason of its own."""
        desk = doubles.Desk()
        answer = desk.down()
        desk.cloud.change('s0', host='h1')
        desk.affected.refresh()
        desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p', 'h0')
        desk.affected.refresh()
        desk.look_for_more()
        desk.resume()
        self.assertEqual('error', desk.states()['s0'])
        self.assertEqual('done', desk.correction_states(
            answer.fault_id)[KEY])

    def test_nova_tells_its_owner(self):
        desk = doubles.Desk(hears_nova=True)
        desk.cloud.change('s0', host='h1')
        answer = desk.down()
        self.assertEqual('active', desk.states()['s0'])
        self.assertEqual('told', desk.telling_states(
            answer.fault_id)['s0', News.BACK])
        self.assertNotIn(('s0', 'active'), desk.alarms.told)


class UnansweredTest(testtools.TestCase):
    """Killed between Nova's reset and its answer: nobody knows whose the
    error is.
    """

    def test_it_is_accounted_for(self):
        log = self.useFixture(fixtures.FakeLogger())
        desk = doubles.Desk()
        desk.cloud.change('s0', host='h1')

        def killed(correction):
            if correction.key == KEY:
                desk.cloud.change('s0', state='error')
                raise Killed
        desk.inspector.crash = killed
        self.assertRaises(Killed, desk.down)
        desk = desk.again()
        desk.resume()
        fault = desk.store.faults.open_of('h0')
        [record] = [one for one in desk.store.corrections.of(fault.id)
                    if one.correction.key == KEY]
        self.assertEqual('left', record.state)
        self.assertIn('on host h1 by now, in error, perhaps since Doctor',
                      record.reason)
        self.assertIn(f'Server s0: {record.reason}', log.output)
        self.assertIn(record.reason, desk.fault(fault.id).note)

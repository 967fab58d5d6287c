"""One server, port or hypervisor of which nobody tells how it is."""

import dataclasses

import fixtures
import testtools

from doctor_core.model import Action
from doctor_core.tests.unit.faults import doubles

WHY = 'Unexpected API Error'


class UnknownTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.use(doubles.Desk())

    def use(self, desk):
        self.desk, self.cloud = desk, desk.cloud

    def break_(self, *ids):
        self.cloud.broken = dict.fromkeys(ids, WHY)

    def heard(self, server_id):
        return [state for one, state in self.desk.alarms.told
                if one == server_id]


class ReturnTest(UnknownTestCase):

    def evacuated(self):
        """One server of a lost host runs elsewhere by now."""
        answer = self.desk.down()
        self.cloud.change('s0', host='h1', state='active')
        return answer

    def test_the_others_are_given_back(self):
        """Two healthy servers were in error for as long as the record of a
        third was broken.
        """
        self.evacuated()
        self.break_('s0')
        answer = self.desk.up()
        self.assertEqual('clearing', answer.state)
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertEqual((['error', 'active'], ['error', 'active']),
                         (self.heard('s1'), self.heard('s2')))
        self.assertEqual(set(), self.desk.forced_down())
        self.assertIn(f's0: {WHY}', answer.note)
        self.assertEqual(['error'], self.heard('s0'))

    def test_it_is_settled_when_it_is_known(self):
        answer = self.evacuated()
        self.break_('s0')
        self.desk.up()
        self.break_()
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)
        self.assertEqual('left', self.desk.correction_states(
            answer.fault_id)[Action.RESET_STATE, 's0'])
        self.assertEqual(['error', 'active'], self.heard('s1'))

    def test_its_port_does_not_wait_for_it(self):
        self.evacuated()
        self.break_('s0')
        self.desk.up()
        self.assertEqual({'ACTIVE'}, {
            port.data_plane_status for port in self.cloud.all_ports.values()})

    def test_a_port(self):
        self.desk.down()
        self.cloud.all_ports['n0'] = dataclasses.replace(
            self.cloud.all_ports['n0'], host='h9', server_id='x')
        self.break_('n0')
        answer = self.desk.up()
        self.assertIn(f'n0: {WHY}', answer.note)
        self.assertEqual('clearing', answer.state)
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertEqual(('DOWN', 'ACTIVE', 'ACTIVE'), tuple(
            self.cloud.all_ports[one].data_plane_status
            for one in ('n0', 'n1', 'n2')))
        self.break_()
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)

    def test_guests_that_ended(self):
        """Owners of the others hear that their servers run again."""
        self.desk.set(start_after_reboot=True)
        self.cloud.uptimes['h0'] = 0.0
        self.desk.clock.advance(600.0)
        answer = self.evacuated()
        self.desk.clock.advance(600.0)
        self.break_('s0')
        self.desk.up()
        self.desk.resume(answer.fault_id)
        self.assertEqual(['s1', 's2'], sorted(self.cloud.started))
        self.assertEqual(['error', 'stopped', 'active'], self.heard('s1'))

    def test_one_that_is_to_run_again(self):
        self.desk.down()
        self.cloud.uptimes['h0'] = 0.0
        self.desk.clock.advance(600.0)
        answer = self.desk.up()
        hidden = self.cloud.all_servers.pop('s0')
        self.break_('s0')
        self.desk.clock.advance(700.0)
        self.desk.resume(answer.fault_id)
        self.assertEqual((['error', 'stopped'],
                          ['error', 'stopped', 'active']),
                         (self.heard('s0'), self.heard('s1')))
        self.cloud.all_servers['s0'] = hidden
        self.break_()
        self.desk.resume(answer.fault_id)
        self.assertEqual('active', self.heard('s0')[-1])

    def test_hypervisor_that_tells_no_uptime(self):
        """Its servers were in error for as long as that failed."""
        self.desk.down()
        self.cloud.uptimeless = {'h0'}
        answer = self.desk.up()
        self.assertIn('no uptime', answer.note)
        self.assertEqual({'error'}, set(self.desk.states().values()))
        self.desk.clock.advance(31.0)
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertEqual('false', self.desk.alarms.traits['s0']['verified'])

    def test_hypervisor_that_tells_it_again(self):
        self.desk.down()
        self.cloud.uptimeless = {'h0'}
        answer = self.desk.up()
        self.cloud.uptimeless = set()
        self.cloud.uptimes['h0'] = 3600.0
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)


class LossTest(UnknownTestCase):

    def setUp(self):
        super().setUp()
        self.use(doubles.Desk(hears_states=False))
        self.cloud.change('s0', host='h1')

    def test_the_others_are_corrected(self):
        """None of them was, for as long as one record was broken."""
        self.break_('s0')
        answer = self.desk.down()
        self.assertEqual(('handling', {'h0'}),
                         (answer.state, self.desk.forced_down()))
        self.assertEqual({'s0': 'active', 's1': 'error', 's2': 'error'},
                         self.desk.states())
        self.assertIn(f's0: {WHY}', answer.note)
        self.assertNotIn('active', self.heard('s0'))

    def test_it_is_settled_when_it_is_known(self):
        self.break_('s0')
        answer = self.desk.down()
        self.break_()
        self.assertEqual('handled', self.desk.resume(answer.fault_id).state)
        self.assertEqual(['error', 'active'], self.heard('s0'))
        self.assertEqual('active', self.desk.states()['s0'])

    def test_one_that_was_set_to_error_after_it_had_left(self):
        self.use(doubles.Desk())
        self.cloud.change('s0', host='h1')
        self.break_('s0')
        answer = self.desk.down()
        self.assertEqual(('handling', 'error'),
                         (answer.state, self.desk.states()['s0']))
        self.break_()
        self.desk.resume(answer.fault_id)
        self.assertEqual('active', self.desk.states()['s0'])
        self.assertEqual(['error', 'active'], self.heard('s0'))

    def test_a_look_at_all_of_the_cloud(self):
        """Hosts whose servers have all left were taken for hidden ones."""
        self.use(doubles.Desk(servers=2))
        self.cloud.change('s1', host='h1')
        self.desk.affected.refresh()
        del self.cloud.all_servers['s0']
        self.cloud.blind = {'h1'}
        self.break_('s1')
        self.desk.affected.refresh()
        self.assertEqual(((), 1), (
            self.desk.affected.of('h0').servers,
            len(self.desk.affected.of('h1').servers)))

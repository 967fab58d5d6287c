"""A host that is back: who has to agree, and what is taken back."""

import dataclasses

import testtools

from doctor_core.model import Action, News, Server
from doctor_core.tests.unit.faults import doubles

OTHER = {'source': 'nagios', 'sender': 'n1'}


class WitnessTest(testtools.TestCase):
    """Marks were taken back on anybody's word."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.desk.cloud.beating = False

    def lost_and_back(self, **source):
        self.desk.down(**source)
        return self.desk.up(**source)

    def test_news_alone_takes_nothing_back(self):
        answer = self.lost_and_back(**OTHER)
        self.assertEqual('clearing', answer.state)
        self.assertIn('waiting for nova-compute', answer.note)
        self.assertEqual({'h0'}, self.desk.forced_down())
        self.assertEqual({'error'}, set(self.desk.states().values()))

    def test_our_own_monitor_is_a_witness_for_the_mark_of_the_host(self):
        answer = self.lost_and_back()
        self.assertEqual('clearing', answer.state)
        self.assertEqual(set(), self.desk.forced_down())
        self.assertEqual({'error'}, set(self.desk.states().values()))

    def test_nova_compute_is_one_for_all(self):
        fault_id = self.lost_and_back(**OTHER).fault_id
        self.desk.cloud.beating = True
        for _ in range(3):
            self.desk.resume()
        # It was nobody, although the return hung on it.
        self.assertEqual('nova-compute', self.desk.fault(fault_id).witness)
        self.assertEqual(set(), self.desk.forced_down())
        self.assertEqual({'active'}, set(self.desk.states().values()))

    def test_our_own_change_is_no_report(self):
        """Lifting the mark moved updated_at, and servers were undone."""
        answer = self.lost_and_back()
        for _ in range(3):
            answer = self.desk.resume(answer.fault_id)
        self.assertEqual('clearing', answer.state)
        self.assertEqual({'error'}, set(self.desk.states().values()))

    def test_only_a_report_since_our_own_change_counts(self):
        """One of before it stood for the servers, too."""
        answer = self.lost_and_back(**OTHER)
        self.desk.cloud.touch('h0')
        self.assertEqual('clearing', self.desk.resume(answer.fault_id).state)
        self.assertEqual(set(), self.desk.forced_down())
        self.desk.resume(answer.fault_id)
        self.assertEqual({'error'}, set(self.desk.states().values()))
        self.desk.cloud.touch('h0')
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)

    def test_cell_that_nova_cannot_see(self):
        """An operator's word does not show what is on the host."""
        self.lost_and_back(**OTHER)
        self.desk.cloud.unseen = {'h0'}
        _host, answer = self.desk.handler.clear('h0', 'alice')
        self.assertEqual('clearing', answer.state)
        self.assertIn('cell', answer.note)
        self.assertEqual({'error'}, set(self.desk.states().values()))
        self.desk.cloud.unseen = set()
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)

    def test_an_administrator_s_change_is_no_report(self):
        answer = self.lost_and_back(**OTHER)
        self.desk.cloud.touch('h0', status='disabled')
        self.assertEqual('clearing', self.desk.resume(answer.fault_id).state)
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_evidence_of_our_own_monitor_is_one_later(self):
        self.lost_and_back(**OTHER)
        self.desk.up(at=30.0)
        self.assertEqual(set(), self.desk.forced_down())

    def test_an_operator_s_word(self):
        self.lost_and_back(**OTHER)
        host, answer = self.desk.handler.clear('h0', 'alice')
        self.assertEqual(('h0', 'cleared'), (host, answer.state))
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertIn('alice', self.desk.fault(answer.fault_id).reason)

    def test_an_operator_s_word_while_the_host_is_held_down(self):
        self.desk.down(**OTHER)
        self.assertEqual('cleared',
                         self.desk.handler.clear('h0', 'alice')[1].state)

    def test_time(self):
        self.desk.set(unwitnessed_clear_s=60.0)
        answer = self.lost_and_back(**OTHER)
        self.assertEqual('clearing', answer.state)
        self.desk.clock.advance(60.0)
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)

    def test_never_by_default(self):
        answer = self.lost_and_back(**OTHER)
        self.desk.clock.advance(1e6)
        self.assertEqual('clearing', self.desk.resume(answer.fault_id).state)

    def test_service_that_is_down_has_not_reported(self):
        self.desk.cloud.beating = True
        self.desk.down()
        self.desk.cloud.touch('h0', state='down')
        self.assertEqual('clearing', self.desk.up().state)

    def test_service_that_is_gone(self):
        """Nothing is owed for ever that can never be done."""
        self.desk.down()
        del self.desk.cloud.service['h0']
        answer = self.desk.up()
        self.assertEqual('clearing', answer.state)
        self.assertIn('not list', answer.note)
        self.desk.clock.advance(60.0)
        answer = self.desk.resume(answer.fault_id)
        self.assertEqual('cleared', answer.state)
        self.assertEqual('left', self.desk.correction_states(
            answer.fault_id)[Action.FORCE_DOWN, 'c0'])


class GoneTest(testtools.TestCase):
    """A host that was taken out of Nova while it was down: nothing could
    end its fault.
    """

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.fault_id = self.desk.down().fault_id
        cloud = self.desk.cloud
        del cloud.service['h0']
        cloud.all_servers.clear()
        cloud.all_ports.clear()
        self.desk.affected.refresh()

    def assert_all_is_accounted_for(self):
        self.assertEqual('clearing', self.desk.fault(self.fault_id).state)
        self.desk.clock.advance(60.0)
        self.desk.affected.refresh()
        self.desk.resume()
        self.assertEqual('cleared', self.desk.fault(self.fault_id).state)
        self.assertEqual({'left'}, set(
            self.desk.correction_states(self.fault_id).values()))
        self.assertNotIn('owed', self.desk.telling_states(
            self.fault_id).values())

    def test_its_source_clears_it(self):
        self.desk.up()
        self.assert_all_is_accounted_for()

    def test_the_only_one(self):
        """An operator may say so; it looks like an answer cut short."""
        del self.desk.cloud.service['h1']
        answer = self.desk.up()
        for _ in range(3):
            self.desk.clock.advance(60.0)
            self.desk.resume()
        self.assertIn('no compute service', self.desk.fault(
            answer.fault_id).note)
        self.assertEqual('cleared', self.desk.handler.clear(
            'h0', 'alice')[1].state)

    def test_an_operator_does(self):
        self.assertEqual('h0', self.desk.handler.clear('h0', 'alice')[0])
        self.assert_all_is_accounted_for()

    def test_nothing_else_means_it(self):
        self.assertEqual('ignored', self.desk.down('h9', at=50.0).state)
        self.assertEqual(('', None), self.desk.handler.clear('h', 'alice'))


class AsItWasTest(testtools.TestCase):
    """Recovery made stopped, suspended and paused servers active."""

    STATES = ('stopped', 'suspended', 'paused', 'rescued', 'resized',
              'shelved', 'building', 'error')

    def setUp(self):
        super().setUp()
        cloud = doubles.Cloud(servers=0)
        cloud.all_servers = {
            state: Server(state, state, 'p', 'h0', state)
            for state in ('active', *self.STATES)}
        self.desk = doubles.Desk(cloud=cloud)

    def test_only_active_ones_are_touched(self):
        self.desk.down()
        self.assertEqual({**{state: state for state in self.STATES},
                          'active': 'error'}, self.desk.states())

    def test_all_owners_hear_the_same(self):
        self.desk.down()
        self.assertEqual(
            {(state, 'error') for state in ('active', *self.STATES)},
            set(self.desk.alarms.told))
        traits = self.desk.alarms.traits['suspended']
        self.assertEqual(('false', 'suspended'),
                         (traits['corrected'], traits['state_before']))

    def test_all_are_as_they_were(self):
        before = self.desk.states()
        self.desk.down()
        self.desk.up()
        self.assertEqual(before, self.desk.states())

    def test_owners_hear_how_they_are(self):
        self.desk.down()
        self.desk.alarms.told.clear()
        self.desk.up()
        self.assertEqual(
            {(state, state) for state in ('active', *self.STATES)
             if state != 'error'}, set(self.desk.alarms.told))


class RebootTest(testtools.TestCase):
    """Owners heard active of servers whose guests were gone."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk(servers=2)
        self.desk.down()
        self.desk.clock.advance(300.0)
        self.desk.alarms.told.clear()

    def test_host_that_ran_on(self):
        self.desk.cloud.uptimes = {'h0': 3600.0}
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual([('s0', 'active'), ('s1', 'active')],
                         sorted(self.desk.alarms.told))
        self.assertEqual('true', self.desk.alarms.traits['s0']['verified'])

    def test_notices_follow_on_each_other(self):
        """The one of the return said that it had been active before."""
        self.assertEqual('active', self.desk.alarms.traits['s0']['old_state'])
        self.desk.up()
        self.assertEqual('error', self.desk.alarms.traits['s0']['old_state'])

    def test_nobody_knows(self):
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual('false', self.desk.alarms.traits['s0']['verified'])

    def test_host_that_rebooted(self):
        self.desk.cloud.uptimes = {'h0': 60.0}
        answer = self.desk.up()
        self.assertEqual('clearing', answer.state)
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertEqual([('s0', 'stopped'), ('s1', 'stopped')],
                         sorted(self.desk.alarms.told))
        self.assertEqual('host rebooted',
                         self.desk.alarms.traits['s0']['reason'])

    def test_nova_sees_that_they_are_stopped(self):
        self.desk.cloud.uptimes = {'h0': 60.0}
        answer = self.desk.up()
        for server_id in ('s0', 's1'):
            self.desk.cloud.change(server_id, state='stopped')
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)
        self.assertEqual({'waived'}, {
            state for (_, news), state in self.desk.telling_states(
                answer.fault_id).items() if news is News.BACK})
        self.assertNotIn(('s0', 'active'), self.desk.alarms.told)

    def test_nova_sees_them_run(self):
        self.desk.cloud.uptimes = {'h0': 60.0}
        answer = self.desk.up()
        self.desk.clock.advance(700.0)
        self.desk.resume(answer.fault_id)
        self.assertIn(('s0', 'active'), self.desk.alarms.told)
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)

    def test_nova_is_not_through_with_them(self):
        """Its picture is not the hypervisor's while it does something."""
        self.desk.cloud.uptimes = {'h0': 60.0}
        answer = self.desk.up()
        self.desk.cloud.change('s0', power_state='shutdown')
        self.desk.cloud.change('s1', task_state='powering-off')
        self.desk.clock.advance(700.0)
        self.assertEqual('clearing', self.desk.resume(answer.fault_id).state)
        self.assertNotIn('active', [
            state for _, state in self.desk.alarms.told])

    def test_they_are_started_if_the_operator_wants_that(self):
        self.desk.set(start_after_reboot=True)
        self.desk.cloud.uptimes = {'h0': 60.0}
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual(['s0', 's1'], sorted(self.desk.cloud.started))
        self.assertEqual({'stopped', 'active'}, {
            state for _, state in self.desk.alarms.told})

    def test_host_that_is_lost_again_meanwhile(self):
        """What was to be told of the return was owed for ever."""
        self.desk.cloud.uptimes = {'h0': 60.0}
        first = self.desk.up()
        self.desk.down(at=400.0)
        self.assertEqual({'told', 'waived'}, set(
            self.desk.telling_states(first.fault_id).values()))

    def test_they_are_not_started_by_default(self):
        self.desk.cloud.uptimes = {'h0': 60.0}
        self.desk.up()
        self.assertEqual([], self.desk.cloud.started)

    def test_uptime_is_asked_of_a_service_that_is_up(self):
        """Nova answers it for no other."""
        self.desk.cloud.beating = False
        self.desk.up()
        self.assertNotIn(('uptime', 'h0'), self.desk.cloud.asked)


class UnsetPortTest(testtools.TestCase):
    """A port without a data plane status has one after the return, and
    nothing said so.
    """

    def test_it_is_said(self):
        desk = doubles.Desk(servers=2)
        desk.cloud.all_ports['n0'] = dataclasses.replace(
            desk.cloud.all_ports['n0'], data_plane_status='')
        desk.affected.refresh()
        desk.down()
        answer = desk.up()
        self.assertEqual('ACTIVE',
                         desk.cloud.all_ports['n0'].data_plane_status)
        reasons = {one.correction.target_id: one.reason for one in
                   desk.store.corrections.of(answer.fault_id)}
        self.assertIn('ACTIVE', reasons['n0'])
        self.assertEqual('', reasons['n1'])


class EachServerTest(testtools.TestCase):

    def test_one_that_cannot_be_set_back_holds_up_no_other(self):
        desk = doubles.Desk()
        desk.down()
        desk.alarms.told.clear()
        desk.inspector.failing = {'s1'}
        answer = desk.up()
        self.assertEqual('clearing', answer.state)
        self.assertEqual([('s0', 'active'), ('s2', 'active')],
                         sorted(desk.alarms.told))
        desk.inspector.failing = set()
        self.assertEqual('cleared', desk.resume(answer.fault_id).state)
        self.assertEqual(1, desk.alarms.told.count(('s1', 'active')))
        self.assertEqual(1, desk.alarms.told.count(('s0', 'active')))

    def test_who_has_not_heard_of_the_loss_hears_of_it_first(self):
        desk = doubles.Desk(servers=1)
        desk.alarms.failures = ['away']
        desk.stopping.set()
        desk.down()
        again = desk.again()
        again.alarms.failures = []
        again.alarms.told.clear()
        again.up()
        self.assertEqual([('s0', 'error'), ('s0', 'active')],
                         again.alarms.told)

    def test_told_of_the_loss_while_the_good_news_is_written(self):
        """The fault was cleared, and its owner never heard of the return."""
        desk = doubles.Desk(servers=1)
        desk.alarms.failures = ['away']
        desk.stopping.set()
        desk.down()
        again = desk.again()
        again.alarms.failures = []
        real = again.store.tellings.owed

        def owed(fault_id):
            found = real(fault_id)
            again.engine.pursuit._under_way.keep(fault_id)
            return found
        again.store.tellings.owed = owed
        self.assertEqual('cleared', again.up().state)
        self.assertIn(('s0', 'active'), again.alarms.told)

    def test_a_server_that_its_owner_has_set_back(self):
        desk = doubles.Desk()
        desk.down()
        desk.cloud.change('s1', state='active')
        desk.inspector.made.clear()
        answer = desk.up()
        self.assertNotIn('s1', [made[1] for made in desk.inspector.made])
        self.assertEqual('left', desk.correction_states(
            answer.fault_id)[Action.RESET_STATE, 's1'])
        self.assertIn(('s1', 'active'), desk.alarms.told)

    def test_returning_host_asks_small_questions(self):
        """Twenty hosts back at once had the cloud listed twenty times."""
        desk = doubles.Desk()
        desk.down()
        desk.cloud.asked.clear()
        desk.up()
        for listing in (('servers', None), ('ports', None),
                        ('services', None)):
            self.assertNotIn(listing, desk.cloud.asked)

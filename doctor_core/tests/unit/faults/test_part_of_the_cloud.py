"""A part of the cloud does not answer: the rest is acted on all the same."""

import testtools

from doctor_core.exceptions import CloudError
from doctor_core.faults.affected import AffectedMap
from doctor_core.model import Action, News, Server
from doctor_core.tests.unit.faults import doubles

LATE = Server('s9', 'vm9', 'p', 'h0')


class NeutronAwayTest(testtools.TestCase):
    """No server was set to error, and none given back, as long as that."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.cloud = self.desk.cloud

    def lose(self):
        self.cloud.neutron_away = True
        self.cloud.all_servers['s9'] = LATE
        return self.desk.down()

    def test_servers_are_set_and_all_owners_told(self):
        answer = self.lose()
        self.assertEqual({'error'}, set(self.desk.states().values()))
        self.assertIn(('s9', 'error'), self.desk.alarms.told)
        self.assertEqual('handling', answer.state)
        self.assertIn('cannot ask for the ports: Neutron does not answer',
                      answer.note)

    def test_ports_follow_when_it_answers(self):
        answer = self.lose()
        self.cloud.neutron_away = False
        self.assertEqual('handled', self.desk.resume(answer.fault_id).state)
        self.assertEqual({'DOWN'}, {
            port.data_plane_status for port in self.cloud.all_ports.values()})

    def test_away_since_the_start(self):
        """No event was taken as long as that, and nobody told."""
        self.cloud.neutron_away = True
        self.desk = self.desk.again()
        self.test_servers_are_set_and_all_owners_told()
        self.cloud.neutron_away = False
        self.desk.resume()
        self.assertEqual({'DOWN'}, {
            port.data_plane_status for port in self.cloud.all_ports.values()})

    def test_a_host_that_nova_does_not_have(self):
        """An event of it waited for Neutron."""
        self.cloud.neutron_away = True
        self.assertEqual('ignored', self.desk.down('h77').state)

    def test_servers_are_given_back(self):
        self.desk.down()
        self.cloud.neutron_away = True
        answer = self.desk.up()
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertIn(('s0', 'active'), self.desk.alarms.told)
        self.assertEqual('clearing', answer.state)
        self.assertIn('Neutron does not answer', answer.note)
        self.cloud.neutron_away = False
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)
        self.assertEqual({'ACTIVE'}, {
            port.data_plane_status for port in self.cloud.all_ports.values()})

    def test_return_without_a_port_to_set_back_waits_for_nothing(self):
        self.desk.set(with_ports=False)
        self.desk.down()
        self.desk.set(with_ports=True)
        self.cloud.neutron_away = True
        self.assertEqual('cleared', self.desk.up().state)

    def test_only_the_ports_of_servers_that_left_fail(self):
        self.desk.down()
        self.cloud.change('s0', host='h1', state='active')

        def away(*_):
            raise CloudError('Neutron hangs', recoverable=True)
        self.cloud.ports_of = away
        self.assertIn('Neutron hangs', self.desk.up().note)
        self.assertEqual({'active'}, set(self.desk.states().values()))


class NovaAwayTest(testtools.TestCase):
    """What came to light while Nova did not answer for the host was told to
    nobody, although all of the cloud had been looked at.
    """

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk(hears_states=False)

        def away(host):
            raise CloudError('Nova hangs', recoverable=True)
        self.whole, self.desk.affected.ask = self.desk.affected.ask, away
        self.answer = self.desk.down()
        self.desk.cloud.all_servers['s9'] = LATE
        self.desk.affected.refresh()

    def assert_told_and_left_as_it_is(self):
        self.assertIn(('s9', 'error'), self.desk.alarms.told)
        self.assertEqual('active', self.desk.states()['s9'])
        self.desk.affected.ask = self.whole
        self.assertEqual('handled', self.desk.resume(
            self.answer.fault_id).state)
        self.assertEqual('error', self.desk.states()['s9'])

    def test_the_next_try(self):
        self.desk.resume(self.answer.fault_id)
        self.assert_told_and_left_as_it_is()

    def test_a_look_for_more(self):
        self.desk.look_for_more()
        self.assert_told_and_left_as_it_is()

    def test_a_look_for_more_while_somebody_is_at_the_host(self):
        """It waited for them, for as long as Nova hung."""
        pursuit = self.desk.engine.pursuit
        pursuit._pursued.add(self.answer.fault_id)
        with pursuit.alone('h0'):
            self.desk.look_for_more()
            self.assertIn(('s9', 'error'), self.desk.alarms.told)
        pursuit._pursued.clear()
        self.assert_told_and_left_as_it_is()


class BlindTest(testtools.TestCase):
    """Nova has the service of a host, and cannot see its servers: its cell
    went away in between, or answers too slowly.
    """

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.cloud = self.desk.cloud

    def test_servers_of_a_host_that_is_back_were_left_in_error(self):
        lost = self.desk.down()
        self.cloud.blind = {'h0'}
        answer = self.desk.up()
        self.assertEqual('clearing', answer.state)
        self.assertIn('cell', answer.note)
        self.assertNotIn('left', self.desk.correction_states(
            lost.fault_id).values())
        self.cloud.blind = set()
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertIn(('s0', 'active'), self.desk.alarms.told)

    def test_also_those_that_are_not_in_the_map(self):
        self.desk.down()
        self.cloud.blind = {'h0'}
        fresh = AffectedMap(self.cloud)
        returned = fresh.ask_back('h0', {'s0'})
        self.assertTrue(returned.found.is_partial)
        self.assertIsNone(fresh.server('s0'))

    def test_servers_of_a_host_that_is_lost(self):
        """They were taken for gone: their corrections were dropped."""
        self.cloud.blind = {'h0'}
        answer = self.desk.down()
        self.assertIn('cell', answer.note)
        self.assertEqual('handling', answer.state)
        self.assertEqual('h0', self.desk.affected.server('s0').host)
        self.cloud.blind = set()
        self.assertEqual('handled', self.desk.resume(answer.fault_id).state)
        self.assertEqual({'error'}, set(self.desk.states().values()))

    def test_a_full_look_keeps_them(self):
        """They were forgotten, and a loss meanwhile was told to nobody."""
        self.cloud.blind = {'h0'}
        self.desk.affected.refresh()
        self.desk.down()
        self.assertEqual(3, len(self.desk.alarms.told))

    def test_a_full_look_forgets_what_is_gone(self):
        self.cloud.all_servers.clear()
        self.desk.affected.refresh()
        self.assertEqual((), self.desk.affected.of('h0').servers)

    def test_servers_whose_guests_have_ended(self):
        """That they run was not told any more."""
        self.desk.down()
        self.desk.clock.advance(300.0)
        self.cloud.uptimes = {'h0': 60.0}
        answer = self.desk.up()
        self.cloud.blind = {'h0'}
        self.desk.resume(answer.fault_id)
        self.assertEqual('owed', self.desk.telling_states(
            answer.fault_id)['s0', News.BACK])

    def test_what_has_left_is_no_part_of_it(self):
        self.cloud.change('s0', host='h1')
        del self.cloud.all_servers['s1']
        found = self.desk.affected.ask('h0')
        self.assertFalse(found.is_partial)
        self.assertEqual(['s2'], [server.id for server in found.servers])
        self.assertEqual('h1', self.desk.affected.server('s0').host)
        self.assertIsNone(self.desk.affected.server('s1'))
        self.assertEqual(['s2'], [
            server.id for server in self.desk.affected.of('h0').servers])

    def test_server_that_the_list_of_its_host_lacks(self):
        whole = self.cloud.servers
        self.cloud.servers = lambda host=None: [
            one for one in whole(host) if one.id != 's0']
        self.assertIn('s0', [server.id for server in
                             self.desk.affected.ask('h0').servers])
        self.assertEqual('handled', self.desk.down().state)
        self.assertIn((Action.RESET_STATE, 's0'), [
            made[:2] for made in self.desk.inspector.made])


class LeftOutTest(testtools.TestCase):
    """The cell of a host is too slow for lists, and answers for each server:
    its servers were forgotten, their owners never told, and the fault was
    handled.
    """

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.cloud = self.desk.cloud
        self.cloud.left_out = {'h0'}

    def assert_all_done(self, answer):
        self.assertEqual('handled', answer.state)
        self.assertEqual({'s0', 's1', 's2'},
                         {name for name, _ in self.desk.alarms.told})
        self.assertEqual({'error'}, set(self.desk.states().values()))

    def test_servers_are_kept(self):
        self.desk.affected.refresh()
        self.assert_all_done(self.desk.down())

    def test_one_of_them_has_left(self):
        """It was asked for, and said nothing of the others."""
        del self.cloud.all_servers['s0']
        self.desk.affected.refresh()
        self.assertEqual({'s1', 's2'}, {
            server.id for server in self.desk.affected.of('h0').servers})

    def test_only_a_part_is_listed(self):
        whole = self.cloud.servers
        self.cloud.left_out = set()
        self.cloud.servers = lambda host=None: [
            one for one in whole(host) if one.id != 's0']
        self.desk.affected.refresh()
        self.assert_all_done(self.desk.down())

    def test_since_the_start(self):
        """Neutron names the servers then, by their ports."""
        self.desk = self.desk.again()
        self.assertEqual((), self.desk.affected.of('h0').servers)
        self.assert_all_done(self.desk.down())

    def test_since_the_start_and_a_record_fails(self):
        self.desk = self.desk.again()
        self.cloud.broken = {'s0': 'Nova fails'}
        answer = self.desk.down()
        self.assertEqual('handling', answer.state)
        self.assertIn('not known yet of s0: Nova fails', answer.note)
        self.cloud.broken = {}
        self.assert_all_done(self.desk.resume(answer.fault_id))

    def test_what_its_owner_has_deleted_softly_is_no_part_of_it(self):
        self.cloud.left_out = set()
        self.cloud.change('s0', state='soft-delete')
        self.desk.affected.refresh()
        self.assertIsNone(self.desk.affected.server('s0'))
        self.assertEqual('handled', self.desk.down().state)
        self.assertEqual({'s1', 's2'},
                         {name for name, _ in self.desk.alarms.told})


class NoHypervisorsTest(testtools.TestCase):
    """Such a fault was handled, and owners heard that Nova shows their
    servers in error.
    """

    def setUp(self):
        super().setUp()
        self.cloud = doubles.Cloud()
        self.whole = self.cloud.hypervisors

        def away():
            raise CloudError('Nova fails', recoverable=True)
        self.cloud.hypervisors = away

    def lose(self, **changes):
        self.desk = doubles.Desk(cloud=self.cloud, **changes)
        return self.desk.down()

    def test_is_said(self):
        answer = self.lose()
        self.assertEqual('handling', answer.state)
        self.assertIn('what hypervisors its hosts have', answer.note)
        self.assertEqual({'h0'}, self.desk.forced_down())
        self.assertEqual({'active'}, set(self.desk.states().values()))

    def test_owners_hear_that_nothing_is_set(self):
        for notification in ('shortcut', 'conservative'):
            self.lose(notification=notification)
            self.assertEqual({'false'}, {
                traits['corrected']
                for traits in self.desk.alarms.traits.values()})

    def test_servers_are_set_when_it_tells(self):
        answer = self.lose()
        self.cloud.hypervisors = self.whole
        self.assertEqual('handled', self.desk.resume(answer.fault_id).state)
        self.assertEqual({'error'}, set(self.desk.states().values()))

    def test_who_hears_of_it_when_the_host_is_back(self):
        """Nothing is set any more then."""
        desk = doubles.Desk(hears_states=False)
        desk.cloud.beating = False
        desk.alarms.failures = ['away']
        desk.stopping.set()
        desk.down()
        again = desk.again()
        again.alarms.traits.clear()
        again.up(rounds=0)
        self.assertEqual('false', again.alarms.traits['s0']['corrected'])

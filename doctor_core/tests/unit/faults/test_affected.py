import dataclasses

import fixtures
import testtools

from doctor_core.exceptions import CloudError
from doctor_core.faults.affected import AffectedMap
from doctor_core.model import (
    Action,
    ComputeService,
    Correction,
    Hypervisor,
    Mark,
    Port,
    Server,
    StateChange,
)
from doctor_core.tests.unit.faults import doubles


class Cloud(doubles.Cloud):
    """Two hosts with a server each; something may happen during a look."""

    def __init__(self):
        super().__init__(servers=0)
        self.service = {
            f'compute-{index}': ComputeService(
                f'c{index}', f'compute-{index}', 'up', 'enabled', False)
            for index in (0, 1)}
        self.all_servers = {
            f's{index}': Server(f's{index}', f'vm{index}', f'p{index + 1}',
                                f'compute-{index}') for index in (0, 1)}
        self.all_ports = {'p0': Port('p0', 's0', 'p1', 'compute-0',
                                     'ACTIVE')}
        self.beating = False
        self.during = lambda: None

    def servers(self, host=None):
        found = super().servers(host)
        self.during()
        return found


class AffectedMapTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.cloud = Cloud()
        self.map = AffectedMap(self.cloud)
        self.map.refresh()

    def servers(self, host):
        return [server.id for server in self.map.of(host).servers]

    def hear(self, event_type='compute.instance.update', **payload):
        self.map.hear(event_type, payload, doubles.SENT)

    def test_of_a_host(self):
        found = self.map.of('compute-0')
        self.assertEqual((['s0'], ['p0'], 'c0'), (
            [server.id for server in found.servers],
            [port.id for port in found.ports], found.service.id))

    def test_ports_that_are_bound_to_it(self):
        """Neutron may bind one there of whose server nothing is known, and
        still bind one of a server that has left.
        """
        self.cloud.all_ports['p9'] = Port('p9', 's9', 'p1', 'compute-0')
        self.cloud.change('s0', host='compute-1')
        self.map.refresh()
        self.assertEqual((['p9'], ['p0']), tuple(
            [port.id for port in self.map.of(host).ports]
            for host in ('compute-0', 'compute-1')))

    def test_unknown_host_is_empty(self):
        self.assertEqual((), self.map.of('nowhere').servers)

    def test_failed_look_leaves_the_map(self):
        self.cloud.away = True
        self.assertRaises(CloudError, self.map.refresh)
        self.assertEqual(['s0'], self.servers('compute-0'))

    def test_hears_of_a_new_server(self):
        self.hear('compute.instance.create.end', instance_id='s9',
                  tenant_id='p1', host='compute-0', state='active')
        self.assertEqual({'s0', 's9'}, set(self.servers('compute-0')))

    def test_hears_of_a_move(self):
        self.hear(instance_id='s0', tenant_id='p1', host='compute-1',
                  state='active')
        self.assertEqual([], self.servers('compute-0'))
        self.assertEqual({'s0', 's1'}, set(self.servers('compute-1')))

    def test_hears_of_an_end(self):
        self.hear('compute.instance.delete.end', instance_id='s0')
        self.assertEqual([], self.servers('compute-0'))

    def test_keeps_what_a_notification_does_not_say(self):
        self.hear(instance_id='s0', state='stopped')
        server, = self.map.of('compute-0').servers
        self.assertEqual(('vm0', 'p1', 'stopped'),
                         (server.name, server.project_id, server.state))

    def test_passes_over_what_it_cannot_place(self):
        self.hear(instance_id='s7', state='building', tenant_id='p1')
        self.hear('service.update', instance_id='s8', host='compute-0')
        self.hear(state='error')
        self.assertEqual(['s0'], self.servers('compute-0'))

    def test_news_during_a_look_is_not_overwritten(self):
        """A server deleted while Nova was listing them came back to life."""
        def during():
            self.hear('compute.instance.delete.end', instance_id='s0')
            self.hear('compute.instance.create.end', instance_id='s9',
                      tenant_id='p1', host='compute-0', state='active')
        self.cloud.during = during
        self.map.refresh()
        self.assertEqual(['s9'], self.servers('compute-0'))

    def test_ask_is_nova_s_own_word_and_is_kept(self):
        self.cloud.all_servers['s5'] = Server('s5', 'vm5', 'p1', 'compute-0')
        self.assertEqual(['s0', 's5'], [
            server.id for server in self.map.ask('compute-0').servers])
        self.assertEqual(['s0', 's5'], sorted(self.servers('compute-0')))

    def test_ask_leaves_other_hosts(self):
        self.map.ask('compute-0')
        self.assertEqual(['s1'], self.servers('compute-1'))

    def test_what_doctor_changes_itself_is_known_at_once(self):
        """A host that failed again soon was thought to be marked still."""
        force = Correction(Action.FORCE_DOWN, 'c0', 'compute-0', Mark.LOST)
        reset = Correction(Action.RESET_STATE, 's0', 'compute-0', Mark.LOST)
        port = Correction(Action.DATA_PLANE_STATUS, 'p0', 'compute-0',
                          Mark.LOST)
        made = [force, reset, port]
        self.map.changed([StateChange(one, 1.0) for one in made])
        self.assertEqual((True, 'error', 'DOWN'), self.shown())
        self.map.changed([StateChange(one.back(), 1.0) for one in made])
        self.assertEqual((False, 'active', 'ACTIVE'), self.shown())

    def shown(self):
        found = self.map.of('compute-0')
        return (found.service.forced_down, found.servers[0].state,
                found.ports[0].data_plane_status)

    def test_what_failed_has_changed_nothing(self):
        self.map.changed([StateChange(Correction(
            Action.FORCE_DOWN, 'c0', 'compute-0', Mark.LOST), 1.0, 'no')])
        self.assertFalse(self.map.of('compute-0').service.forced_down)

    def test_ironic_takes_no_machine_down(self):
        self.cloud.types = {'compute-0': 'ironic'}
        self.map.refresh()
        self.assertFalse(self.map.of('compute-0').takes_servers)
        self.assertTrue(self.map.of('compute-1').takes_servers)

    def test_names_of_hypervisors_are_as_good_as_the_host_s(self):
        self.cloud.hypervisors = lambda: [
            Hypervisor('y', 'compute-0', 'hv-0.example', '10.1.0.1')]
        self.map.refresh()
        for name in ('10.1.0.1', 'hv-0.example'):
            self.assertEqual('compute-0', self.map.resolve(name))


class Name(str):
    """A host's name that says when it is looked at."""

    looks = 0

    def __hash__(self):
        Name.looks += 1
        return super().__hash__()

    def __eq__(self, other):
        Name.looks += 1
        return super().__eq__(other)

    def casefold(self):
        Name.looks += 1
        return super().casefold()


class LargeCloudTest(testtools.TestCase):

    def test_a_host_costs_no_look_at_the_others(self):
        """A report took a thousandth of a second for every twenty hosts."""
        cloud = Cloud()
        for index in range(2, 50):
            host = Name(f'compute-{index}')
            cloud.service[host] = ComputeService(
                f'c{index}', host, 'up', 'enabled', False)
            cloud.all_servers[f's{index}'] = Server(
                f's{index}', 'vm', 'p', host)
            cloud.all_ports[f'p{index}'] = Port(
                f'p{index}', f's{index}', 'p', host)
        known = AffectedMap(cloud)
        known.refresh()
        Name.looks = 0
        for reported in ('compute-0.example', 'COMPUTE-0.hv'):
            self.assertEqual('compute-0', known.resolve(reported))
        self.assertEqual(1, len(known.of('compute-0').servers))
        known.changed([StateChange(Correction(
            Action.RESET_STATE, 's0', 'compute-0', Mark.LOST), 1.0)])
        self.assertEqual(0, Name.looks)


class TouchedTest(testtools.TestCase):

    def test_hosts_of_which_something_was_learned(self):
        """A server that came to light was looked for at each retry only."""
        cloud = Cloud()
        known = AffectedMap(cloud)
        known.refresh()
        self.assertEqual({'compute-0', 'compute-1'}, known.touched())
        known.hear('compute.instance.update', {
            'instance_id': 's0', 'host': 'compute-1'}, doubles.SENT)
        self.assertEqual({'compute-0', 'compute-1'}, known.touched())
        known.hear('compute.instance.update', {
            'instance_id': 's1', 'host': 'compute-1', 'state': 'active'},
            doubles.SENT)
        known.ask('compute-0')
        self.assertEqual(frozenset(), known.touched())


class CellDownTest(testtools.TestCase):
    """Servers of a cell that Nova cannot see were taken for gone."""

    def setUp(self):
        super().setUp()
        self.cloud = Cloud()
        self.map = AffectedMap(self.cloud)
        self.map.refresh()
        self.cloud.unseen = {'compute-0'}

    def assert_kept(self):
        found = self.map.of('compute-0')
        self.assertEqual((['s0'], 'c0', 'unknown'), (
            [server.id for server in found.servers], found.service.id,
            found.service.state))

    def test_a_full_look_keeps_what_was_known(self):
        self.map.refresh()
        self.assert_kept()

    def test_a_look_at_the_host_keeps_it_and_says_so(self):
        found = self.map.ask('compute-0')
        self.assertTrue(found.is_partial)
        self.assertEqual(['s0'], [server.id for server in found.servers])
        self.assert_kept()

    def test_what_has_left_meanwhile_is_gone_when_the_cell_is_back(self):
        self.map.refresh()
        del self.cloud.all_servers['s0']
        self.cloud.unseen = set()
        self.map.refresh()
        self.assertEqual((), self.map.of('compute-0').servers)

    def test_log_says_so_once(self):
        """Every look did."""
        log = self.useFixture(fixtures.FakeLogger())
        for _ in range(3):
            self.map.refresh()
        self.cloud.unseen = set()
        self.map.refresh()
        self.assertEqual(1, log.output.count('compute-0'))
        self.assertIn('all hosts again', log.output)

    def test_minimal_records_are_passed_over(self):
        self.cloud.all_servers['s0'] = dataclasses.replace(
            self.cloud.all_servers['s0'], host='', is_partial=True)
        self.map.refresh()
        self.assert_kept()


class NeutronAwayTest(testtools.TestCase):

    def test_ports_are_kept_and_nova_s_news_taken(self):
        cloud = Cloud()
        known = AffectedMap(cloud)
        known.refresh()

        def away(host=None):
            raise CloudError('Neutron does not answer', recoverable=True)
        cloud.ports = away
        cloud.change('s0', state='stopped')
        with fixtures.FakeLogger() as log:
            known.refresh()
        found = known.of('compute-0')
        self.assertEqual((['p0'], 'stopped'), (
            [port.id for port in found.ports], found.servers[0].state))
        self.assertIn('Neutron does not answer', log.output)


class PortsWantedTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk(ports=False)

    def statuses(self):
        return {port.data_plane_status
                for port in self.desk.cloud.all_ports.values()}

    def test_switched_on_at_run_time(self):
        """No port was corrected until the next start."""
        self.desk.set(with_ports=True)
        self.assertEqual('handled', self.desk.down().state)
        self.assertEqual({'DOWN'}, self.statuses())

    def test_switched_off_while_a_host_is_lost(self):
        self.test_switched_on_at_run_time()
        self.desk.set(with_ports=False)
        self.desk.affected.refresh()
        self.assertIsNone(self.desk.affected.port('n0'))
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual({'ACTIVE'}, self.statuses())


class AskBackTest(testtools.TestCase):

    def test_asks_for_the_host_and_for_who_has_left_it(self):
        """A returning host had the whole cloud looked through."""
        cloud = Cloud()
        known = AffectedMap(cloud)
        known.refresh()
        cloud.change('s0', host='compute-1')
        cloud.asked.clear()
        returned = known.ask_back('compute-0', {'s0', 's9'})
        self.assertEqual(('compute-1', None), (
            returned.elsewhere['s0'].host, returned.elsewhere['s9']))
        self.assertEqual(['p0'], [port.id for port in returned.ports])
        self.assertNotIn(('servers', None), cloud.asked)
        self.assertEqual('compute-1', known.server('s0').host)

import dataclasses

import testtools

from doctor_core.exceptions import CloudError
from doctor_core.inspectors import affected
from doctor_core.model import (
    Action,
    ComputeService,
    Correction,
    Port,
    Server,
)


class FakeCloud:
    def __init__(self):
        self.services = [ComputeService('c0', 'compute-0', 'up', 'enabled',
                                        False),
                         ComputeService('c1', 'compute-1', 'up', 'enabled',
                                        False)]
        self.all_servers = [Server('s0', 'vm0', 'p1', 'compute-0'),
                            Server('s1', 'vm1', 'p2', 'compute-1')]
        self.all_ports = [Port('p0', 's0', 'p1', 'compute-0', 'ACTIVE')]
        self.fails = False
        self.during = lambda: None

    def compute_services(self, host=None):
        if self.fails:
            raise CloudError('no answer', recoverable=True)
        return [service for service in self.services
                if host in (None, service.host)]

    def servers(self, host=None):
        self.during()
        return [server for server in self.all_servers
                if host in (None, server.host)]

    def ports(self, host=None):
        return [port for port in self.all_ports if host in (None, port.host)]


class ResolveTest(testtools.TestCase):
    def test_exact_name_wins(self):
        self.assertEqual('a', affected.resolve('a', ['a', 'a.example']))

    def test_short_for_long_and_long_for_short(self):
        self.assertEqual('a.example', affected.resolve('a', ['a.example']))
        self.assertEqual('a', affected.resolve('a.example', ['a', 'b']))

    def test_case_does_not_matter_for_short_names(self):
        self.assertEqual('a.example', affected.resolve('A', ['a.example']))

    def test_ambiguous_is_nobody(self):
        self.assertIsNone(affected.resolve('a', ['a.one', 'a.two']))

    def test_two_domains_are_two_hosts(self):
        self.assertIsNone(affected.resolve('a.one', ['a.two']))

    def test_addresses_have_no_short_form(self):
        self.assertIsNone(affected.resolve('10.0.0.1', ['10.0.0.2', '10']))

    def test_unknown(self):
        self.assertIsNone(affected.resolve('c', ['a', 'b']))


class PlanTest(testtools.TestCase):
    FOUND = affected.Affected(
        'h', ComputeService('c', 'h', 'up', 'enabled', False),
        (Server('s1', 'a', 'p', 'h'), Server('s2', 'b', 'p', 'h', 'error'),
         Server('s3', 'c', 'p', 'h', 'stopped')),
        (Port('p1', 's1', 'p', 'h', 'ACTIVE'),
         Port('p2', 's2', 'p', 'h', 'DOWN'), Port('p3', 's3', 'p', 'h')))

    def test_only_what_is_not_so_already(self):
        planned = affected.plan(self.FOUND, ports=True)
        self.assertEqual(
            [(Action.FORCE_DOWN, 'c'), (Action.RESET_STATE, 's1'),
             (Action.RESET_STATE, 's3'), (Action.DATA_PLANE_STATUS, 'p1'),
             (Action.DATA_PLANE_STATUS, 'p3')],
            [(correction.action, correction.target_id)
             for correction in planned])

    def test_ports_are_an_option(self):
        self.assertNotIn(Action.DATA_PLANE_STATUS,
                         [correction.action for correction
                          in affected.plan(self.FOUND, ports=False)])

    def test_host_that_is_forced_down_is_not_forced_again(self):
        found = dataclasses.replace(self.FOUND, service=ComputeService(
            'c', 'h', 'down', 'enabled', True))
        self.assertNotIn(Action.FORCE_DOWN,
                         [correction.action for correction
                          in affected.plan(found, ports=False)])

    def test_reversal_never_leaves_a_port_without_a_status(self):
        made = Correction(Action.DATA_PLANE_STATUS, 'p', 'h', '', 'DOWN')
        self.assertEqual('ACTIVE', affected.reverse(made).new)

    def test_reversal_of_server_and_host(self):
        server = Correction(Action.RESET_STATE, 's', 'h', 'active', 'error')
        host = Correction(Action.FORCE_DOWN, 'c', 'h', 'false', 'true')
        self.assertEqual(('active', 'false'), (
            affected.reverse(server).new, affected.reverse(host).new))


class AffectedMapTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.cloud = FakeCloud()
        self.map = affected.AffectedMap(self.cloud)
        self.map.refresh()

    def servers(self, host):
        return [server.id for server in self.map.of(host).servers]

    def hear(self, event_type='compute.instance.update', **payload):
        self.map.hear(event_type, payload)

    def test_of_a_host(self):
        found = self.map.of('compute-0')
        self.assertEqual((['s0'], ['p0'], 'c0'), (
            [server.id for server in found.servers],
            [port.id for port in found.ports], found.service.id))

    def test_unknown_host_is_empty(self):
        self.assertEqual((), self.map.of('nowhere').servers)

    def test_failed_look_leaves_the_map(self):
        self.cloud.fails = True
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

    def test_ask_is_nova_s_own_word(self):
        self.cloud.all_servers.append(Server('s5', 'vm5', 'p1', 'compute-0'))
        self.assertEqual(['s0', 's5'], [
            server.id for server in self.map.ask('compute-0').servers])
        self.assertEqual(['s0'], self.servers('compute-0'))

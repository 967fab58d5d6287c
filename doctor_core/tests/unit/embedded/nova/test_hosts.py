import testtools

from doctor_core import wire
from doctor_core.embedded.nova.hosts import numbered
from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import FakeClock
from doctor_core.tests.unit.embedded.inprocess import Client

HOST = 'embedded-compute-1'


class NumberedTest(testtools.TestCase):

    def test_in_cells_by_turns(self):
        self.assertEqual(['cell1', 'cell2', 'cell1'],
                         [host.cell for host in numbered(3, 2, 0.0, '10.0.0')])

    def test_there_cannot_be_any_number(self):
        for count, cells in ((0, 1), (251, 1), (3, 0), (3, 4)):
            self.assertRaises(ConfigError, numbered, count, cells, 0.0,
                              '10.0.0')


class HeartbeatTest(testtools.TestCase):
    """``updated_at`` of a nova-compute."""

    def setUp(self):
        super().setUp()
        self.clock = FakeClock(1_700_000_000.25)
        self.client = Client(self, timing=self.clock, report_s=10.0,
                             service_down_s=60.0)

    def updated_at(self):
        return self.client.service(HOST)['updated_at']

    def at(self, seconds):
        return wire.iso(1_700_000_000 + seconds)

    def test_it_moves_with_each_report_in_whole_seconds(self):
        seen = []
        for _ in range(4):
            self.clock.advance(6.0)
            seen.append(self.updated_at())
        self.assertEqual([self.at(0), self.at(10), self.at(10), self.at(20)],
                         seen)

    def test_it_moves_when_anybody_writes_the_record(self):
        """Who takes each move for a sign of life believed his own force-down.
        """
        self.client.fail(HOST)
        for seconds, fields in ((5, {'forced_down': True}),
                                (7, {'forced_down': False}),
                                (11, {'status': 'disabled'}),
                                (13, {'status': 'enabled'})):
            self.clock.set_epoch(1_700_000_000.25 + seconds)
            self.client.put_service(HOST, **fields)
            self.assertEqual(self.at(seconds), self.updated_at())

    def test_a_silent_one_moves_it_no_more(self):
        self.clock.advance(13.0)
        self.client.fail(HOST)
        self.clock.advance(3600.0)
        self.assertEqual(self.at(10), self.updated_at())
        self.assertEqual('down', self.client.service(HOST)['state'])

    def test_one_that_is_back_reports_as_it_starts(self):
        self.client.fail(HOST)
        self.clock.advance(99.0)
        self.client.heal(HOST)
        self.assertEqual(self.at(99), self.updated_at())
        self.clock.advance(10.0)
        self.assertEqual(self.at(109), self.updated_at())

    def test_what_nova_does_not_show(self):
        self.assertNotIn('last_seen_up', self.client.service(HOST))


class CellTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self, cells=3)
        self.lost, self.other = (
            self.client.boot(self.client.admin, host=f'embedded-compute-{n}')
            for n in (1, 2))
        self.set_cell(True)

    def set_cell(self, down, cell='cell1'):
        return self.client.ask('PUT', f'/embedded/cells/{cell}',
                               {'down': down}).status

    def services(self, version):
        return self.client.nova('GET', '/os-services?binary=nova-compute',
                                version=version).json['services']

    def listed(self, path, version='2.74'):
        return {server['id']: server for server in self.client.nova(
            'GET', path, version=version).json['servers']}

    def test_its_services_are_unknown(self):
        self.assertIn({'binary': 'nova-compute', 'host': HOST,
                       'status': 'UNKNOWN'}, self.services('2.69'))
        self.assertEqual(3, len(self.services('2.69')))
        self.assertNotIn(HOST, [service['host'] for service
                                in self.services('2.68')])

    def test_its_servers_are_left_out_of_what_is_no_whole_list(self):
        for query in ('all_tenants=1&limit=1000', 'all_tenants=1&name=vm',
                      'all_tenants=1&sort_key=uuid',
                      f'all_tenants=1&host={HOST}'):
            self.assertNotIn(self.lost['id'],
                             self.listed(f'/servers/detail?{query}'), query)
        self.assertEqual([self.other['id']], list(self.listed(
            '/servers/detail?all_tenants=1', '2.68')))

    def test_a_whole_list_has_what_is_known_of_them(self):
        for path, members in (
                ('/servers', {'id', 'status', 'links'}),
                ('/servers/detail', {'id', 'status', 'links', 'tenant_id',
                                     'created'})):
            found = self.listed(f'{path}?all_tenants=1')
            self.assertEqual({self.lost['id'], self.other['id']}, set(found))
            self.assertEqual(members, set(found[self.lost['id']]))
            self.assertEqual('UNKNOWN', found[self.lost['id']]['status'])

    def test_one_of_its_servers(self):
        shown = self.client.show(self.lost['id'])
        self.assertEqual(('UNKNOWN', 0), (
            shown['status'], shown['OS-EXT-STS:power_state']))
        self.assertNotIn('OS-EXT-SRV-ATTR:host', shown)
        self.assertEqual(500, self.client.nova(
            'GET', f'/servers/{self.lost["id"]}', version='2.68').status)

    def test_nothing_is_done_with_its_servers_and_hosts(self):
        answer = self.client.act(self.lost, 'os-resetState',
                                 {'state': 'error'})
        self.assertEqual((500, ['computeFault']),
                         (answer.status, list(answer.json)))
        service_id = self.client.cloud.compute_hosts.get(HOST).service_id
        self.assertEqual([404, 500], [self.client.nova(
            'PUT', f'/os-services/{path}', {
                'host': HOST, 'binary': 'nova-compute', 'forced_down': True},
            version=version).status for path, version in (
                (service_id, '2.53'), ('force-down', '2.11'))])

    def test_it_comes_back_with_all_that_it_had(self):
        self.set_cell(False)
        self.assertEqual(HOST, self.client.show(self.lost['id'])[
            'OS-EXT-SRV-ATTR:host'])
        self.assertIn('state', self.client.service(HOST))

    def test_what_is_wrong(self):
        self.assertEqual([404, 400], [self.set_cell(True, 'cell9'),
                                      self.set_cell('yes')])

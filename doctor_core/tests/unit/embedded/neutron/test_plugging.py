import testtools

from doctor_core.embedded.neutron.plugging import Plugging
from doctor_core.embedded.neutron.topology import Topology
from doctor_core.embedded.notifications import Notifications
from doctor_core.embedded.rest import Caller
from doctor_core.web.server import Refused

P1, P2 = (Caller(project_id=name) for name in ('p1', 'p2'))


class PluggingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.topology = Topology(Notifications())
        self.plugging = Plugging(self.topology)
        self.network = self.add_network('10.0.0.0/24')
        self.wanted = [{'uuid': self.network['id']}]

    def add_network(self, cidr, project_id='p1', **fields):
        network = self.topology.add_network(project_id,
                                            {'name': cidr, **fields})
        if cidr:
            self.topology.add_subnet(project_id, {
                'network_id': network['id'], 'cidr': cidr})
        return network

    def plug(self, requests=None):
        self.plugging.plug('s1', 'p1', 'h1', requests or self.wanted)
        return self.topology.of_device('s1')

    def test_nothing_said_means_the_only_network(self):
        for asked in (None, 'auto'):
            self.assertEqual(self.wanted,
                             self.plugging.requests(asked, P1))
        self.assertEqual([], self.plugging.requests('none', P1))
        self.assertEqual([], self.plugging.requests(None, P2))

    def test_of_several_one_has_to_be_named(self):
        self.add_network('10.1.0.0/24')
        error = self.assertRaises(Refused, self.plugging.requests, None,
                                  P1)
        self.assertEqual(409, error.status)

    def test_auto_without_a_network_is_refused(self):
        self.assertRaises(Refused, self.plugging.requests, 'auto', P2)

    def test_a_network_of_others_is_unknown_unless_shared(self):
        self.assertRaises(Refused, self.plugging.requests, self.wanted,
                          P2)
        self.network['shared'] = True
        self.assertEqual(self.wanted,
                         self.plugging.requests(self.wanted, P2))

    def test_an_administrator_sees_all_networks(self):
        admin = Caller(project_id='p0', roles=frozenset({'admin'}))
        self.assertEqual(self.wanted,
                         self.plugging.requests(self.wanted, admin))

    def test_a_network_without_a_subnet_is_refused(self):
        network = self.add_network('')
        self.assertRaises(Refused, self.plugging.requests,
                          [{'uuid': network['id']}], P1)

    def test_a_servers_port_is_bound_and_goes_with_it(self):
        port = self.plug()[0]
        self.assertEqual(('s1', 'compute:nova', 'h1', 'ACTIVE'), (
            port['device_id'], port['device_owner'],
            port['binding:host_id'], port['status']))
        self.plugging.unplug('s1')
        self.assertEqual({}, self.topology.ports)

    def test_a_wanted_address(self):
        port = self.plug([self.wanted[0] | {'fixed_ip': '10.0.0.77'}])[0]
        self.assertEqual('10.0.0.77', port['fixed_ips'][0]['ip_address'])
        self.assertEqual('10.0.0.77', self.plugging.addresses('s1')[
            '10.0.0.0/24'][0]['addr'])

    def test_a_port_that_was_there_stays(self):
        port = self.topology.add_port('p1', {
            'network_id': self.network['id']})
        wanted = self.plugging.requests([{'port': port['id']}], P1)
        self.assertEqual([port], self.plug(wanted))
        error = self.assertRaises(
            Refused, self.plugging.requests, [{'port': port['id']}], P1)
        self.assertEqual(409, error.status)
        self.plugging.unplug('s1')
        self.assertEqual(('', '', 'DOWN'), (
            port['device_id'], port['binding:host_id'], port['status']))

    def test_a_port_of_others_is_unknown(self):
        port = self.topology.add_port('p2', {
            'network_id': self.network['id']})
        self.assertRaises(Refused, self.plugging.requests,
                          [{'port': port['id']}], P1)

    def test_moving_binds_to_the_other_host(self):
        port = self.plug()[0]
        self.topology.change(port, {'data_plane_status': 'DOWN'})
        self.plugging.move('s1', 'h2')
        self.assertEqual(('h2', 'DOWN'), (port['binding:host_id'],
                                          port['data_plane_status']))

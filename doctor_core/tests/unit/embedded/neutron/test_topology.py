import ipaddress

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.embedded.neutron.topology import Topology
from doctor_core.embedded.notifications import Notifications
from doctor_core.web.server import Refused


def make(cidr='10.0.0.0/29', **fields):
    topology = Topology(Notifications())
    network = topology.add_network('p1', {'name': 'n'})
    subnet = topology.add_subnet('p1', {
        'network_id': network['id'], 'cidr': cidr, **fields})
    return topology, network, subnet


def address(port):
    return port['fixed_ips'][0]['ip_address']


class AddressesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.topology, self.network, self.subnet = make()

    def port(self, **fields):
        return self.topology.add_port('p1', {
            'network_id': self.network['id'], **fields})

    def test_the_gateways_address_is_left_out(self):
        self.assertEqual('10.0.0.1', self.subnet['gateway_ip'])
        self.assertEqual([{'start': '10.0.0.2', 'end': '10.0.0.6'}],
                         self.subnet['allocation_pools'])

    def test_each_port_has_one_of_its_own_until_none_is_left(self):
        self.assertEqual([f'10.0.0.{last}' for last in range(2, 7)],
                         [address(self.port()) for _ in range(5)])
        error = self.assertRaises(Refused, self.port)
        self.assertEqual(409, error.status)

    def test_one_that_was_given_back_is_used_again(self):
        ports = [self.port() for _ in range(5)]
        self.topology.remove_port(ports[2])
        self.assertEqual('10.0.0.4', address(self.port()))

    def test_a_wanted_one_is_taken_once(self):
        wanted = [{'ip_address': '10.0.0.5'}]
        self.assertEqual('10.0.0.5', address(self.port(fixed_ips=wanted)))
        error = self.assertRaises(Refused, self.port, fixed_ips=wanted)
        self.assertEqual(409, error.status)

    def test_one_of_another_subnet_is_refused(self):
        for wanted in ({'ip_address': '10.0.1.5'}, {'subnet_id': 'none'}):
            self.assertRaises(Refused, self.port, fixed_ips=[wanted])

    def test_a_failed_exchange_changes_nothing(self):
        port, other = self.port(), self.port()
        self.assertRaises(Refused, self.topology.change, port, {
            'fixed_ips': [{'ip_address': '10.0.0.6'},
                          {'ip_address': address(other)}]})
        self.assertEqual('10.0.0.2', address(port))
        self.assertEqual('10.0.0.6', address(self.port(
            fixed_ips=[{'ip_address': '10.0.0.6'}])))
        self.assertRaises(Refused, self.port,
                          fixed_ips=[{'ip_address': '10.0.0.2'}])

    def test_an_exchange_gives_the_old_one_back(self):
        port = self.port()
        self.topology.change(port, {'fixed_ips': [
            {'ip_address': '10.0.0.6'}]})
        self.assertEqual('10.0.0.2', address(self.port(
            fixed_ips=[{'ip_address': '10.0.0.2'}])))

    def test_one_of_each_version(self):
        self.topology.add_subnet('p1', {'network_id': self.network['id'],
                                        'cidr': 'fd00::/64'})
        self.assertEqual(['10.0.0.2', 'fd00::2'], [
            fixed['ip_address'] for fixed in self.port()['fixed_ips']])

    def test_subnets_do_not_overlap(self):
        error = self.assertRaises(
            Refused, self.topology.add_subnet, 'p1',
            {'network_id': self.network['id'], 'cidr': '10.0.0.0/24'})
        self.assertEqual(400, error.status)

    @given(st.integers(20, 32), st.integers(0, 2 ** 32 - 1))
    def test_pools_hold_all_but_the_gateway(self, length, number):
        block = ipaddress.ip_network((number, length), strict=False)
        _, _, subnet = make(str(block))
        held = sum(int(ipaddress.ip_address(pool['end']))
                   - int(ipaddress.ip_address(pool['start'])) + 1
                   for pool in subnet['allocation_pools'])
        spare = 3 if length < 31 else 1
        self.assertEqual(block.num_addresses - spare, held)


class PortsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.topology, self.network, self.subnet = make()
        self.port = self.topology.add_port('p1', {
            'network_id': self.network['id'], 'device_id': 's1',
            'binding:host_id': 'h1'})

    def test_a_bound_port_is_active(self):
        self.assertEqual(('ACTIVE', 'ovs'), (
            self.port['status'], self.port['binding:vif_type']))
        self.topology.change(self.port, {'admin_state_up': False})
        self.assertEqual('DOWN', self.port['status'])
        self.topology.change(self.port, {'binding:host_id': '',
                                         'admin_state_up': True})
        self.assertEqual(('DOWN', 'unbound'), (
            self.port['status'], self.port['binding:vif_type']))

    def test_a_port_is_found_by_its_device(self):
        self.assertEqual([self.port], self.topology.of_device('s1'))
        self.topology.change(self.port, {'device_id': 's2'})
        self.assertEqual(([], [self.port]), (
            self.topology.of_device('s1'), self.topology.of_device('s2')))
        self.topology.remove_port(self.port)
        self.assertEqual([], self.topology.of_device('s2'))

    def test_a_change_counts_the_revision(self):
        self.topology.change(self.port, {'name': 'x'})
        self.assertEqual(2, self.port['revision_number'])

    def test_what_is_in_use_stays(self):
        for remove, entity in (
                (self.topology.remove_network, self.network),
                (self.topology.remove_subnet, self.subnet)):
            error = self.assertRaises(Refused, remove, entity)
            self.assertEqual(409, error.status)
        self.topology.remove_port(self.port)
        self.topology.remove_network(self.network)
        self.assertEqual(({}, {}), (self.topology.networks,
                                    self.topology.subnets))

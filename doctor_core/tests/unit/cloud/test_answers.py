import testtools

from doctor_core.cloud import answers
from doctor_core.model import ComputeService, Host, Port, Server


class TestComputeService(testtools.TestCase):

    def test_as_nova_writes_it(self):
        self.assertEqual(
            ComputeService('u1', 'compute-1', 'up', 'enabled', True),
            answers.compute_service({
                'id': 'u1', 'binary': 'nova-compute', 'host': 'compute-1',
                'state': 'up', 'status': 'enabled', 'forced_down': True,
                'zone': 'nova', 'disabled_reason': None}))

    def test_of_a_cell_that_is_down(self):
        self.assertEqual(
            ComputeService('', 'compute-1', 'unknown', 'unknown', False),
            answers.compute_service({'host': 'compute-1',
                                     'binary': 'nova-compute',
                                     'status': 'UNKNOWN'}))


class TestHosts(testtools.TestCase):

    def hosts(self, *hypervisors):
        return answers.hosts(
            [ComputeService(name, name, 'up', 'enabled', False)
             for name in ('b', 'a')],
            [{'host_ip': address, 'service': {'host': name}}
             for name, address in hypervisors])

    def test_joined_by_the_services_host(self):
        self.assertEqual(
            [Host('a', ('192.0.2.1',)), Host('b', ('192.0.2.2',))],
            self.hosts(('b', '192.0.2.2'), ('a', '192.0.2.1')))

    def test_without_a_hypervisor(self):
        self.assertEqual([Host('a'), Host('b')], self.hosts(('c', '::1')))

    def test_several_hypervisors_behind_one_service(self):
        self.assertEqual(
            ('192.0.2.1', '192.0.2.2'),
            self.hosts(('a', '192.0.2.1'), ('a', '192.0.2.2'),
                       ('a', '192.0.2.1'), ('a', None))[0].addresses)


class TestServer(testtools.TestCase):

    def test_as_nova_writes_it(self):
        self.assertEqual(
            Server(id='s', name='vm', project_id='p', host='compute-1',
                   state='stopped', user_id='u', flavor='m1.tiny', vcpus=1,
                   memory_mb=512, disk_gb=3,
                   launched_at='2020-01-01T00:00:00.000000'),
            answers.server({
                'id': 's', 'name': 'vm', 'tenant_id': 'p', 'user_id': 'u',
                'status': 'SHUTOFF', 'OS-EXT-STS:vm_state': 'stopped',
                'OS-EXT-SRV-ATTR:host': 'compute-1',
                'OS-SRV-USG:launched_at': '2020-01-01T00:00:00.000000',
                'flavor': {'original_name': 'm1.tiny', 'vcpus': 1,
                           'ram': 512, 'disk': 1, 'ephemeral': 2}}))

    def test_on_no_host(self):
        server = answers.server({'id': 's', 'OS-EXT-SRV-ATTR:host': None,
                                 'OS-SRV-USG:launched_at': None})
        self.assertEqual(('', ''), (server.host, server.launched_at))

    def test_of_a_cell_that_is_down(self):
        self.assertEqual(
            Server(id='s', name='', project_id='p', host='',
                   state='unknown'),
            answers.server({'id': 's', 'tenant_id': 'p', 'links': [],
                            'created': '2020-01-01T00:00:00Z',
                            'status': 'UNKNOWN'}))


class TestServerPorts(testtools.TestCase):

    def test_only_those_of_servers(self):
        self.assertEqual(
            [Port('p1', 's', 'p', 'compute-1', 'DOWN')],
            answers.server_ports([
                {'id': 'p1', 'device_id': 's', 'project_id': 'p',
                 'device_owner': 'compute:az1', 'data_plane_status': 'DOWN',
                 'binding:host_id': 'compute-1'},
                {'id': 'p2', 'device_id': 'd', 'project_id': 'p',
                 'device_owner': 'network:dhcp'},
                {'id': 'p3', 'device_owner': ''}, {'id': 'p4'}]))

    def test_no_status_is_an_empty_one(self):
        port, = answers.server_ports([{
            'id': 'p1', 'device_owner': 'compute:', 'device_id': None,
            'data_plane_status': None, 'binding:host_id': None}])
        self.assertEqual(Port('p1', '', '', '', ''), port)

import testtools

from doctor_core.cloud import answers
from doctor_core.model import (
    Aggregate,
    ComputeService,
    Host,
    Hypervisor,
    Port,
    Server,
)


class TestComputeService(testtools.TestCase):

    def test_as_nova_writes_it(self):
        self.assertEqual(
            ComputeService('u1', 'compute-1', 'up', 'enabled', True),
            answers.compute_service({
                'id': 'u1', 'binary': 'nova-compute', 'host': 'compute-1',
                'state': 'up', 'status': 'enabled', 'forced_down': True,
                'zone': 'nova', 'disabled_reason': None}))

    def test_what_tells_a_heartbeat_from_a_change(self):
        service = answers.compute_service({
            'id': 'u1', 'host': 'compute-1', 'state': 'down',
            'status': 'disabled', 'disabled_reason': 'disk',
            'updated_at': '2026-01-01T00:00:00.000000'})
        self.assertEqual(('disk', '2026-01-01T00:00:00.000000'),
                         (service.disabled_reason, service.updated_at))

    def test_that_has_never_reported(self):
        service = answers.compute_service({
            'id': 'u1', 'host': 'compute-1', 'state': 'down',
            'status': 'enabled', 'disabled_reason': None,
            'updated_at': None})
        self.assertEqual(('', ''),
                         (service.disabled_reason, service.updated_at))

    def test_of_a_cell_that_is_down(self):
        self.assertEqual(
            ComputeService('', 'compute-1', 'unknown', 'unknown', False),
            answers.compute_service({'host': 'compute-1',
                                     'binary': 'nova-compute',
                                     'status': 'UNKNOWN'}))


class TestHypervisor(testtools.TestCase):

    def test_as_nova_writes_it(self):
        self.assertEqual(
            Hypervisor('h1', 'compute-1', 'node-1.example', '192.0.2.1',
                       'QEMU'),
            answers.hypervisor({
                'id': 'h1', 'hypervisor_hostname': 'node-1.example',
                'host_ip': '192.0.2.1', 'hypervisor_type': 'QEMU',
                'service': {'id': 's1', 'host': 'compute-1'}}))

    def test_what_nova_does_not_show(self):
        self.assertEqual(Hypervisor('7', ''), answers.hypervisor({
            'id': 7, 'host_ip': None, 'service': None}))


class TestHosts(testtools.TestCase):

    def hosts(self, *hypervisors):
        return answers.hosts(
            [ComputeService(name, name, 'up', 'enabled', False)
             for name in ('b', 'a')],
            [Hypervisor('h', name, address=address)
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
                       ('a', '192.0.2.1'), ('a', ''))[0].addresses)


class TestAggregate(testtools.TestCase):

    def test_as_nova_writes_it(self):
        self.assertEqual(
            Aggregate('fast disks', ('h1', 'h2'), 'z1', 'r1'),
            answers.aggregate({
                'id': 1, 'uuid': 'u', 'name': 'fast disks',
                'availability_zone': 'z1', 'hosts': ['h1', 'h2'],
                'metadata': {'availability_zone': 'z1', 'ssd': 'true',
                             'doctor:rack': 'r1'},
                'created_at': '2026-01-01T00:00:00.000000',
                'updated_at': None, 'deleted': False, 'deleted_at': None}))

    def test_of_nothing(self):
        self.assertEqual(Aggregate('a'), answers.aggregate({
            'id': 1, 'name': 'a', 'availability_zone': None, 'hosts': [],
            'metadata': {}}))


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
        for host in ({'OS-EXT-SRV-ATTR:host': None},
                     {'OS-EXT-SRV-ATTR:host': ''}, {}):
            server = answers.server({
                'id': 's', 'OS-EXT-STS:vm_state': 'shelved_offloaded',
                'OS-SRV-USG:launched_at': None, **host})
            self.assertEqual(('', '', False), (
                server.host, server.launched_at, server.is_partial))

    def test_what_nova_and_the_hypervisor_do_with_it(self):
        for number, word in ((0, ''), (1, 'running'), (3, 'paused'),
                             (4, 'shutdown'), (6, 'crashed'),
                             (7, 'suspended'), (99, ''), (None, '')):
            server = answers.server({
                'id': 's', 'OS-EXT-STS:task_state': 'powering-off',
                'OS-EXT-STS:power_state': number})
            self.assertEqual(('powering-off', word),
                             (server.task_state, server.power_state))

    def test_of_a_cell_that_is_down(self):
        """Its servers were taken for servers on no host."""
        self.assertEqual(
            Server(id='s', name='', project_id='p', host='',
                   state='unknown', is_partial=True),
            answers.server({'id': 's', 'tenant_id': 'p', 'links': [],
                            'created': '2020-01-01T00:00:00Z',
                            'status': 'UNKNOWN'}))

    def test_a_state_that_nova_has_no_word_for(self):
        server = answers.server({
            'id': 's', 'status': 'UNKNOWN', 'OS-EXT-STS:vm_state': 'new',
            'OS-EXT-SRV-ATTR:host': 'compute-1'})
        self.assertEqual(('new', False), (server.state, server.is_partial))


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


class TestOtherForms(testtools.TestCase):
    """What a text or a number should be, and is not."""

    RECORD = {'id': 's1', 'status': 'ACTIVE',
              'OS-EXT-STS:vm_state': 'active'}

    def test_numbers_for_texts_are_texts(self):
        """An owner could not be told of a server with such a name."""
        found = answers.server({**self.RECORD, 'name': 5, 'tenant_id': 7})
        self.assertEqual(('5', '7'), (found.name, found.project_id))

    def test_texts_for_numbers_are_not_known(self):
        found = answers.server({**self.RECORD, 'flavor': {
            'vcpus': 'two', 'ram': None, 'disk': [], 'ephemeral': 1}})
        self.assertEqual((None, None, 1),
                         (found.vcpus, found.memory_mb, found.disk_gb))

    def test_what_is_no_text_is_no_server(self):
        for name in ('id', 'name', 'OS-EXT-SRV-ATTR:host'):
            self.assertRaises(TypeError, answers.server,
                              {**self.RECORD, name: {'a': 1}})
        self.assertRaises(TypeError, answers.server_ports, [
            {'id': [], 'device_owner': 'compute:nova'}])

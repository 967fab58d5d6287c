import testtools

from doctor_core.tests.unit.embedded.inprocess import URL, Client, host_of


class CreateTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def create(self, *, token=None, version='2.74', **fields):
        return self.client.nova('POST', '/servers',
                                self.client.wanted(**fields),
                                token=token or self.client.member,
                                version=version)

    def test_it_builds_and_becomes_active(self):
        answer = self.create()
        server_id = answer.json['server']['id']
        self.assertEqual(202, answer.status)
        self.assertEqual(f'{URL}/compute/v2.1/servers/{server_id}',
                         answer.headers['Location'])
        self.client.settle()
        server = self.client.show(server_id)
        self.assertEqual(
            ('ACTIVE', 'active', None, 1),
            (server['status'], server['OS-EXT-STS:vm_state'],
             server['OS-EXT-STS:task_state'],
             server['OS-EXT-STS:power_state']))
        self.assertEqual(['private'], list(server['addresses']))

    def test_while_it_builds_it_has_no_address(self):
        self.client = Client(self, build_s=3600.0)
        server = self.client.boot()
        self.assertEqual(('BUILD', 'spawning', {}), (
            server['status'], server['OS-EXT-STS:task_state'],
            server['addresses']))

    def test_servers_are_spread(self):
        hosts = [host_of(self.client.boot()) for _ in range(6)]
        self.assertEqual([2, 2, 2], [hosts.count(host)
                                     for host in sorted(set(hosts))])

    def test_an_administrator_chooses_the_host(self):
        for fields in ({'host': 'embedded-compute-3'},
                       {'hypervisor_hostname': 'embedded-compute-3'},
                       {'availability_zone': 'nova:embedded-compute-3'}):
            server = self.client.boot(self.client.admin, **fields)
            self.assertEqual('embedded-compute-3', host_of(server))

    def test_a_plain_user_does_not(self):
        for fields in ({'host': 'embedded-compute-3'},
                       {'availability_zone': 'nova:embedded-compute-3'}):
            self.assertEqual(403, self.create(**fields).status)

    def test_before_its_version_there_is_no_host(self):
        self.assertEqual(400, self.create(
            token=self.client.admin, version='2.73',
            host='embedded-compute-3').status)

    def test_what_is_wrong_is_refused(self):
        for fields in (
                {'flavorRef': 'none'}, {'imageRef': 'none'},
                {'imageRef': ''}, {'networks': [{'uuid': 'none'}]},
                {'networks': [{}]}, {'networks': 'some'}, {'name': ' '},
                {'name': 7}, {'min_count': 0}, {'min_count': '9' * 5000},
                {'min_count': 3, 'max_count': 2},
                {'availability_zone': 'mars'}):
            self.assertEqual(400, self.create(**fields).status, fields)
        self.assertEqual(400, self.create(
            token=self.client.admin, host='nowhere').status)

    def test_networks_have_to_be_said_since_their_version(self):
        body = self.client.wanted()
        del body['server']['networks']
        for version, status in (('2.36', 202), ('2.37', 400)):
            self.assertEqual(status, self.client.nova(
                'POST', '/servers', body, token=self.client.member,
                version=version).status)

    def test_several_at_once(self):
        answer = self.create(min_count=3, return_reservation_id=True)
        reservation = answer.json['reservation_id']
        servers = self.client.nova(
            'GET', '/servers/detail?all_tenants=1').json['servers']
        self.assertEqual({'vm-1', 'vm-2', 'vm-3'},
                         {server['name'] for server in servers})
        self.assertEqual({reservation}, {
            server['OS-EXT-SRV-ATTR:reservation_id'] for server in servers})

    def test_without_a_host_it_fails(self):
        for number in (1, 2, 3):
            self.client.put_service(f'embedded-compute-{number}',
                                    forced_down=True)
        server = self.client.boot()
        self.assertEqual(('ERROR', None),
                         (server['status'], host_of(server)))
        self.assertIn('No valid host', server['fault']['message'])

    def test_without_an_address_it_fails(self):
        network = self.client.made(
            '/network/v2.0/networks', 'network', {'name': 'n'},
            self.client.member)
        self.client.made('/network/v2.0/subnets', 'subnet', {
            'network_id': network['id'], 'cidr': '10.0.0.0/30',
            'ip_version': 4}, self.client.member)
        wanted = [{'uuid': network['id']}]
        self.assertEqual(['ACTIVE', 'ERROR'], [
            self.client.boot(networks=wanted)['status'] for _ in range(2)])

    def test_a_dead_host_builds_when_it_is_back(self):
        self.client.fail('embedded-compute-1')
        server = self.client.boot(self.client.admin,
                                  host='embedded-compute-1')
        self.assertEqual('BUILD', server['status'])
        self.client.heal('embedded-compute-1')
        self.assertEqual('ACTIVE',
                         self.client.show(server['id'])['status'])

    def test_an_image_of_others_cannot_be_booted(self):
        image = self.client.ask('POST', '/image/v2/images', {
            'name': 'i', 'visibility': 'private', 'disk_format': 'raw',
            'container_format': 'bare'}).json
        self.client.ask('PUT', f'/image/v2/images/{image["id"]}/file', b'x')
        self.assertEqual(400, self.create(imageRef=image['id']).status)


class ServersTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def test_a_server_of_others_is_not_found(self):
        server = self.client.boot()
        token = self.client.outsider()
        for method in ('GET', 'DELETE'):
            self.assertEqual(404, self.client.nova(
                method, f'/servers/{server["id"]}', token=token).status)

    def test_a_server_is_renamed(self):
        server = self.client.boot()
        answer = self.client.nova(
            'PUT', f'/servers/{server["id"]}',
            {'server': {'name': 'new', 'description': 'd'}},
            token=self.client.member)
        self.assertEqual(('new', 'd'), (
            answer.json['server']['name'],
            answer.json['server']['description']))

    def test_a_deleted_server_leaves_nothing(self):
        server = self.client.boot()
        self.assertEqual(204, self.client.nova(
            'DELETE', f'/servers/{server["id"]}',
            token=self.client.member).status)
        self.assertEqual(404, self.client.nova(
            'GET', f'/servers/{server["id"]}').status)
        ports = self.client.ask('GET', '/network/v2.0/ports').json['ports']
        self.assertEqual([], ports)
        self.assertEqual(('compute.instance.delete.end', 'deleted'), (
            self.client.notices[-1][0],
            self.client.notices[-1][1]['state']))

    def test_a_server_deleted_while_it_builds_stays_deleted(self):
        answer = self.client.nova('POST', '/servers', self.client.wanted(),
                                  token=self.client.member)
        self.client.nova('DELETE',
                         f'/servers/{answer.json["server"]["id"]}')
        self.client.settle()
        self.assertEqual('compute.instance.delete.end',
                         self.client.notices[-1][0])


class NotificationTest(testtools.TestCase):
    """What Nova tells of a server, as a genuine one does."""

    def setUp(self):
        super().setUp()
        self.client = Client(self)
        self.server = self.client.boot()

    def test_a_new_server_goes_through_its_states(self):
        self.assertEqual(
            [('compute.instance.update', 'building', None),
             ('compute.instance.update', 'building', 'scheduling'),
             ('compute.instance.update', 'active', 'spawning'),
             ('compute.instance.create.end', 'active', None)],
            [(event_type, payload['state'], payload.get('old_task_state'))
             for event_type, payload in self.client.notices])

    def test_what_an_update_says(self):
        self.client.act(self.server, 'os-resetState', {'state': 'error'})
        event_type, payload = self.client.notices[-1]
        self.assertEqual('compute.instance.update', event_type)
        self.assertEqual({
            'state': 'error', 'old_state': 'active',
            'old_task_state': None, 'new_task_state': None,
            'instance_id': self.server['id'],
            'tenant_id': self.server['tenant_id'],
            'user_id': self.server['user_id'],
            'host': host_of(self.server), 'node': host_of(self.server),
            'display_name': 'vm', 'hostname': 'vm', 'memory_mb': 512,
            'disk_gb': 1, 'vcpus': 1, 'instance_type': 'm1.tiny',
            'instance_flavor_id': '1', 'launched_at':
                self.server['OS-SRV-USG:launched_at']},
            {name: payload[name] for name in (
                'state', 'old_state', 'old_task_state', 'new_task_state',
                'instance_id', 'tenant_id', 'user_id', 'host', 'node',
                'display_name', 'hostname', 'memory_mb', 'disk_gb', 'vcpus',
                'instance_type', 'instance_flavor_id', 'launched_at')})

    def test_the_same_state_again_is_not_told(self):
        for _ in range(2):
            self.client.act(self.server, 'os-resetState',
                            {'state': 'error'})
        told = [payload['state'] for _, payload in self.client.notices]
        self.assertEqual(1, told.count('error'))

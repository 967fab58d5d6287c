import testtools

from doctor_core.model import new_id
from doctor_core.tests.unit.embedded.inprocess import Client

HOST = 'embedded-compute-1'


class ServicesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self, service_down_s=3600.0)

    def listed(self, query='', version='2.53'):
        return self.client.nova('GET', f'/os-services?{query}',
                                version=version).json['services']

    def test_all_are_listed_and_filtered(self):
        self.assertEqual(
            ['nova-scheduler', 'nova-conductor'] + 3 * ['nova-compute'],
            [service['binary'] for service in self.listed()])
        self.assertEqual([HOST], [service['host'] for service in
                                  self.listed(f'host={HOST}')])
        self.assertEqual(3, len(self.listed('binary=nova-compute')))

    def test_members_come_with_their_versions(self):
        self.assertNotIn('forced_down', self.listed(version='2.10')[0])
        self.assertIs(False, self.listed(version='2.11')[-1]['forced_down'])
        self.assertIsInstance(self.listed(version='2.52')[-1]['id'], int)
        self.assertEqual(36, len(self.listed()[-1]['id']))

    def test_forced_down_and_up(self):
        for forced, state in ((True, 'down'), (False, 'up')):
            answer = self.client.put_service(HOST, forced_down=forced)
            self.assertEqual((200, forced, state), (
                answer.status, answer.json['service']['forced_down'],
                answer.json['service']['state']))
            event_type, payload = self.client.notices[-1]
            self.assertEqual('service.update', event_type)
            self.assertEqual((HOST, forced), (
                payload['nova_object.data']['host'],
                payload['nova_object.data']['forced_down']))

    def test_disabled_and_enabled(self):
        service = self.client.put_service(
            HOST, status='disabled', disabled_reason='r').json['service']
        self.assertEqual(('disabled', 'r', 'up'), (
            service['status'], service['disabled_reason'],
            service['state']))
        service = self.client.put_service(
            HOST, status='enabled').json['service']
        self.assertEqual(('enabled', None), (
            service['status'], service['disabled_reason']))

    def test_what_is_wrong_is_refused(self):
        for fields in ({}, {'status': 'off'}, {'forced_down': 'perhaps'},
                       {'status': 'enabled', 'disabled_reason': 'r'},
                       {'disabled_reason': 'r', 'forced_down': True},
                       {'forced_down': 1}):
            self.assertEqual(400, self.client.put_service(
                HOST, **fields).status, fields)

    def test_what_is_no_nova_compute_is_refused(self):
        controller = self.listed('binary=nova-scheduler')[0]['id']
        self.assertEqual([400, 404, 400], [
            self.client.nova('PUT', f'/os-services/{service_id}',
                             {'forced_down': True}).status
            for service_id in (controller, new_id(), 'force-down')])

    def act(self, action, version='2.52', binary='nova-compute', **fields):
        return self.client.nova(
            'PUT', f'/os-services/{action}',
            {'host': HOST, 'binary': binary} | fields, version=version)

    def test_the_older_form(self):
        for action, fields, shown in (
                ('force-down', {'forced_down': True}, {'forced_down': True}),
                ('disable', {}, {'status': 'disabled'}),
                ('disable-log-reason', {'disabled_reason': 'r'},
                 {'status': 'disabled', 'disabled_reason': 'r'}),
                ('enable', {}, {'status': 'enabled'})):
            answer = self.act(action, **fields)
            self.assertEqual(200, answer.status)
            self.assertEqual(
                {'host': HOST, 'binary': 'nova-compute'} | shown,
                answer.json['service'])
        self.assertEqual('down', self.client.service(HOST)['state'])

    def test_what_is_wrong_in_the_older_form(self):
        self.assertEqual([404, 404, 404, 400, 400], [
            self.act('reboot').status,
            self.act('force-down', '2.10', forced_down=True).status,
            self.act('enable', host='nowhere').status,
            self.act('enable', binary='nova-scheduler').status,
            self.act('force-down').status])

    def test_they_are_for_administrators(self):
        for method, path in (('GET', '/os-services'),
                             ('PUT', '/os-services/enable'),
                             ('GET', '/os-hypervisors'),
                             ('GET', '/os-hypervisors/detail'),
                             ('GET', '/os-availability-zone/detail')):
            self.assertEqual(403, self.client.nova(
                method, path, token=self.client.member).status)


class HostStatusTest(testtools.TestCase):

    def status(self, client, server):
        return client.show(server['id'])['host_status']

    def test_a_lost_heartbeat_alone_is_never_down(self):
        client = Client(self, service_down_s=0.0)
        server = client.boot(client.admin, host=HOST)
        self.assertEqual('UP', self.status(client, server))
        client.fail(HOST)
        self.assertEqual(('UNKNOWN', 'down'), (
            self.status(client, server), client.service(HOST)['state']))
        client.put_service(HOST, forced_down=True)
        self.assertEqual('DOWN', self.status(client, server))
        client.heal(HOST)
        self.assertEqual('DOWN', self.status(client, server))
        client.put_service(HOST, forced_down=False)
        self.assertEqual('UP', self.status(client, server))

    def test_a_short_silence_is_not_noticed(self):
        client = Client(self, service_down_s=3600.0)
        server = client.boot(client.admin, host=HOST)
        client.fail(HOST)
        self.assertEqual('UP', self.status(client, server))

    def test_disabled_is_maintenance_unless_forced_down(self):
        client = Client(self)
        server = client.boot(client.admin, host=HOST)
        client.put_service(HOST, status='disabled')
        self.assertEqual('MAINTENANCE', self.status(client, server))
        client.put_service(HOST, forced_down=True)
        self.assertEqual('DOWN', self.status(client, server))

import testtools

from doctor_core.tests.unit.embedded.inprocess import Client

HOSTS = [f'embedded-compute-{number}' for number in (1, 2, 3)]


class AggregatesTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def ask(self, method, path='', body=None, version='2.74', **options):
        return self.client.nova(method, f'/os-aggregates{path}', body,
                                version=version, **options)

    def create(self, name='r1', **fields):
        return self.ask('POST', body={
            'aggregate': {'name': name, **fields}}).json['aggregate']

    def act(self, one, action, **arguments):
        return self.ask('POST', f'/{one["id"]}/action', {action: arguments})

    def listed(self, **options):
        return self.ask('GET', **options).json['aggregates']


class AggregatesTest(AggregatesTestCase):

    def test_as_nova_shows_a_new_one(self):
        made = self.create(availability_zone='z1')
        self.assertEqual(('r1', 'z1'),
                         (made['name'], made['availability_zone']))
        for name in ('hosts', 'metadata'):
            self.assertNotIn(name, made)

    def test_as_nova_lists_it(self):
        made = self.create(availability_zone='z1')
        self.act(made, 'add_host', host=HOSTS[0])
        self.act(made, 'set_metadata', metadata={'doctor:rack': 'r1'})
        one, = self.listed()
        self.assertIsNotNone(one.pop('updated_at'))
        self.assertRegex(one.pop('created_at'), r'^\d{4}-.*\.\d{6}$')
        self.assertEqual(36, len(one.pop('uuid')))
        self.assertEqual({
            'id': made['id'], 'name': 'r1', 'hosts': [HOSTS[0]],
            'availability_zone': 'z1', 'deleted': False, 'deleted_at': None,
            'metadata': {'availability_zone': 'z1', 'doctor:rack': 'r1'},
        }, one)
        self.assertEqual([one['metadata']], [
            self.ask('GET', f'/{made["id"]}').json['aggregate']['metadata']])
        self.assertNotIn('uuid', self.listed(version='2.40')[0])

    def test_metadata_that_is_null_is_removed(self):
        made = self.create()
        self.act(made, 'set_metadata', metadata={'a': '1', 'b': '2'})
        answer = self.act(made, 'set_metadata', metadata={'a': None})
        self.assertEqual({'b': '2'}, answer.json['aggregate']['metadata'])

    def test_hosts_come_and_go(self):
        made = self.create()
        self.act(made, 'add_host', host=HOSTS[0])
        self.act(made, 'add_host', host=HOSTS[1])
        answer = self.act(made, 'remove_host', host=HOSTS[0])
        self.assertEqual([HOSTS[1]], answer.json['aggregate']['hosts'])

    def test_what_nova_refuses(self):
        made = self.create()
        self.act(made, 'add_host', host=HOSTS[0])
        for status, answer in (
                (409, self.ask('POST', body={'aggregate': {'name': 'r1'}})),
                (400, self.ask('POST', body={'aggregate': {'name': ' '}})),
                (409, self.act(made, 'add_host', host=HOSTS[0])),
                (404, self.act(made, 'add_host', host='nosuch')),
                (404, self.act(made, 'remove_host', host=HOSTS[1])),
                (404, self.act({'id': 99}, 'add_host', host=HOSTS[0])),
                (400, self.act({'id': 'x'}, 'add_host', host=HOSTS[0])),
                (400, self.act(made, 'set_metadata', metadata={'a': 1})),
                (400, self.act(made, 'nosuch')),
                (400, self.ask('DELETE', f'/{made["id"]}')),
                (403, self.ask('GET', token=self.client.member))):
            self.assertEqual(status, answer.status, answer.text)

    def test_goes_when_it_is_empty(self):
        made = self.create()
        self.assertEqual(200, self.ask('DELETE', f'/{made["id"]}').status)
        self.assertEqual([], self.listed())


class ZoneTest(AggregatesTestCase):

    def setUp(self):
        super().setUp()
        self.one = self.create(availability_zone='z1')
        self.act(self.one, 'add_host', host=HOSTS[0])

    def test_its_hosts_are_in_it(self):
        self.assertEqual(['z1', 'nova', 'nova'], [
            self.client.service(host)['zone'] for host in HOSTS])
        zones = self.client.nova('GET', '/os-availability-zone/detail').json
        self.assertEqual({'z1': HOSTS[:1], 'nova': HOSTS[1:]}, {
            zone['zoneName']: [*zone['hosts']]
            for zone in zones['availabilityZoneInfo']})
        server = self.client.boot(self.client.admin, host=HOSTS[0])
        self.assertEqual('z1', server['OS-EXT-AZ:availability_zone'])

    def test_a_host_is_in_one_only(self):
        other = self.create('r2', availability_zone='z2')
        self.assertEqual(409, self.act(other, 'add_host',
                                       host=HOSTS[0]).status)
        rack = self.create('r3')
        self.assertEqual(200, self.act(rack, 'add_host',
                                       host=HOSTS[0]).status)
        self.assertEqual(400, self.act(rack, 'set_metadata', metadata={
            'availability_zone': 'z2'}).status)

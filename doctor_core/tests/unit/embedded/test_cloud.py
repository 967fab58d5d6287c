import testtools
import yaml

from doctor_core import clock
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.exceptions import ConfigError, NotFound
from doctor_core.tests.unit.embedded.inprocess import URL, Client


class CloudTest(testtools.TestCase):

    def test_numbers_out_of_range_are_refused(self):
        for wrong in ({'hosts': 0}, {'hosts': 251}, {'latency_s': -1.0},
                      {'build_s': -1.0}, {'report_s': 0.0},
                      {'cells': 4}):
            self.assertRaises(ConfigError, EmbeddedCloud, **wrong)

    def test_passwords_are_random_and_reach_the_clouds_yaml(self):
        texts = [EmbeddedCloud().clouds_yaml() for _ in range(2)]
        self.assertNotEqual(*texts)
        clouds = yaml.safe_load(texts[0])['clouds']
        self.assertEqual(['doctor-embedded', 'doctor-embedded-member'],
                         list(clouds))

    def test_an_unknown_host_is_not_found(self):
        cloud = EmbeddedCloud()
        self.assertRaises(NotFound, cloud.fail, 'nowhere')
        self.assertRaises(NotFound, cloud.heal, 'nowhere')

    def test_the_catalogue_names_every_service(self):
        client = Client(self)
        catalog = client.ask('GET', '/identity/v3/auth/catalog').json
        self.assertEqual({
            'identity': f'{URL}/identity', 'compute': f'{URL}/compute/v2.1',
            'network': f'{URL}/network', 'image': f'{URL}/image',
            'alarming': f'{URL}/alarming',
            'doctor-embedded': f'{URL}/embedded'},
            {service['type']: service['endpoints'][0]['url']
             for service in catalog['catalog']})


class Cables:
    """Links that only keep what they are told."""

    port, network = 0, '10.77.0'

    def __init__(self):
        self.told = []

    def silence(self, name):
        self.told.append(('silence', name, clock.now()))

    def restore(self, name):
        self.told.append(('restore', name, clock.now()))


class LinksTest(testtools.TestCase):

    def test_the_hosts_have_the_addresses_of_their_links(self):
        client = Client(self, links=Cables())
        first = client.ask('GET', '/embedded/hosts').json['hosts'][0]
        self.assertEqual(('10.77.0.1', 0),
                         (first['address'], first['probe_port']))

    def test_a_link_is_cut_and_no_time_before_that_is_left_out(self):
        cables, path = Cables(), '/embedded/hosts/embedded-compute-2'
        client = Client(self, links=cables)
        failed_at = client.ask('POST', f'{path}/fail').json['failed_at']
        client.ask('POST', f'{path}/heal')
        self.assertEqual([('silence', 'embedded-compute-2'),
                          ('restore', 'embedded-compute-2')],
                         [one[:2] for one in cables.told])
        self.assertLessEqual(failed_at, cables.told[0][2])


class ControlTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self, transport_url='kombu+memory://')

    def test_the_hosts_have_addresses_of_their_own(self):
        hosts = self.client.ask('GET', '/embedded/hosts').json['hosts']
        self.assertEqual(
            [('embedded-compute-1', '127.77.0.1', False),
             ('embedded-compute-2', '127.77.0.2', False),
             ('embedded-compute-3', '127.77.0.3', False)],
            [(host['name'], host['address'], host['failed'])
             for host in hosts])

    def test_it_is_for_administrators(self):
        for method, path in (
                ('GET', '/hosts'), ('POST', '/hosts/embedded-compute-1/fail'),
                ('PUT', '/hosts/embedded-compute-1'),
                ('POST', '/hosts/embedded-compute-1/sync-power'),
                ('GET', '/servers'), ('PUT', '/cells/cell1'),
                ('GET', '/notifications'), ('GET', '/bus'),
                ('PUT', '/latency')):
            self.assertEqual(403, self.client.ask(
                method, f'/embedded{path}',
                token=self.client.member).status)

    def test_an_unknown_host_is_not_found(self):
        for verb in ('fail', 'heal'):
            self.assertEqual(404, self.client.ask(
                'POST', f'/embedded/hosts/nowhere/{verb}').status)

    def test_how_a_host_fails(self):
        path = '/embedded/hosts/embedded-compute-1/fail'
        self.assertEqual([200, 200, 400, 400], [
            self.client.ask('POST', path, body).status for body in (
                None, {'how': 'reboot'}, {'how': 'x'}, {'how': None})])

    def test_what_a_host_has_to_be_set(self):
        path = '/embedded/hosts/embedded-compute-1'
        host = self.client.ask('PUT', path, {
            'hypervisor_type': 'ironic', 'resumes_guests': True}).json
        self.assertEqual(('ironic', True, True), (
            host['hypervisor_type'], host['resumes_guests'],
            host['tells_uptime']))
        self.assertEqual([400, 400], [
            self.client.ask('PUT', path, wrong).status
            for wrong in ({'name': 'x'}, {'tells_uptime': 'no'})])

    def test_notifications_are_kept(self):
        server = self.client.boot()
        told = self.client.ask('GET', '/embedded/notifications?since=0').json
        self.assertIn(('compute.instance.create.end', server['id']), [
            (each['event_type'], each['payload'].get('instance_id'))
            for each in told['notifications']])
        last = told['notifications'][-1]['at']
        self.assertEqual([], self.client.ask(
            'GET', f'/embedded/notifications?since={last!r}'
        ).json['notifications'])
        self.assertEqual(400, self.client.ask(
            'GET', '/embedded/notifications?since=now').status)

    def test_the_latency_is_set(self):
        self.client.ask('PUT', '/embedded/latency', {'seconds': 0.05})
        self.assertEqual(0.05, self.client.cloud.latency_s)
        for wrong in (-1, 61, 'x', None):
            self.assertEqual(400, self.client.ask(
                'PUT', '/embedded/latency', {'seconds': wrong}).status)

    def test_the_bus_is_named(self):
        self.assertEqual(
            {'transport_url': 'kombu+memory://'},
            self.client.ask('GET', '/embedded/bus').json)

"""The embedded cloud over sockets: its APIs, its hosts, its bus."""

import asyncio
import json
import queue
import socket
import tempfile

import openstack
import testtools

from doctor_core import clock, messaging, wire
from doctor_core import conf as configuration
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.exceptions import CloudError, ConfigError
from doctor_core.model import Host
from doctor_core.services import chosen
from doctor_core.web.client import Client
from doctor_core.web.server import Response, Route, Server

HOST = 'embedded-compute-2'
PATIENCE_S = 60


def start(test, **options):
    cloud = EmbeddedCloud(**{'build_s': 0.01, **options})
    test.addCleanup(cloud.stop)
    cloud.start()
    return cloud


def clouds_file(test, cloud):
    """The path of the cloud's clouds.yaml."""
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115
        'w', suffix='.yaml', encoding='utf-8')
    test.addCleanup(file.close)
    file.write(cloud.clouds_yaml())
    file.flush()
    return file.name


def connect(test, cloud, name='doctor-embedded'):
    config = openstack.config.OpenStackConfig(
        config_files=[clouds_file(test, cloud)], load_envvars=False)
    connection = openstack.connection.Connection(
        config=config.get_one(name))
    test.addCleanup(connection.close)
    return connection


def ask(method, url, **options):
    """One request, without the OpenStack clients."""
    async def run():
        client = Client()
        try:
            return await client.request(method, url, **options)
        finally:
            await client.close()
    return asyncio.run(run())


class HttpTest(testtools.TestCase):

    def test_each_answer_has_a_request_id(self):
        cloud = start(self)
        answer = ask('GET', f'{cloud.url}/compute/')
        self.assertEqual(200, answer.status)
        self.assertRegex(answer.headers['x-openstack-request-id'],
                         '^req-[0-9a-f-]{36}$')

    def test_what_is_not_there(self):
        cloud = start(self)
        self.assertEqual([404, 405], [
            ask('GET', f'{cloud.url}/nothing').status,
            ask('DELETE', f'{cloud.url}/compute/v2.1/servers').status])

    def test_latency_is_what_the_apis_take_and_the_control_does_not(self):
        cloud = start(self, latency_s=0.3)
        before = clock.monotonic()
        ask('GET', f'{cloud.url}/compute/')
        self.assertGreaterEqual(clock.monotonic() - before, 0.3)
        cloud.latency_s = 3600.0
        self.assertEqual(401, ask('GET', f'{cloud.url}/embedded/hosts'
                                  ).status)

    def test_a_port_in_use_is_a_clear_error(self):
        cloud = start(self)
        port = int(cloud.url.rpartition(':')[2])
        error = self.assertRaises(ConfigError, start, self, port=port)
        self.assertIn(str(port), str(error))

    def test_a_wrong_transport_url_is_a_clear_error(self):
        self.assertRaises(ConfigError, start, self, transport_url='x://')

    def test_two_clouds_stand_side_by_side(self):
        clouds = [start(self) for _ in range(2)]
        self.assertEqual(2, len({cloud.url for cloud in clouds}))
        self.assertEqual(2, len({cloud.probe_port for cloud in clouds}))

    def test_it_stops_twice(self):
        cloud = start(self)
        cloud.stop()
        cloud.stop()
        self.assertRaises(OSError, socket.create_connection, (
            '127.0.0.1', int(cloud.url.rpartition(':')[2])))


class HostsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = start(self, service_down_s=0.0)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.settimeout(PATIENCE_S)

    def echo(self, number, datagram):
        self.socket.sendto(datagram, (f'127.77.0.{number}',
                                      self.cloud.probe_port))

    def heard(self):
        datagram, (address, port) = self.socket.recvfrom(100)
        self.assertEqual(self.cloud.probe_port, port)
        return datagram, address

    def test_each_answers_at_its_own_address(self):
        for number in (1, 2, 3):
            self.echo(number, b'probe %d' % number)
            self.assertEqual((b'probe %d' % number, f'127.77.0.{number}'),
                             self.heard())

    def test_a_failed_one_is_silent_until_it_is_healed(self):
        before = clock.now()
        failed_at = self.cloud.fail(HOST)
        self.assertTrue(before <= failed_at <= clock.now())
        self.assertEqual(failed_at, self.cloud.fail(HOST))
        # One thread answers in the order of coming: when the other host has
        # answered, the silent one has been passed over.
        for number in (2, 3):
            self.echo(number, b'lost')
        self.assertEqual((b'lost', '127.77.0.3'), self.heard())
        self.cloud.heal(HOST)
        self.echo(2, b'back')
        self.assertEqual((b'back', '127.77.0.2'), self.heard())

    def test_nova_misses_a_failed_one(self):
        connection = connect(self, self.cloud)

        def states():
            return {service.host: service.state for service in
                    connection.compute.services(binary='nova-compute')}

        self.cloud.fail(HOST)
        self.assertEqual('down', states()[HOST])
        self.cloud.heal(HOST)
        self.assertEqual({'up'}, set(states().values()))


class InstallerTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = start(self)
        self.path = clouds_file(self, self.cloud)

    def installer(self, name='doctor-embedded', fail_by='link'):
        conf = configuration.prepare([], {
            ('cloud', 'name'): name, ('cloud', 'clouds_file'): self.path,
            ('installer', 'type'): 'embedded',
            ('installer_embedded', 'fail_by'): fail_by},
            kinds=('installers',))
        return chosen.installer(conf)

    def test_it_fails_and_heals(self):
        installer = self.installer()
        self.assertEqual(3, len(installer.nodes()))
        self.assertEqual('', installer.transport_url())
        failed_at = installer.fail(Host(HOST))
        self.assertEqual(failed_at, self.cloud.fail(HOST))
        installer.heal(Host(HOST))
        installer.heal(Host(HOST))
        self.assertGreater(self.cloud.fail(HOST), failed_at)

    def test_how_it_fails(self):
        host = self.cloud.compute_hosts.get(HOST)
        for fail_by in ('link', 'reboot'):
            self.installer(fail_by=fail_by).fail(Host(HOST))
            self.assertEqual(fail_by == 'reboot', host.rebooting)

    def test_an_unknown_host_and_a_plain_user(self):
        error = self.assertRaises(CloudError, self.installer().fail,
                                  Host('nowhere'))
        self.assertEqual(404, error.status)
        member = self.installer('doctor-embedded-member')
        error = self.assertRaises(CloudError, member.fail, Host(HOST))
        self.assertEqual(403, error.status)


class BusTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = start(self, transport_url=messaging.IN_MEMORY)
        self.connection = connect(self, self.cloud)
        self.posted = queue.Queue()
        consumer = Server([Route('POST', '/failure', self.take)])
        self.addCleanup(consumer.stop)
        self.url = f'{consumer.start()}/failure'
        self.make_alarm()

    def take(self, request):
        self.posted.put(json.loads(request.body))
        return Response(200)

    def make_alarm(self):
        session = self.connection.session
        endpoint = session.get_endpoint(service_type='alarming')
        session.post(f'{endpoint}/v2/alarms', json={
            'name': 'a', 'type': 'event', 'repeat_actions': True,
            'alarm_actions': [self.url], 'event_rule': {
                'event_type': 'compute.instance.update', 'query': [
                    {'field': 'traits.state', 'op': 'eq', 'type': '',
                     'value': 'error'}]}})

    def test_aodh_hears_what_is_sent_straight_to_it(self):
        bus = messaging.Bus(messaging.memory_conf(), messaging.IN_MEMORY,
                            exchange=None)
        self.addCleanup(bus.close)
        good = {'event_type': 'compute.instance.update',
                'message_id': 'm1', 'generated': '2026-01-01T00:00:00',
                'traits': [
                    ['project_id', 1, self.connection.current_project_id],
                    ['state', 1, 'error']]}
        # What is no event takes nothing along with it.
        for payload in ('rubbish', [{'event_type': 'x'}, good]):
            bus.publish(wire.AODH_TOPIC, wire.AODH_EVENT_TYPE, payload,
                        priority=wire.AODH_PRIORITY)
        body = self.posted.get(timeout=PATIENCE_S)
        self.assertEqual('m1', body['reason_data']['event']['message_id'])

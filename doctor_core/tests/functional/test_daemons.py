import contextlib
import http.client
import json
import signal
import socket
import ssl
import threading
import urllib.error
import urllib.request
from pathlib import Path

import fixtures
import testtools
from openstack.config import OpenStackConfig

from doctor_core import clock
from doctor_core.cloud import Cloud
from doctor_core.consumers.sample import SampleConsumer
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.fixtures import options as options_for
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.daemons import PATIENCE_S, Process, run
from doctor_core.tests.functional.embedded import boot
from doctor_core.tests.functional.test_web_tls import self_signed

READY = r'doctor-inspector is ready: .* (http://127\.0\.0\.1:\d+)/events'
PASSWORD = 'of-this-test-only'
#: As a deployment sent it in 2017, but for the host.
EVENT = {'time': '2017-05-08T13:50:39.710436', 'type': 'compute.host.down',
         'id': 'monitor_sample_id1',
         'details': {'hostname': '', 'status': 'down',
                     'monitor': 'monitor_sample',
                     'monitor_event_id': 'monitor_sample_event1'}}


class DaemonsTestCase(testtools.TestCase):
    """An embedded cloud, servers on one of its hosts, their owner."""

    #: How many compute hosts the cloud has.
    hosts = 3
    make_cloud = EmbeddedCloud

    def setUp(self):
        super().setUp()
        self.folder = self.useFixture(fixtures.TempDir())
        self.cloud = self.make_cloud(hosts=self.hosts,
                                     admin_password=PASSWORD)
        self.cloud.start()
        self.addCleanup(self.cloud.stop)
        self.clouds = self.folder.join('clouds.yaml')
        with open(self.clouds, 'w', encoding='utf-8') as file:
            file.write(self.cloud.clouds_yaml())
        self.seen = Cloud.named(self.clouds, 'doctor-embedded')
        self.addCleanup(self.seen.close)
        self.host = self.seen.hosts()[0].name
        self.servers = boot(self.seen, self.host, 4)
        self.consumer = SampleConsumer(options_for(SampleConsumer, port=0))
        self.url = self.consumer.start()
        self.addCleanup(self.consumer.stop)

    def write_conf(self, **sections):
        values = {
            'DEFAULT': {'state_path': self.folder.join('state')},
            'cloud': {'name': 'doctor-embedded',
                      'clouds_file': self.clouds, 'retry_for_s': 2},
            'bus': {'transport_url': 'kombu+memory://'},
            'inspector': {'port': 0, 'refresh_s': 1},
        }
        for section, options in sections.items():
            values.setdefault(section, {}).update(options)
        path = self.folder.join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            for section, options in values.items():
                file.write(f'[{section}]\n')
                file.writelines(f'{name} = {value}\n'
                                for name, value in options.items())
        return path

    def inspector(self, path, ready=READY):
        process = self.useFixture(Process(
            'doctor-inspector', '--config-file', path, ready=ready))
        self.inspector_url = process.match.group(1)
        return process

    def put(self, body, path='/events', method='PUT', **headers):
        request = urllib.request.Request(
            self.inspector_url + path, method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={'Content-Type': 'application/json', **headers})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as got:
                return got.status, json.loads(got.read() or b'null')
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def event(self, host=None, status='down'):
        return [{**EVENT, 'details': {**EVENT['details'], 'status': status,
                                      'hostname': host or self.host}}]

    def subscribe(self, rest=True):
        """An alarm a server, in the inspector or in the cloud's Aodh."""
        for index, server in enumerate(self.servers):
            body = {
                'name': f'doctor_alarm{index}', 'type': 'event',
                'description': 'VM failure', 'enabled': True,
                'alarm_actions': [self.url], 'repeat_actions': False,
                'severity': 'moderate',
                'event_rule': {
                    'event_type': 'compute.instance.update',
                    'query': [
                        {'field': 'traits.instance_id', 'type': '',
                         'op': 'eq', 'value': server.id},
                        {'field': 'traits.state', 'type': '', 'op': 'eq',
                         'value': 'error'}]}}
            if rest:
                status, answer = self.put(
                    body, '/v2/alarms', 'POST',
                    **{'X-Project-Id': server.project_id,
                       'X-User-Id': 'owner'})
                self.assertEqual(201, status, answer)
            else:
                self.seen.post('alarming', '/v2/alarms', body,
                               project_id=server.project_id)

    def told(self):
        return {notice.server_id for notice in self.consumer.received()}

    def wait_for(self, predicate, what):
        return clock.wait_for(predicate, clock.Deadline(PATIENCE_S),
                              what=what)

    def wait_told(self):
        self.wait_for(lambda: self.told() == {server.id for server
                                              in self.servers},
                      'all owners to be told')

    def is_marked(self):
        service, = self.seen.compute_services(self.host)
        servers = self.seen.servers(self.host)
        return service.forced_down and {
            server.state for server in servers} == {'error'} and {
            port.data_plane_status
            for port in self.seen.ports(self.host)} == {'DOWN'}

    def is_clean(self):
        service, = self.seen.compute_services(self.host)
        servers = self.seen.servers(self.host)
        return not service.forced_down and {
            server.state for server in servers} == {'active'} and {
            port.data_plane_status
            for port in self.seen.ports(self.host)} == {'ACTIVE'}


class InspectorTest(DaemonsTestCase):
    def test_event_from_outside_to_told_owner_and_back(self):
        process = self.inspector(self.write_conf())
        self.subscribe()
        status, answer = self.put(self.event())
        self.assertEqual((202, self.host),
                         (status, answer['faults'][0]['hostname']))
        self.wait_told()
        self.wait_for(self.is_marked, 'the cloud to be corrected')
        self.assertEqual(4, len(self.consumer.received()))
        self.check_log(process)
        status, answer = self.put(
            {'events': [{'event': self.event(status='up')[0]}]},
            '/events?wait=1', 'POST')
        # Not only in the end: nova-compute may report ten seconds later.
        self.assertEqual(200, status)
        self.assertIn(answer['faults'][0]['state'], ('clearing', 'cleared'))
        self.wait_for(self.is_clean, 'everything to be reversed')
        self.assertEqual(0, process.end())

    def check_log(self, process):
        process.wait_for(rf'doctor mark host\({self.host}\) down at \d+\.\d+')
        for server in self.servers:
            self.assertRegex(
                process.output,
                rf'doctor mark vm\({server.id}\) error at \d+\.\d+')

    def assertRegex(self, text, pattern):  # noqa: N802 - as in unittest
        self.assertThat(text, testtools.matchers.MatchesRegex(
            f'(?s).*{pattern}'))

    def test_owners_alarms_in_aodh(self):
        self.subscribe(rest=False)
        self.inspector(self.write_conf(
            alarm={'type': 'aodh'},
            inspector={'notification': 'conservative'}))
        self.put(self.event(), '/events?wait=1')
        self.wait_told()
        self.assertTrue(self.is_marked())

    def test_fault_can_be_looked_at(self):
        self.inspector(self.write_conf())
        _status, answer = self.put(self.event(), '/events?wait=1')
        fault_id = answer['faults'][0]['id']
        status, answer = self.put(None, f'/faults/{fault_id}', 'GET')
        self.assertEqual((200, 'handled', {True}), (
            status, answer['fault']['state'],
            {one['done'] for one in answer['fault']['corrections']}))
        _status, answer = self.put(None, '/faults', 'GET')
        self.assertEqual([fault_id], [one['id'] for one in answer['faults']])

    def test_bad_bodies_are_refused_and_the_next_is_taken(self):
        self.inspector(self.write_conf(
            inspector={'unknown_events': 'reject'}))
        self.assertEqual(400, self.put({'events': 1})[0])
        self.assertEqual(400, self.put([{'type': 'x'}])[0])
        self.assertEqual(422, self.put(
            {'type': 'disk.failure', 'hostname': self.host})[0])
        self.assertEqual(404, self.put({}, '/nowhere')[0])
        self.assertEqual(405, self.put(None, '/events', 'GET')[0])
        self.assertEqual(202, self.put(self.event('unknown-host'))[0])
        self.assertEqual(202, self.put(self.event())[0])
        self.wait_for(self.is_marked, 'the cloud to be corrected')

    def test_bodies_of_other_senders(self):
        """These ended in 500, or in a forged line of the log."""
        process = self.inspector(self.write_conf())
        for changes in (
                {'time': int(clock.now() * 1000)}, {'time': 10 ** 400},
                {'time': float('nan')}, {'time': '2026.11.29 01:00:00'},
                {'type': 'x\nforged line'},
                {'details': {'hostname': '\ud800'}},
                {'details': {'hostname': self.host, 'x': '\0\ud800'}}):
            status, answer = self.put({**self.event()[0], **changes},
                                      '/events?wait=1')
            self.assertEqual(200, status, answer)
            self.assertIn('remarks', answer['faults'][0])
        process.wait_for(r'x\\u000aforged line')
        self.assertNotIn('\nforged', process.output)
        self.assertNotIn('Traceback', process.output)

    def test_alert_without_a_host_loses_no_other(self):
        """One alert that named no host had its whole group refused."""
        process = self.inspector(self.write_conf())
        status, answer = self.put({'receiver': 'doctor', 'alerts': [
            {'status': 'firing', 'labels': {'host': self.host},
             'fingerprint': 'f1'},
            {'status': 'firing', 'labels': {'rulename': 'HostDown'},
             'fingerprint': 'f2'}]}, '/events?wait=1')
        self.assertEqual((200, 'handled', ['alerts[1].labels']), (
            status, answer['faults'][0]['state'],
            [one['field'] for one in answer['refused']]))
        process.wait_for(r'refused: alerts\[1\].labels: names no host')
        _status, answer = self.put(None, '/faults', 'GET')
        self.assertEqual(['alertmanager/doctor/f1'],
                         [fault['source'] for fault in answer['faults']])

    def test_who_waits_holds_up_nobody(self):
        """Six who waited blocked the intake, and the end, for 300 s."""
        process = self.inspector(self.write_conf(
            inspector={'refresh_s': 3600}))
        self.cloud.latency_s = 10.0
        for _ in range(12):
            threading.Thread(target=self.put_and_forget, daemon=True, args=(
                self.event(), '/events?wait=1')).start()
        process.wait_for('servers and .* ports are affected')
        began = clock.monotonic()
        self.assertEqual(202, self.put({
            'type': 'compute.host.degraded', 'hostname': self.host})[0])
        self.assertLess(clock.monotonic() - began, 5)
        # What is asked of Nova is waited for.
        self.assertEqual(0, process.end())
        self.assertLess(clock.monotonic() - began, 45)

    def put_and_forget(self, *args, **headers):
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.put(*args, **headers)

    def test_keystone_that_hangs(self):
        """Twelve unknown tokens kept an administrator out."""
        process = self.inspector(self.write_conf(inspector={
            'auth_strategy': 'keystone', 'refresh_s': 3600}))
        admin = self.token('doctor-embedded')
        self.assertEqual(200, self.put(None, '/faults', 'GET', **admin)[0])
        self.cloud.latency_s = 20.0
        for number in range(40):
            threading.Thread(target=self.put_and_forget, daemon=True, args=(
                self.event(),), kwargs={'X-Auth-Token': f'no-{number}'}
                ).start()
        self.wait_for(lambda: self.put(None, '/healthcheck', 'GET')[1].get(
            'full') == ['new tokens'], 'the pool to be full')
        self.assertEqual(503, self.put(
            self.event(), **{'X-Auth-Token': 'one-more'})[0])
        began = clock.monotonic()
        self.assertEqual(200, self.put(None, '/faults', 'GET', **admin)[0])
        self.assertEqual(0, process.end())
        self.assertLess(clock.monotonic() - began, 15)

    def test_killed_in_the_middle(self):
        """Between the decision and the last correction nothing is lost."""
        path = self.write_conf()
        first = self.inspector(path)
        self.subscribe()
        self.cloud.latency_s = 1.5
        self.put(self.event())
        first.wait_for('servers and .* ports are affected')
        first.end(signal.SIGKILL)
        self.cloud.latency_s = 0.0
        self.assertFalse(self.is_marked())
        self.inspector(path)
        self.wait_for(self.is_marked, 'the cloud to be corrected')
        self.wait_told()
        self.put(self.event(status='up'), '/events?wait=1')
        self.wait_for(self.is_clean, 'everything to be reversed')

    def token(self, name):
        region = OpenStackConfig(
            config_files=[self.clouds], load_envvars=False).get_one(name)
        return {'X-Auth-Token': region.get_session().get_token()}

    def test_who_may_do_what_with_keystone(self):
        process = self.inspector(self.write_conf(
            inspector={'auth_strategy': 'keystone'}))
        admin = self.token('doctor-embedded')
        member = self.token('doctor-embedded-member')
        self.assertEqual(
            [401, 401, 403, 202],
            [self.put(self.event(), **headers)[0] for headers in
             ({}, {'X-Auth-Token': 'made-up'}, member, admin)])
        self.assertEqual(403, self.put(None, '/faults', 'GET', **member)[0])
        process.wait_for('PUT /events of 127.0.0.1 is refused: X-Auth-Token '
                         'is missing')
        process.wait_for('GET /faults of 127.0.0.1 is refused: One of these '
                         'roles')
        alarm = {'name': 'mine', 'type': 'event', 'alarm_actions': [self.url],
                 'event_rule': {'event_type': '*', 'query': []}}
        status, made = self.put(alarm, '/v2/alarms', 'POST', **member)
        self.assertEqual(201, status)
        path = f'/v2/alarms/{made["alarm_id"]}'
        self.assertEqual(200, self.put(None, path, 'GET', **member)[0])
        self.assertEqual([], [
            one for one in self.put(None, '/v2/alarms', 'GET', **admin)[1]
            if one['name'] == 'mine'])

    def test_alarms_outlive_a_restart(self):
        path = self.write_conf()
        first = self.inspector(path)
        self.subscribe()
        self.assertEqual(0, first.end())
        self.inspector(path)
        self.put(self.event())
        self.wait_told()

    def test_state_that_was_lost(self):
        """All owners' alarms were, and nothing said so."""
        path = self.write_conf()
        first = self.inspector(path)
        self.put(self.event())
        self.wait_for(self.is_marked, 'the cloud to be corrected')
        self.assertEqual(0, first.end())
        again = self.inspector(path)
        self.assertEqual(0, again.end())
        for process in first, again:
            self.assertNotIn('is new', process.output)
        state = Path(self.folder.join('state'))
        for file in state.glob('inspector.sqlite*'):
            if file.suffix != '.lock':
                file.unlink()
        with socket.create_server(('127.0.0.1', 0)) as taken:
            refused = run('doctor-inspector', '--config-file', self.write_conf(
                inspector={'port': taken.getsockname()[1]}), status=2)
        self.assertIn('cannot listen', refused.stderr)
        # Nothing was kept by a start that failed.
        lost = self.inspector(self.write_conf())
        self.assertIn(f'State in {state}/inspector.sqlite is new', lost.output)
        self.assertIn('worked with such a file there before', lost.output)
        self.assertIn(f'Forced down in Nova, by whomever: {self.host}.',
                      lost.output)
        self.assertEqual(0, lost.end())
        self.assertNotIn('is new', self.inspector(path).output)

    def test_option_that_may_change_while_it_runs(self):
        path = self.write_conf()
        process = self.inspector(path)
        unknown = {'type': 'disk.failure', 'hostname': self.host}
        self.assertEqual(202, self.put(unknown)[0])
        self.write_conf(inspector={'unknown_events': 'reject'})
        process.process.send_signal(signal.SIGHUP)
        process.wait_for('has read its configuration again')
        self.assertEqual(422, self.put(unknown)[0])

    def test_files_that_are_wrong_while_it_runs(self):
        """A wrong [DEFAULT] debug at SIGHUP ended the daemon."""
        path = self.write_conf()
        process = self.inspector(path)
        for options in {'debug': 'treu'}, {'use_journal': '7'}:
            self.write_conf(DEFAULT=options)
            process.process.send_signal(signal.SIGHUP)
            process.wait_for('keeps its configuration: .*doctor.conf, line '
                             rf'\d+: \[DEFAULT\] {next(iter(options))}: ')
        self.write_conf()
        process.process.send_signal(signal.SIGHUP)
        process.wait_for('has read its configuration again')
        self.assertNotIn('exceptions.ConfigError', process.output)
        self.assertEqual(0, process.end())

    def test_certificate_that_is_replaced_while_it_runs(self):
        """It was shown at the next start only."""
        requirements.need_command(self, 'openssl', 'apt-get install openssl')
        cert, key = self.folder.join('cert.pem'), self.folder.join('key.pem')
        self_signed(cert, key)
        path = self.write_conf(inspector={'tls_cert': cert, 'tls_key': key})
        process = self.inspector(path, READY.replace('http', 'https'))
        port = int(self.inspector_url.rpartition(':')[2])

        def hup():
            process.process.send_signal(signal.SIGHUP)

        def shown():
            return ssl.get_server_certificate(('127.0.0.1', port),
                                              timeout=PATIENCE_S)

        first = shown()
        self_signed(cert, key)
        hup()
        process.wait_for(f'doctor-inspector shows the certificate {cert} as '
                         'it is now')
        second = shown()
        self.assertNotEqual(first, second)
        self.assertEqual(second, Path(cert).read_text(encoding='utf-8'))
        Path(cert).write_text('no certificate', encoding='utf-8')
        hup()
        process.wait_for('doctor-inspector goes on with what it has: '
                         f'inspector: cannot use tls_cert = {cert}')
        self.assertEqual(second, shown())
        self.assertNotIn('Traceback', process.output)
        self.assertNotIn('exceptions.ConfigError', process.output)
        self.assertEqual(0, process.end())

    def test_cloud_that_is_not_there_yet(self):
        port = int(self.cloud.url.rpartition(':')[2])
        self.cloud.stop()
        process = self.useFixture(Process(
            'doctor-inspector', '--config-file', self.write_conf(),
            ready='The cloud cannot be used yet'))
        self.assertNotIn('Traceback', process.output)
        later = EmbeddedCloud(hosts=3, port=port,
                              admin_password=PASSWORD)
        later.start()
        self.addCleanup(later.stop)
        process.wait_for('doctor-inspector is ready')
        self.assertEqual(0, process.end())

    def test_ends_while_it_waits_for_the_cloud(self):
        self.cloud.stop()
        process = self.useFixture(Process(
            'doctor-inspector', '--config-file', self.write_conf(),
            ready='The cloud cannot be used yet'))
        self.assertEqual(0, process.end())


class WrongOptionsTest(testtools.TestCase):
    def test_one_line_and_exit_code_2(self):
        folder = self.useFixture(fixtures.TempDir())
        for text, expected in (
                ('[inspector]\nport = many\n', 'port'),
                ('[inspector]\ntype = nosuch\n', 'nosuch'),
                ('[inspector]\nhost = 0.0.0.0\n[cloud]\nname = x\n',
                 ''),
                ('[bus]\ntransport_url = nosuch://\n', ''),
                ('[inspecter]\nauth_strategy = keystone\n', '[inspector]'),
                ('[bus]\ntransport_url = kombu+memory://\n[cloud]\n'
                 'auth_url = http://k/v3\nusername = doctor\n',
                 'password is missing'),
                ('[DEFAULT]\ndebug = treu\n', 'line 2: [DEFAULT] debug'),
                ('[DEFAULT]\nlog_file = /nonexistent/doctor.log\n',
                 '/nonexistent/doctor.log')):
            path = folder.join('doctor.conf')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
            for daemon in ('doctor-inspector', 'doctor-monitor'):
                if 'inspector' in text and daemon == 'doctor-monitor':
                    continue
                done = run(daemon, '--config-file', path, status=2)
                self.assertIn(expected, done.stderr)
                self.assertNotIn('Traceback', done.stderr + done.stdout)

    def test_file_that_is_not_there(self):
        done = run('doctor-inspector', '--config-file', '/nonexistent.conf',
                   status=2)
        self.assertIn('/nonexistent.conf', done.stderr)
        self.assertNotIn('Traceback', done.stderr)

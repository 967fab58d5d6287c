"""Genuine collectd processes, deployed by the monitor or by hand, to reports
and to events.
"""

import contextlib
import os
import queue
import socket
import subprocess

import fixtures
import testtools

from doctor_core import clock, wire
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.fixtures import options as options_for
from doctor_core.model import Host
from doctor_core.monitors.collectd.agent import Agent
from doctor_core.monitors.collectd.conf import Watch
from doctor_core.monitors.collectd.monitor import CollectdMonitor
from doctor_core.runner import LocalRunner
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.daemons import Process
from doctor_core.tests.functional.sshd import Sshd
from doctor_core.web import server as web

WAIT_S = 60
COLLECTD = ('apt-get install collectd-core libpython3.11 liboping0 libmnl0 '
            'libyajl2 libcurl3-gnutls')


class Intake(fixtures.Fixture):
    """Takes events as the inspector does."""

    def _setUp(self):
        self.heard = queue.Queue()
        self.status = 202
        self.server = web.Server(
            [web.Route('POST', '/events', self._take)])
        self.server.start()
        self.addCleanup(self.server.stop)
        self.url = f'{self.server.url}/events'

    def _take(self, request):
        for fault in wire.parse_faults(request.json(),
                                       request.arrived_at).faults:
            self.heard.put(fault)
        return web.Response(self.status, {})

    def next(self):
        """The next event."""
        return self.heard.get(timeout=WAIT_S)


class Reports(queue.Queue):
    """Takes what a monitor reports."""

    def next(self):
        """The next report."""
        return self.get(timeout=WAIT_S)


class CollectdTestCase(testtools.TestCase):
    """A collectd in a folder, to which notifications can be given."""

    def setUp(self):
        super().setUp()
        self.collectd = requirements.need_command(self, 'collectd', COLLECTD)
        self.log = self.useFixture(fixtures.FakeLogger())
        self.reports = Reports()
        self.outside = self.useFixture(fixtures.TempDir())
        self.folder = os.path.join(self.outside.path, 'new', 'base')
        self.socket = self.outside.join('sock')
        self.include = self.write(
            'unixsock.conf', 'LoadPlugin unixsock\n<Plugin unixsock>\n'
            f'SocketFile "{self.socket}"\nDeleteSocket true\n</Plugin>\n')

    def write(self, name, text):
        path = self.outside.join(name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding='utf-8') as file:
            return file.read()

    def make(self, **options):
        values = {'mode': 'local', 'collectd': self.collectd,
                  'base_dir': self.folder,
                  'neighbours': 0, 'plugins': ['sensors'],
                  'includes': [self.include], 'check_s': 0.3, **options}
        monitor = CollectdMonitor(
            options_for(CollectdMonitor, **values), self.reports.put)
        self.addCleanup(monitor.stop)
        return monitor

    def start(self, **options):
        monitor = self.make(**options)
        monitor.start([Host('compute-1', ('127.0.0.1',))])
        return monitor

    def notify(self, severity, instance='psu'):
        """Have collectd dispatch a notification of the plugin sensors."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(WAIT_S)
            clock.wait_for(lambda: self._connects(control),
                           clock.Deadline(WAIT_S), what=self.socket)
            control.sendall(
                f'PUTNOTIF severity={severity} time={clock.now():.3f} '
                f'host=compute-1 plugin=sensors plugin_instance={instance} '
                'type=gauge message="of a test"\n'.encode())
            self.assertTrue(control.recv(1000).startswith(b'0'))

    def _connects(self, control):
        with contextlib.suppress(OSError):
            control.connect(self.socket)
            return True
        return False

    def pid(self):
        try:
            return int(self.read('collectd.pid'))
        except (OSError, ValueError):
            return 0

    def runs(self, pid):
        """Whether there is such a process, and it is no zombie."""
        with contextlib.suppress(OSError), \
                open(f'/proc/{pid}/cmdline', encoding='utf-8') as file:
            return bool(file.read())
        return False

    def expect(self, kind, hostname='compute-1', of=None):
        fault = (of or self.reports).next()
        self.assertEqual((kind, hostname), (fault.type, fault.hostname))
        return fault


class LocalTest(CollectdTestCase):

    def test_failure_is_down_and_okay_is_up(self):
        monitor = self.start()
        before = clock.now()
        self.notify('failure')
        fault = self.expect(wire.HOST_DOWN)
        self.assertEqual(
            ('sensors/psu/gauge', 'critical', ()),
            (fault.cause, fault.severity, fault.evidence))
        self.assertTrue(before - 1 <= fault.detected_at <= clock.now())
        self.notify('okay')
        again = self.expect(wire.HOST_UP)
        self.assertNotEqual(fault.details['monitor_event_id'],
                            again.details['monitor_event_id'])
        self.assertEqual({}, monitor.troubles())

    def test_what_is_over_within_a_second_is_not_reported(self):
        self.start()
        self.notify('failure')
        self.notify('okay')
        self.notify('failure', 'fan')
        self.notify('okay', 'fan')
        self.notify('failure')
        self.expect(wire.HOST_DOWN)
        self.assertTrue(self.reports.empty())

    def test_write_http_is_a_way_too(self):
        """collectd's own way to tell, in the words of Alertmanager."""
        intake = self.useFixture(Intake())
        self.start(plugins=['none'], includes=[self.include, self.write(
            'write_http.conf',
            'LoadPlugin write_http\n<Plugin write_http>\n<Node doctor>\n'
            f'URL "{intake.url}"\nFormat JSON\nNotifications true\n'
            'Metrics false\n</Node>\n</Plugin>\n')])
        self.notify('failure')
        self.assertEqual('collectd_sensors_gauge',
                         self.expect(wire.HOST_DOWN, of=intake).cause)
        self.notify('warning')
        self.expect(wire.HOST_DEGRADED, of=intake)
        self.notify('okay')
        self.expect(wire.HOST_UP, of=intake)

    def test_stop_ends_it_and_restores_the_folder(self):
        os.makedirs(self.folder)
        with open(os.path.join(self.folder, 'collectd.conf'), 'w',
                  encoding='utf-8') as file:
            file.write('# theirs')
        monitor = self.start()
        self.assertIn('doctor_notify', self.read('collectd.conf'))
        pid = self.pid()
        self.assertTrue(self.runs(pid))
        for _again in range(2):
            monitor.stop()
        clock.wait_for(lambda: not self.runs(pid), clock.Deadline(WAIT_S),
                       what='collectd to end')
        self.assertEqual('# theirs', self.read('collectd.conf'))
        self.assertNotIn('doctor_notify.py', os.listdir(self.folder))

    def test_collectd_that_died_is_started_again(self):
        self.start()
        pid = self.pid()
        os.kill(pid, 9)
        clock.wait_for(lambda: self.pid() not in (0, pid)
                       and self.runs(self.pid()),
                       clock.Deadline(WAIT_S), what='another collectd')
        self.notify('failure')
        self.expect(wire.HOST_DOWN)
        self.assertIn('has ended; it is started again', self.log.output)

    def test_state_outlives_collectd(self):
        """A host that was down at a restart once stayed down for ever."""
        monitor = self.start()
        self.notify('failure')
        self.expect(wire.HOST_DOWN)
        monitor.stop()
        self.start()
        # The monitor that follows hears it once more.
        self.expect(wire.HOST_DOWN)
        self.notify('okay')
        self.expect(wire.HOST_UP)

    def test_monitor_that_was_killed_is_followed_by_another(self):
        # It will not look again, as one that was killed.
        self.start(check_s=3600)
        pid = self.pid()
        second = self.start()
        self.assertFalse(self.runs(pid))
        self.assertTrue(self.runs(self.pid()))
        second.stop()
        self.assertNotIn('collectd.conf', os.listdir(self.folder))

    def test_wrong_configuration_is_refused_and_undone(self):
        wrong = self.write('wrong.conf', '<Plugin\n')
        error = self.assertRaises(ConfigError, self.start, includes=[wrong])
        self.assertIn(f"Parse error in file `{wrong}'", str(error))
        self.assertNotIn('collectd.conf', os.listdir(self.folder))

    def test_no_collectd(self):
        error = self.assertRaises(ConfigError, self.start,
                                  collectd='/no/such/collectd')
        self.assertIn('/no/such/collectd', str(error))

    def test_pid_of_another_process_is_left_alone(self):
        os.makedirs(self.folder)
        other = subprocess.Popen(['sleep', '600'])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        with open(os.path.join(self.folder, 'collectd.pid'), 'w',
                  encoding='utf-8') as file:
            file.write(str(other.pid))
        self.start().stop()
        self.assertIsNone(other.poll())


class HandTest(CollectdTestCase):
    """Our plugin in a collectd of an operator's, which tells the inspector."""

    def setUp(self):
        super().setUp()
        self.intake = self.useFixture(Intake())
        self.agent = Agent(LocalRunner(), self.folder,
                           collectd=self.collectd)
        self.addCleanup(self.agent.stop)

    def start(self, **words):
        self.agent.start(Watch(**{
            'hostname': 'compute-1', 'folder': self.folder,
            'url': self.intake.url, 'plugins': ('sensors',),
            'includes': (self.include,), **words}))

    def test_intake_that_refuses_is_asked_again(self):
        self.intake.status = 503
        self.start()
        self.notify('failure')
        first = self.expect(wire.HOST_DOWN, of=self.intake)
        self.intake.status = 202
        second = self.expect(wire.HOST_DOWN, of=self.intake)
        self.assertEqual((first.detected_at, 'collectd', 'compute-1'), (
            second.detected_at, second.source, second.sender))
        self.notify('okay')
        self.expect(wire.HOST_UP, of=self.intake)

    def test_plugin_that_cannot_start_is_no_watch(self):
        """collectd goes on without it, and nobody would tell anything."""
        error = self.assertRaises(
            BackendError, self.start, cafile='/no/such/file',
            url='https://127.0.0.1:1/events')
        self.assertIn('does not start; see the syslog', str(error))
        self.assertEqual(0, self.pid())


class DaemonTest(CollectdTestCase):

    def test_daemon_deploys_and_cleans_up(self):
        path = self.write('doctor.conf', '\n'.join((
            '[DEFAULT]', f'state_path = {self.outside.path}',
            '[bus]', 'transport_url = kombu+memory://',
            '[monitor]', 'type = collectd', 'hosts = compute-1=127.0.0.1',
            '[monitor_collectd]', 'mode = local', 'plugins = sensors',
            f'collectd = {self.collectd}', f'base_dir = {self.folder}',
            f'includes = {self.include}', '')))
        daemon = self.useFixture(Process(
            'doctor-monitor', '--config-file', path,
            ready='doctor-monitor is ready: watching 1 host by '
                  'collectd'))
        self.notify('failure')
        daemon.wait_for('host compute-1 is down')
        pid = self.pid()
        self.assertEqual(0, daemon.end(), daemon.output)
        self.assertFalse(self.runs(pid))
        self.assertNotIn('collectd.conf', os.listdir(self.folder))


class SshTest(CollectdTestCase):

    def setUp(self):
        super().setUp()
        self.sshd = self.useFixture(Sshd(self))
        with socket.create_server(('127.0.0.1', 0)) as unused:
            self.tunnel_port = unused.getsockname()[1]

    def make(self, **options):
        return super().make(**{
            'mode': 'ssh', 'user': self.sshd.user,
            'ssh_port': self.sshd.port, 'key_file': self.sshd.key_file,
            'known_hosts': self.sshd.known_hosts,
            'tunnel_port': self.tunnel_port, **options})

    def test_events_come_through_the_tunnel(self):
        monitor = self.start()
        self.assertIn(f'URL "http://127.0.0.1:{self.tunnel_port}/',
                      self.read('collectd.conf'))
        self.notify('failure')
        self.expect(wire.HOST_DOWN)
        pid = self.pid()
        monitor.stop()
        self.assertFalse(self.runs(pid))
        self.assertNotIn('collectd.conf', os.listdir(self.folder))

    def test_news_wait_for_the_tunnel(self):
        monitor = self.start()
        self.sshd.stop()
        clock.wait_for(monitor.troubles, clock.Deadline(WAIT_S),
                       what='the lost connection to be noticed')
        self.notify('failure')
        self.sshd.start()
        self.expect(wire.HOST_DOWN)
        clock.wait_for(lambda: not monitor.troubles(),
                       clock.Deadline(WAIT_S), what='all to be well')

    def test_wrong_host_key_deploys_nothing(self):
        error = self.assertRaises(
            ConfigError, self.start,
            known_hosts=self.sshd.write_known_hosts('other'))
        self.assertIn('host key', str(error))
        self.assertFalse(os.path.exists(self.folder))

    def test_no_secret_of_the_cloud_is_deployed(self):
        self.start()
        for name in ('collectd.conf', 'doctor_notify.py'):
            self.assertNotRegex(self.read(name).lower(),
                                'os_|password =|auth_url|x-auth')

"""``doctor embedded-cloud`` as a process, and the OpenStack client on it."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import fixtures
import openstack
import testtools

from doctor_core.tests.functional import daemons

OPENSTACK = Path(sys.executable).parent / 'openstack'


class CommandTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = Path(self.useFixture(fixtures.TempDir()).path)
        self.clouds = self.folder / 'clouds.yaml'

    def start(self, *options):
        return self.useFixture(daemons.Process(
            'doctor', 'embedded-cloud', *options,
            ready=r'doctor embedded cloud is ready at (http://\S+)'))

    def wrong(self, *options):
        """Exit code and output of a command that does not get ready."""
        done = subprocess.run(
            [daemons.BIN / 'doctor', 'embedded-cloud', *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=daemons.PATIENCE_S, check=False)
        return done.returncode, done.stdout

    def test_it_ends_with_either_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start()
            self.assertIn('doctor-embedded-member:', process.output)
            self.assertEqual(0, process.end(number))

    def test_the_credentials_are_for_their_owner_only(self):
        for _ in range(2):
            process = self.start('--write-clouds-yaml', self.clouds)
            self.assertEqual(0o600, stat.S_IMODE(self.clouds.stat().st_mode))
            self.assertIn(process.match[1], self.clouds.read_text())
            self.assertNotIn('password', process.output)

    def test_somebodys_own_clouds_yaml_is_not_overwritten(self):
        self.clouds.write_text('clouds: {mine: {}}\n')
        status, output = self.wrong('--write-clouds-yaml', self.clouds)
        self.assertEqual(2, status)
        self.assertIn('is not of an embedded cloud', output)
        self.assertEqual('clouds: {mine: {}}\n', self.clouds.read_text())

    def test_wrong_options_are_one_line(self):
        for options, said in (
                (('--hosts', '70000'), 'hosts'), (('--cells', '4'), 'cells'),
                (('--host', '192.0.2.1'), '192.0.2.1'),
                (('--write-clouds-yaml', '/no/such/folder/file'), 'file'),
                (('--transport-url', 'x://'), 'no driver'),
                (('--transport-url', 'x'), '--transport-url is not')):
            status, output = self.wrong(*options)
            self.assertEqual((2, 1), (status, output.count('\n')), output)
            self.assertIn(said, output)

    def test_a_wrong_number_is_told_with_its_option(self):
        """NaN was taken, and 0 called negative."""
        for option, text in (('--port', '70000'), ('--hosts', '0'),
                             ('--report-interval', '0'),
                             ('--latency-ms', 'nan')):
            status, output = self.wrong(option, text)
            self.assertEqual(2, status)
            self.assertIn(f'argument {option}: ', output)

    def test_a_bus_that_is_away_does_not_hold_nova_up(self):
        """In a process of its own: who waits for a broker logs each second,
        into the middle of other tests, and cannot be told to stop.
        """
        self.start('--transport-url', 'rabbit://127.0.0.1:1/',
                   '--write-clouds-yaml', self.clouds)
        config = openstack.config.OpenStackConfig(
            config_files=[str(self.clouds)], load_envvars=False)
        connection = openstack.connection.Connection(
            config=config.get_one('doctor-embedded-member'))
        self.addCleanup(connection.close)
        server = connection.compute.create_server(
            name='vm', image_id=next(connection.image.images()).id,
            flavor_id='1',
            networks=[{'uuid': next(connection.network.networks()).id}])
        server = connection.compute.wait_for_server(
            server, interval=0.1, wait=daemons.PATIENCE_S)
        self.assertEqual('ACTIVE', server.status)


class OpenStackClientTest(testtools.TestCase):
    """Everybody's command line, unchanged."""

    def setUp(self):
        super().setUp()
        folder = Path(self.useFixture(fixtures.TempDir()).path)
        self.clouds = folder / 'clouds.yaml'
        self.useFixture(daemons.Process(
            'doctor', 'embedded-cloud', '--write-clouds-yaml', self.clouds,
            ready='is ready at'))

    def run_client(self, *arguments, cloud='doctor-embedded'):
        done = subprocess.run(
            [OPENSTACK, '--os-cloud', cloud, *arguments, '-f', 'json'],
            env={**os.environ, 'OS_CLIENT_CONFIG_FILE': str(self.clouds)},
            capture_output=True, text=True, timeout=daemons.PATIENCE_S,
            check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def column(self, name, *arguments, **options):
        return [row[name] for row in self.run_client(*arguments, **options)]

    def test_what_is_there_is_listed(self):
        hosts = [f'embedded-compute-{number}' for number in (1, 2, 3)]
        self.assertEqual(hosts, self.column('Hypervisor Hostname',
                                            'hypervisor', 'list'))
        self.assertEqual(hosts, self.column(
            'Host', 'compute', 'service', 'list', '--service',
            'nova-compute'))
        self.assertEqual(['private'], self.column('Name', 'network', 'list'))
        self.assertEqual(['cirros'], self.column('Name', 'image', 'list'))
        self.assertEqual({'admin', 'demo', 'service'},
                         set(self.column('Name', 'project', 'list')))
        self.assertIn('m1.tiny', self.column('Name', 'flavor', 'list'))
        self.assertIn('alarming', self.column('Type', 'catalog', 'list'))
        self.assertTrue(self.run_client('token', 'issue')['project_id'])

    def test_a_server_is_made_forced_down_and_seen(self):
        member = {'cloud': 'doctor-embedded-member'}
        self.assertEqual([], self.run_client('server', 'list',
                                             '--all-projects'))
        self.run_client('server', 'create', '--image', 'cirros', '--flavor',
                        'm1.tiny', '--network', 'private', '--wait', 'vm1',
                        **member)
        listed = self.run_client('server', 'list', '--all-projects',
                                 '--long')[0]
        self.assertEqual(('vm1', 'ACTIVE'), (listed['Name'],
                                             listed['Status']))
        subprocess.run(
            [OPENSTACK, '--os-cloud', 'doctor-embedded', 'compute',
             'service', 'set', '--down', listed['Host'], 'nova-compute'],
            env={**os.environ, 'OS_CLIENT_CONFIG_FILE': str(self.clouds)},
            timeout=daemons.PATIENCE_S, check=True)
        shown = self.run_client('server', 'show', 'vm1', **member)
        self.assertEqual(('DOWN', None), (
            shown['host_status'], shown['OS-EXT-SRV-ATTR:host']))
        self.assertEqual(['ACTIVE'], self.column('Status', 'port', 'list',
                                                 **member))

"""The DevStack plugin, against a stub of DevStack's own functions."""

import getpass
import os
import pathlib
import re
import subprocess

import fixtures
import testtools

import doctor_core
from doctor_core import conf
from doctor_core.installers.preparing.keystone_parts import SERVICE_TYPE
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.daemons import BIN, PATIENCE_S

ROOT = pathlib.Path(doctor_core.__file__).parent.parent
PLUGIN = ROOT / 'devstack'
#: What stack.sh defines before it reads a plugin; each call is kept.
DEVSTACK = r'''
set -o errexit -o nounset
record() { local IFS=$'\037'; printf '%s\036' "$*" >>"$ASKED"; }
for name in define_plugin setup_develop create_service_user \
        get_or_create_service get_or_create_endpoint setup_logging \
        stop_process echo_summary; do
    eval "$name() { record $name \"\$@\"; }"
done
enable_service() { record enable_service "$@"; }
is_service_enabled() {
    local name
    for name in "$@"; do
        if declare -F "is_${name}_enabled" >/dev/null; then
            "is_${name}_enabled" && return 0
        fi
        [[ ,$ENABLED_SERVICES, == *,"$name",* ]] && return 0
    done
    return 1
}
die() { shift; echo "$*" >&2; exit 1; }
iniset() { printf '[%s]\n%s = %s\n' "$2" "$3" "$4" >>"$1"; }
sudo() { record sudo "$@"; "$@"; }
get_python_exec_prefix() { echo "$BIN"; }
get_transport_url() { echo "rabbit://stackrabbit:a@192.0.2.1:5672/"; }
get_notification_url() { echo "rabbit://stackrabbit:b@192.0.2.1:5672/"; }
DEST=$FOLDER SYSTEMCTL=systemctl SYSTEMD_DIR=$FOLDER/systemd
SERVICE_HOST=192.0.2.1 REGION_NAME=RegionOne SERVICE_TIMEOUT=60
SERVICE_PASSWORD=of-this-test SERVICE_DOMAIN_NAME=Default
SERVICE_PROJECT_NAME=service ENABLE_DEBUG_LOG_LEVEL=True
KEYSTONE_SERVICE_URI=http://192.0.2.1/identity
SSL_BUNDLE_FILE=$FOLDER/ca-bundle.pem
DOCTOR_DIR=$PROJECT DOCTOR_CONF_DIR=$FOLDER/etc
. "$PROJECT/devstack/settings"
# A test does not touch the machine's own.
DOCTOR_STATE_PATH=$FOLDER/state
. "$PROJECT/devstack/plugin.sh" "$@"
'''
SYSTEMCTL = '''#!/bin/bash
IFS=$'\\037'; printf '%s\\036' "systemctl"$'\\037'"$*" >>"$ASKED"
[ "$1" != start ] || exit "${START_STATUS:-0}"
'''
SERVICES = 'n-api,aodh-listener,doctor-inspector,doctor-monitor'


class PluginTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('systemd', 'stubs'):
            (self.folder / name).mkdir()
        stub = self.folder / 'stubs/systemctl'
        stub.write_text(SYSTEMCTL)
        stub.chmod(0o755)

    def phase(self, *phase, enabled=SERVICES, status=0, **environment):
        """Have DevStack come to a phase; what its functions were asked."""
        asked = self.folder / 'asked'
        asked.write_text('')
        done = subprocess.run(
            ['bash', '-c', DEVSTACK, 'stack.sh', *phase], text=True,
            capture_output=True, timeout=PATIENCE_S, check=False,
            stdin=subprocess.DEVNULL, env={
                'PATH': f'{self.folder}/stubs:{os.environ["PATH"]}',
                'FOLDER': str(self.folder), 'ASKED': str(asked),
                'PROJECT': str(ROOT), 'BIN': str(BIN),
                'ENABLED_SERVICES': enabled, 'STACK_USER': getpass.getuser(),
                **environment})
        self.assertEqual(status, done.returncode, done.stderr)
        self.errors = done.stderr
        return [call.split('\037')
                for call in asked.read_text().split('\036')[:-1]]

    def asked(self, calls, *names):
        return [call for call in calls if call[0] in names]


class PhasesTest(PluginTestCase):

    def test_settings_name_the_plugin_and_its_services(self):
        self.assertEqual(
            [['define_plugin', 'doctor'],
             ['enable_service', 'doctor-inspector', 'doctor-monitor']],
            self.phase('source'))

    def test_a_node_without_it_is_left_alone(self):
        for phase in (('stack', 'install'), ('stack', 'post-config'),
                      ('stack', 'extra'), ('unstack',), ('clean',)):
            self.assertEqual(
                [], self.phase(*phase, enabled='n-cpu')[2:], phase)
        self.assertEqual([], list((self.folder / 'systemd').iterdir()))

    def test_phases_that_are_nothing_to_it(self):
        for phase in ('pre-install', 'test-config'):
            self.assertEqual([], self.phase('stack', phase)[2:], phase)

    def test_install(self):
        self.assertEqual([['setup_develop', str(ROOT)]], self.asked(
            self.phase('stack', 'install'), 'setup_develop'))

    def test_install_with_a_python_that_is_too_old(self):
        old = self.folder / 'stubs/python3'
        old.write_text('#!/bin/sh\nexit 1\n')
        old.chmod(0o755)
        calls = self.phase('stack', 'install', status=1)
        self.assertEqual([], self.asked(calls, 'setup_develop'))
        self.assertIn('Doctor needs Python 3.11', self.errors)

    def test_accounts(self):
        url = 'http://192.0.2.1:12345'
        self.assertEqual(
            [['create_service_user', 'doctor', 'admin'],
             ['get_or_create_service', 'doctor', SERVICE_TYPE,
              'Doctor fault management'],
             ['get_or_create_endpoint', SERVICE_TYPE, 'RegionOne',
              url, url, url]],
            self.asked(self.phase('stack', 'extra'), 'create_service_user',
                       'get_or_create_service', 'get_or_create_endpoint'))

    def test_the_daemons_are_started_by_their_units(self):
        self.assertEqual(
            [['systemctl', *call] for daemon in (
                'doctor-inspector', 'doctor-monitor') for call in (
                    ['daemon-reload'],
                    ['enable', f'devstack@{daemon}.service'],
                    ['start', f'devstack@{daemon}.service'])],
            self.asked(self.phase('stack', 'extra'), 'systemctl'))

    def test_only_those_that_are_enabled(self):
        self.phase('stack', 'extra', enabled='doctor-monitor')
        self.assertEqual(
            ['devstack@doctor-monitor.service',
             'devstack@doctor-monitor.service.d'],
            sorted(os.listdir(self.folder / 'systemd')))

    def test_one_that_does_not_start_ends_stack_sh(self):
        calls = self.phase('stack', 'extra', status=1, START_STATUS='1')
        self.assertEqual(
            ['systemctl', 'start', 'devstack@doctor-inspector.service'],
            calls[-1])
        self.assertIn('doctor-inspector did not start: journalctl -u '
                      'devstack@doctor-inspector tells why', self.errors)

    def test_unstack(self):
        self.assertEqual(
            [['stop_process', 'doctor-monitor'],
             ['stop_process', 'doctor-inspector']],
            self.asked(self.phase('unstack'), 'stop_process'))

    def test_clean_removes_what_was_written(self):
        self.phase('stack', 'post-config')
        self.phase('stack', 'extra')
        (self.folder / 'state').mkdir()
        self.phase('clean')
        self.assertEqual(['asked', 'stubs', 'systemd'],
                         sorted(os.listdir(self.folder)))
        self.assertEqual([], os.listdir(self.folder / 'systemd'))


class ConfigurationTest(PluginTestCase):

    def configured(self, **options):
        """What Doctor reads of the file that is written."""
        self.phase('stack', 'post-config', **options)
        self.path = self.folder / 'etc/doctor.conf'
        return conf.prepare([str(self.path)])

    def test_doctor_takes_every_option(self):
        options = self.configured()
        self.assertEqual(
            (['sample'], 'sample', 'devstack', 'aodh', '192.0.2.1', 12345,
             'keystone', 'shortcut'),
            (options.monitor.type, options.inspector.type,
             options.installer.type, options.alarm.type,
             options.inspector.host, options.inspector.port,
             options.inspector.auth_strategy,
             options.inspector.notification))
        self.assertEqual(
            ['rabbit://stackrabbit:a@192.0.2.1:5672/',
             'rabbit://stackrabbit:b@192.0.2.1:5672/'],
            [options.bus.transport_url,
             options.cloud.notifications_transport_url])

    def test_the_credentials_are_those_of_the_service_user(self):
        self.configured(enabled=f'{SERVICES},tls-proxy')
        text = self.path.read_text()
        for line in ('auth_url = http://192.0.2.1/identity',
                     'username = doctor', 'password = of-this-test',
                     'project_name = service',
                     f'cafile = {self.folder}/ca-bundle.pem'):
            self.assertIn(f'[cloud]\n{line}\n', text)

    def test_others_cannot_read_it(self):
        self.configured()
        self.assertEqual(
            [0o640, 0o750],
            [path.stat().st_mode & 0o777
             for path in (self.path, self.path.parent)])

    def test_written_anew_each_time(self):
        self.configured()
        once = self.path.read_text()
        self.configured()
        self.assertEqual(once, self.path.read_text())

    def test_without_aodh_doctor_keeps_the_alarms(self):
        self.assertEqual('local', self.configured(
            enabled='doctor-inspector').alarm.type)

    def test_what_local_conf_says_counts(self):
        options = self.configured(
            DOCTOR_ALARM='local', DOCTOR_MONITOR='fake',
            DOCTOR_NOTIFICATION='conservative', DOCTOR_SERVICE_PORT='7')
        self.assertEqual(
            ('local', ['fake'], 'conservative', 7),
            (options.alarm.type, options.monitor.type,
             options.inspector.notification, options.inspector.port))


class UnitsTest(PluginTestCase):

    def test_systemd_takes_them(self):
        analyze = requirements.need_command(self, 'systemd-analyze',
                                            'apt-get install systemd')
        self.phase('stack', 'extra')
        for daemon in ('doctor-monitor', 'doctor-inspector'):
            unit = self.folder / f'systemd/devstack@{daemon}.service'
            done = subprocess.run(
                [analyze, 'verify', '--man=no', str(unit)], text=True,
                capture_output=True, timeout=PATIENCE_S, check=False)
            self.assertEqual((0, ''), (done.returncode, done.stderr))
            text = (unit.parent / f'{unit.name}.d/devstack.conf').read_text()
            self.assertIn(f'\nUser={getpass.getuser()}\n', text)
            self.assertIn(f'\nExecStart={BIN}/{daemon} --config-file '
                          f'{self.folder}/etc/doctor.conf\n', text)


class DocumentsTest(testtools.TestCase):

    def test_every_setting_is_explained(self):
        settings = re.findall(r'^(DOCTOR_\w+)=\$\{', (
            PLUGIN / 'settings').read_text(), re.M)
        self.assertIn('DOCTOR_MONITOR', settings)
        readme = (PLUGIN / 'README.rst').read_text()
        self.assertEqual([], [name for name in settings
                              if f'``{name}``' not in readme])

    def test_samples_are_for_bash(self):
        for path in sorted(PLUGIN.glob('local.conf*.sample')):
            head, text = path.read_text().split('[[local|localrc]]\n')
            self.assertEqual(
                [], [line for line in head.splitlines()
                     if not line.startswith('#')], path.name)
            done = subprocess.run(['bash', '-n'], input=text, text=True,
                                  check=False, capture_output=True)
            self.assertEqual((0, ''), (done.returncode, done.stderr))
            self.assertEqual('compute' not in path.name,
                             'enable_plugin doctor ' in text)


class StyleTest(testtools.TestCase):

    def test_bash_reads_them(self):
        for name in ('settings', 'plugin.sh'):
            done = subprocess.run(['bash', '-n', PLUGIN / name], check=False,
                                  capture_output=True, text=True)
            self.assertEqual((0, ''), (done.returncode, done.stderr))

    def test_shellcheck(self):
        done = subprocess.run(
            [requirements.need_command(self, 'shellcheck',
                                       'apt-get install shellcheck'),
             'settings', 'plugin.sh'], cwd=PLUGIN, text=True, check=False,
            capture_output=True, timeout=PATIENCE_S)
        self.assertEqual((0, ''), (done.returncode, done.stdout))

"""The systemd units in the package."""

import configparser
import pathlib
import subprocess

import fixtures
import testtools

import doctor_core
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.daemons import BIN, PATIENCE_S

ROOT = pathlib.Path(doctor_core.__file__).parent.parent
UNITS = {name: ROOT / f'etc/systemd/{name}.service'
         for name in ('doctor-monitor', 'doctor-inspector')}
#: What systemd makes of a service without any protection is 9.6.
EXPOSURE = 4.0


def read(path):
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str
    parser.read(path)
    return parser


class UnitsTest(testtools.TestCase):

    def test_what_they_ask_for(self):
        for name, path in UNITS.items():
            service = read(path)['Service']
            self.assertEqual(
                ('notify', 'doctor', 'strict', 'yes', 'infinity'),
                (service['Type'], service['StateDirectory'],
                 service['ProtectSystem'], service['NoNewPrivileges'],
                 service['TimeoutStartSec']), name)
            self.assertGreater(int(service['WatchdogSec']), 0)
            # Enough for 2000 webhooks that hang: notifiers.deliverer.
            self.assertEqual('65536', service['LimitNOFILE'])
            self.assertEqual(
                f'/opt/doctor/bin/{name} --config-file '
                '/etc/doctor/doctor.conf', service['ExecStart'])

    def test_only_the_monitor_has_a_capability(self):
        monitor, inspector = (read(path)['Service']
                              for path in UNITS.values())
        for option in ('AmbientCapabilities', 'CapabilityBoundingSet'):
            self.assertEqual('CAP_NET_RAW', monitor[option])
        self.assertEqual('', inspector['CapabilityBoundingSet'])
        self.assertNotIn('AmbientCapabilities', inspector)

    def test_they_are_in_the_package(self):
        setup = configparser.ConfigParser()
        setup.read(ROOT / 'setup.cfg')
        for path in UNITS.values():
            self.assertIn(str(path.relative_to(ROOT)),
                          setup['files']['data_files'].split())


class SystemdTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self._analyze = requirements.need_command(
            self, 'systemd-analyze', 'apt-get install systemd')
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.units = []
        for path in UNITS.values():
            self.units.append(str(folder / path.name))
            # systemd looks whether there is such a command.
            (folder / path.name).write_text(
                path.read_text().replace('/opt/doctor/bin', str(BIN)))

    def analyze(self, *arguments):
        return subprocess.run(
            [self._analyze, *arguments, *self.units], text=True, check=False,
            capture_output=True, timeout=PATIENCE_S)

    def test_systemd_understands_every_line(self):
        done = self.analyze('verify', '--man=no')
        self.assertEqual((0, ''), (done.returncode, done.stderr))

    def test_they_are_protected(self):
        done = self.analyze('security', '--offline=true', '--no-pager',
                            f'--threshold={int(EXPOSURE * 10)}')
        self.assertEqual(0, done.returncode, done.stdout[-500:])

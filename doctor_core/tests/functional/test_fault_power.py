"""A BMC is spoken to by the genuine library, or by a stub of ipmitool."""

import os

import fixtures
import testtools

from doctor_core import clock
from doctor_core.bmc import RedfishBmc
from doctor_core.exceptions import BackendError, ConfigError, NoAnswer
from doctor_core.installers import faults
from doctor_core.model import Host
from doctor_core.runner import LocalRunner
from doctor_core.tests.functional import peers, requirements
from doctor_core.tests.functional.redfish import RedfishServer
from doctor_core.tests.unit.installers.faults import doubles

HOST = Host('compute-1')
#: Keeps what it was asked, with its environment, and the power.
_IPMITOOL = '''#!/bin/sh
printf '%s\\n' "$*" >>{folder}/asked
tr '\\0' '\\n' </proc/$$/environ >{folder}/environment
tr '\\0' ' ' </proc/$$/cmdline >>{folder}/words
for last; do :; done
if [ "$last" = status ]; then
    echo "Chassis Power is $(cat {folder}/power)"
else
    echo "$last" >{folder}/power
fi
'''


def injector(**options):
    return faults.injector(
        doubles.options(fault='power-off', fault_bmc_user='admin',
                        fault_bmc_password='xyzzy', **options),
        lambda _host: LocalRunner())


class IpmiTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = self.useFixture(fixtures.TempDir()).path
        self.write('power', 'on\n')
        self.write('ipmitool', _IPMITOOL.format(folder=self.folder))
        os.chmod(self.path('ipmitool'), 0o755)
        self.useFixture(fixtures.EnvironmentVariable(
            'PATH', f'{self.folder}:{os.environ["PATH"]}'))
        self.injector = injector(fault_bmc_type='ipmi',
                                 fault_bmcs=['compute-1=127.0.0.1:6230'])

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)

    def read(self, name):
        with open(self.path(name), encoding='utf-8') as file:
            return file.read()

    def test_off_and_on(self):
        self.injector.fail(HOST)
        self.assertEqual('off\n', self.read('power'))
        self.injector.heal(HOST)
        self.assertEqual('on\n', self.read('power'))
        self.assertIn('-H 127.0.0.1 -p 6230 -U admin -E chassis power off',
                      self.read('asked'))

    def test_password_is_in_the_environment_only(self):
        self.injector.fail(HOST)
        self.assertIn('IPMITOOL_PASSWORD=xyzzy\n', self.read('environment'))
        self.assertNotIn('xyzzy', self.read('words'))
        self.assertNotIn('xyzzy', self.read('asked'))
        self.assertNotIn('IPMITOOL_PASSWORD', os.environ)

    def test_refusal_says_no_password(self):
        self.write('ipmitool', '#!/bin/sh\necho "no $*" >&2; exit 1\n')
        error = self.assertRaises(BackendError, self.injector.fail, HOST)
        self.assertIn('chassis power status', str(error))
        self.assertNotIn('xyzzy', str(error))


class RedfishTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        requirements.need_library(self, 'sushy')

    def serve(self, **options):
        return self.useFixture(RedfishServer(**options))

    def test_off_and_on(self):
        bmc = self.serve()
        power = injector(fault_bmcs=[f'compute-1={bmc.url}'])
        before = clock.now()
        at = power.fail(HOST)
        self.assertFalse(bmc.on)
        self.assertTrue(before < at <= clock.now())
        self.assertGreater(power.failed_at(HOST).uncertainty_s, 0)
        power.heal(HOST)
        self.assertTrue(bmc.on)
        self.assertEqual(['ForceOff', 'On'], bmc.asked)
        self.assertEqual(1, bmc.sessions)
        power.close()
        self.assertEqual(0, bmc.sessions)

    def test_several_systems_need_a_path(self):
        bmc = self.serve(systems=2)
        error = self.assertRaises(
            ConfigError, injector(fault_bmcs=[f'compute-1={bmc.url}']).fail,
            HOST)
        self.assertIn('/redfish/v1/Systems/2', str(error))
        power = injector(
            fault_bmcs=[f'compute-1={bmc.url}/redfish/v1/Systems/1'])
        power.fail(HOST)
        power.close()
        self.assertFalse(bmc.on)

    def test_wrong_password(self):
        bmc = RedfishBmc(self.serve().url, 'admin', 'wrong')
        error = self.assertRaises(BackendError, bmc.is_on, 10.0)
        self.assertFalse(error.recoverable)
        self.assertNotIn('wrong', str(error))

    def test_nobody_listens(self):
        url = peers.refused_url().rpartition('/')[0]
        bmc = RedfishBmc(url, 'admin', 'xyzzy')
        error = self.assertRaises(BackendError, bmc.is_on, 3.0)
        self.assertTrue(error.recoverable)
        self.assertFalse(isinstance(error, NoAnswer))
        self.assertIn(url, str(error))

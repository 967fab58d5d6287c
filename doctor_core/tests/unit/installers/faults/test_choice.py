import testtools

from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.installers import faults
from doctor_core.model import Host
from doctor_core.tests.unit.installers.faults import doubles

HOST = Host('compute-1')


class ChoiceTest(testtools.TestCase):

    def test_by_name(self):
        for name, way in (('link-down', 'LinkInjector'),
                          ('kill-process', 'ProcessInjector'),
                          ('power-off', 'PowerInjector'),
                          ('command', 'CommandInjector')):
            self.assertEqual(way, type(faults.injector(
                doubles.options(fault=name), None)).__name__)

    def test_none_says_what_to_set(self):
        for options in (doubles.options(), None):
            injector = faults.injector(options, None)
            injector.heal(HOST)
            error = self.assertRaises(ConfigError, injector.fail, HOST)
            self.assertIn('Set fault', str(error))
            self.assertRaises(BackendError, injector.failed_at, HOST)

    def test_password_is_a_secret(self):
        secret = {option.name for option in faults.fault_opts()
                  if option.secret}
        self.assertEqual({'fault_bmc_password'}, secret)

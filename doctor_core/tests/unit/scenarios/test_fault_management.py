"""What the scenario refuses before anything is made."""

from types import SimpleNamespace

import testtools

from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import configuration, options
from doctor_core.scenarios.fault_management import FaultManagement
from doctor_core.tests.contract_scenarios import Steps


class MonitorTest(testtools.TestCase):

    def test_one_that_cannot_see_the_fault(self):
        """It was waited for, for a minute, in vain."""
        scenario = FaultManagement(
            options(FaultManagement),
            configuration({('monitor', 'type'): 'fake'}), Steps())
        scenario._installer = SimpleNamespace(
            unseen_by=lambda name, given: f'{name} on {given.port} is blind')
        error = self.assertRaises(ConfigError, scenario._check_monitor)
        self.assertEqual('[monitor] type = fake would never see the host '
                         'fail: fake on 7 is blind.', str(error))
        scenario._installer.unseen_by = lambda name, given: ''
        scenario._check_monitor()

"""What the scenario refuses, and what it leaves when it is interrupted."""

from types import SimpleNamespace

import fixtures
import testtools

from doctor_core.exceptions import CommandFailed, ConfigError
from doctor_core.fixtures import configuration, options
from doctor_core.model import Fault, FaultStatus, Host
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


class InterruptedTest(testtools.TestCase):
    """Ctrl-C once the host was marked down left it so."""

    def setUp(self):
        super().setUp()
        self.steps = Steps()
        self.scenario = FaultManagement(
            options(FaultManagement, wait_s=1.0), configuration(), self.steps)
        self.scenario._host = Host('h1')
        self.scenario._installer = self
        self.scenario._see_lost = self.see_lost
        self.scenario._see_back = self.see_back
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.scenarios.fault_management._REPORTED_S', 0.0))
        self.done = []
        self.wrong = []
        self.is_reported = True
        self.heal_error = None

    def fail(self, host):
        self.done.append(f'fail {host.name}')

    def heal(self, host):
        self.done.append(f'heal {host.name}')
        if self.heal_error:
            raise self.heal_error

    def see_lost(self):
        if self.is_reported:
            self.scenario._faults.put(Fault('h1', 'compute.host.down',
                                            FaultStatus.DOWN, 0.0, 0.0))
        raise KeyboardInterrupt

    def see_back(self):
        self.done.append('see back')
        return self.wrong

    def interrupt(self):
        self.assertRaises(KeyboardInterrupt, self.scenario.run)

    def test_what_was_changed_is_waited_for(self):
        self.interrupt()
        self.assertEqual(['fail h1', 'heal h1', 'see back'], self.done)
        self.assertEqual([], self.scenario.leftovers())

    def test_not_where_nothing_was(self):
        self.is_reported = False
        self.interrupt()
        self.assertEqual(['fail h1', 'heal h1'], self.done)

    def test_what_stays_is_named(self):
        self.wrong = ['Nova shows host h1 as forced down = True']
        self.interrupt()
        self.assertEqual(self.wrong, self.scenario.leftovers())

    def test_host_that_cannot_be_brought_back(self):
        self.heal_error = CommandFailed(['ip'], 1, 'no route')
        self.interrupt()
        self.assertIn('the failure of h1', self.scenario.leftovers()[0])

    def test_while_the_host_is_made_to_fail(self):
        def fail(host):
            raise KeyboardInterrupt

        self.fail, self.is_reported = fail, False
        self.interrupt()
        self.assertEqual(['heal h1'], self.done)

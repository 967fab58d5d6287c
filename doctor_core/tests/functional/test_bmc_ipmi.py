"""A genuine ipmitool asks controllers with genuine IPMI."""

import queue

import fixtures
import testtools

from doctor_core import clock
from doctor_core.bmc import IpmiBmc
from doctor_core.corroborators.bmc import BmcCorroborator
from doctor_core.exceptions import BackendError, NoAnswer
from doctor_core.fixtures import options
from doctor_core.model import Host
from doctor_core.model.evidence import EvidenceKind
from doctor_core.monitors.ipmi import IpmiMonitor
from doctor_core.tests.functional.ipmi_sim import CIPHER_SUITE, IpmiSim

HOSTS = tuple(Host(name, (), 'rack-1') for name in ('one', 'two'))
ONE, TWO = HOSTS
WAIT_S = 30
#: Longer than an answer takes on a busy machine, and what is waited for.
SHORT_S = 2.0


class Case(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.one = self.useFixture(IpmiSim(self))

    def bmc(self, user='watcher', password='xyzzy'):
        return IpmiBmc(self.one.address, user, password,
                       cipher_suite=CIPHER_SUITE)

    def options(self, plugin, **values):
        self.two = self.useFixture(IpmiSim(self))
        return options(plugin, **{
            'addresses': [f'one={self.one.address}',
                          f'two={self.two.address}'],
            'user': 'watcher', 'password': 'xyzzy', 'timeout_s': SHORT_S,
            'cipher_suite': CIPHER_SUITE, **values})


class WordsTest(Case):

    def test_who_may_look_sees_the_power(self):
        self.assertTrue(self.bmc().is_on(WAIT_S))
        self.one.switch(False)
        self.assertFalse(self.bmc().is_on(WAIT_S))

    def test_who_may_switch_switches(self):
        self.bmc('admin').switch(False, WAIT_S)
        self.assertFalse(self.one.is_on)
        self.bmc('admin').switch(True, WAIT_S)
        self.assertTrue(self.one.is_on)

    def test_a_refusal_is_no_silence(self):
        """ipmitool says of both that it has no session."""
        for bmc in (self.bmc(password='wrong'), self.bmc('nobody')):
            error = self.assertRaises(BackendError, bmc.is_on, WAIT_S)
            self.assertFalse(isinstance(error, NoAnswer))
            self.assertFalse(error.recoverable)
            self.assertNotIn('xyzzy', str(error))
            self.assertRegex(str(error), 'ipmitool says "[^"\n]*RAKP 2 ')

    def test_a_suite_that_it_does_not_have_is_no_silence(self):
        error = self.assertRaises(BackendError, IpmiBmc(
            self.one.address, 'watcher', 'xyzzy', cipher_suite=17).is_on,
            WAIT_S)
        self.assertFalse(isinstance(error, NoAnswer))

    def test_silence(self):
        self.one.hang()
        self.assertRaises(NoAnswer, self.bmc().is_on, SHORT_S)
        self.one.go_on()
        self.assertTrue(self.bmc().is_on(WAIT_S))
        self.one.kill()
        self.assertRaises(NoAnswer, self.bmc().is_on, SHORT_S)

    def test_silence_until_ipmitool_gives_up(self):
        self.one.kill()
        bmc = self.bmc()
        # Else it tries for 20 seconds.
        bmc._argv[1:1] = ['-R', '1']
        error = self.assertRaises(NoAnswer, bmc.is_on, WAIT_S)
        self.assertIn('Get Auth Capabilities error', str(error))


class WitnessTest(Case):

    def test_off_and_power_lost(self):
        witness = BmcCorroborator(
            self.options(BmcCorroborator, kind='ipmi'),
            lambda *_found: None, lambda: None)
        self.addCleanup(witness.stop)
        witness.start(HOSTS)
        clock.wait_for(lambda: '2 management controllers can be asked'
                       in self.log.output, clock.Deadline(WAIT_S),
                       what='the trial')
        self.assertIsNone(witness.ask(ONE, ()))
        self.one.switch(False)
        self.assertEqual(EvidenceKind.BMC_OFF, witness.ask(ONE, ()).kind)
        self.one.kill()
        self.assertEqual(EvidenceKind.POWER_LOST, witness.ask(ONE, ()).kind)
        self.two.hang()
        self.assertRaises(NoAnswer, witness.ask, ONE, ())


class MonitorTest(Case):

    def test_off_is_reported_and_silence_is_not(self):
        faults = queue.Queue()
        monitor = IpmiMonitor(self.options(
            IpmiMonitor, interval_s=0.1, misses=2, soak_s=0.0,
            hold_down_s=0.0), faults.put)
        self.addCleanup(monitor.stop)
        monitor.start(HOSTS)
        self.one.hang()
        self.two.switch(False)
        fault = faults.get(timeout=WAIT_S)
        self.assertEqual(('two', EvidenceKind.BMC_OFF), (
            fault.hostname, fault.evidence[0].kind))
        clock.wait_for(lambda: any(
            'does not answer' in one.problem for one in monitor.status()
            if one.host == ONE), clock.Deadline(WAIT_S),
            what='the problem of one')
        self.two.switch(True)
        fault = faults.get(timeout=WAIT_S)
        self.assertEqual(('two', 'up'), (fault.hostname, fault.status))
        self.assertTrue(faults.empty())

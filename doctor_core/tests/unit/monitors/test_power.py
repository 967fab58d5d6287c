"""The monitors ipmi and redfish, on controllers in memory."""

import queue

import fixtures
import testtools

from doctor_core import clock, plugins
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.fixtures import WatchContract, options
from doctor_core.model import FaultStatus, Host
from doctor_core.model.evidence import EvidenceKind
from doctor_core.tests.unit.rack import SILENT, Rack

HOSTS = tuple(Host(name) for name in 'abcd')
WAIT_S = 20
FAST = {'interval_s': 0.02, 'misses': 2, 'soak_s': 0.0, 'hold_down_s': 0.0,
        'address': '{host}'}


class Case:
    name = ''

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.plugin = plugins.load('monitors', self.name)
        self.rack = Rack(**{host.name: True for host in HOSTS})

    def make(self, report=None, **values):
        monitor = self.plugin(options(self.plugin, **{**FAST, **values}),
                              report or (lambda fault: None), self.rack.way)
        self.addCleanup(monitor.stop)
        return monitor


class Watches(Case, WatchContract):
    #: All may be off: their controllers say so.
    doubts_itself = False
    hosts = HOSTS

    def fail(self, host):
        self.rack.power[host.name] = False

    def heal(self, host):
        self.rack.power[host.name] = True


class RedfishWatchTest(Watches, testtools.TestCase):
    name = 'redfish'


class IpmiWatchTest(Watches, testtools.TestCase):
    name = 'ipmi'


class VerdictTest(Case, testtools.TestCase):
    name = 'ipmi'

    def setUp(self):
        super().setUp()
        self.faults = queue.Queue()
        self.monitor = self.make(self.faults.put)
        self.monitor.start(HOSTS)
        for host in HOSTS:
            self.await_status(host, lambda one: one.state == 'healthy')

    def await_status(self, host, predicate):
        return clock.wait_for(lambda: next((
            one for one in self.monitor.status() if one.host == host
            and predicate(one)), None), clock.Deadline(WAIT_S), what='it')

    def test_off_is_proof(self):
        self.rack.power['a'] = False
        fault = self.faults.get(timeout=WAIT_S)
        self.assertEqual((FaultStatus.DOWN, 'its management controller says '
                          'that it is off'), (fault.status, fault.cause))
        self.assertEqual([EvidenceKind.BMC_OFF],
                         [one.kind for one in fault.evidence])

    def test_all_that_are_off_are_off(self):
        """That of many hosts at once was a cut of the monitor's own link."""
        self.rack.power.update(dict.fromkeys('abcd', False))
        faults = [self.faults.get(timeout=WAIT_S) for _ in HOSTS]
        self.assertEqual([False] * 4,
                         [one.is_path_suspected for one in faults])

    def test_what_is_no_word_of_the_power_says_nothing(self):
        self.rack.power.update(a=SILENT, b=BackendError('who are you?'),
                               c=ConfigError('it has two systems'))
        for host, problem in zip(HOSTS, (
                'does not answer', 'who are you?', 'it has two systems'),
                strict=False):
            status = self.await_status(
                host, lambda one, problem=problem: problem in one.problem
                and one.state == 'unknown')
            self.assertIn(problem, status.problem)
        self.assertNotIn('Traceback', self.log.output)
        self.assertTrue(self.faults.empty())

    def test_it_bears_nobody_out(self):
        self.assertFalse(self.monitor.hears_hosts)


class OptionsTest(Case, testtools.TestCase):
    name = 'redfish'

    def test_it_cannot_begin_without_addresses(self):
        error = self.assertRaises(ConfigError, self.make(address='').start,
                                  HOSTS)
        self.assertIn('address', str(error))

    def test_a_host_without_one_is_shown(self):
        monitor = self.make(address='', addresses=['a=a'])
        monitor.start(HOSTS[:2])
        clock.wait_for(lambda: any(
            'no address of its' in one.problem for one in monitor.status()
            if one.host.name == 'b'), clock.Deadline(WAIT_S), what='b')

    def test_those_of_its_kind(self):
        names = {name: {one.name for one in plugins.load(
            'monitors', name).get_opts()} for name in ('ipmi', 'redfish')}
        self.assertEqual({'cafile'}, names['redfish'] - names['ipmi'])
        self.assertEqual({'cipher_suite'}, names['ipmi'] - names['redfish'])

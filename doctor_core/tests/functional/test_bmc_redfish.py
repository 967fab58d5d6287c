"""Management controllers that speak Redfish, asked by the genuine library."""

import queue

import fixtures
import testtools

from doctor_core import clock
from doctor_core.corroborators.bmc import BmcCorroborator
from doctor_core.exceptions import BackendError, NoAnswer
from doctor_core.fixtures import options
from doctor_core.model import Host
from doctor_core.model.evidence import EvidenceKind
from doctor_core.monitors.redfish import RedfishMonitor
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.redfish import RedfishServer
from doctor_core.tests.functional.test_web_tls import self_signed

HOSTS = tuple(Host(name, (), 'rack-1') for name in ('one', 'two'))
ONE, TWO = HOSTS
WAIT_S = 30
#: Longer than an answer takes on a busy machine, and what is waited for.
SHORT_S = 2.0


class Case(testtools.TestCase):
    plugin = BmcCorroborator

    def setUp(self):
        super().setUp()
        requirements.need_library(self, 'sushy')
        self.log = self.useFixture(fixtures.FakeLogger())

    def serve(self, **how):
        self.one, self.two = (self.useFixture(RedfishServer(**how))
                              for _ in HOSTS)

    def options(self, **values):
        return options(self.plugin, **{
            'addresses': [f'one={self.one.url}', f'two={self.two.url}'],
            'user': 'watcher', 'password': 'xyzzy', 'timeout_s': SHORT_S,
            **values})


class WitnessTest(Case):

    def started(self, *, tried='2 management controllers can be asked',
                **values):
        self.witness = BmcCorroborator(self.options(**values),
                                       lambda *_found: None, lambda: None)
        self.addCleanup(self.witness.stop)
        self.witness.start(HOSTS)
        clock.wait_for(lambda: tried in self.log.output,
                       clock.Deadline(WAIT_S), what='the trial')

    def ask(self):
        evidence = self.witness.ask(ONE, ())
        return evidence and evidence.kind

    def says_nothing(self, kind=BackendError):
        return self.assertRaises(kind, self.witness.ask, ONE, ())

    def test_on_and_off(self):
        self.serve()
        self.started()
        self.assertIsNone(self.ask())
        self.one.on = False
        self.assertEqual(EvidenceKind.BMC_OFF, self.ask())

    def test_at_rest_nobody_is_logged_in(self):
        self.serve()
        self.started()
        self.assertEqual([0, 0], [self.one.sessions, self.two.sessions])
        self.ask()
        self.assertEqual([1, 0], [self.one.sessions, self.two.sessions])
        self.witness.stop()
        self.assertEqual([0, 0], [self.one.sessions, self.two.sessions])

    def test_nothing(self):
        """While the other one answers, and while it does not."""
        self.serve()
        self.started()
        self.one.mood = 'nothing'
        # Who falls silent with it is not known yet.
        self.says_nothing(NoAnswer)
        self.assertEqual(EvidenceKind.POWER_LOST, self.ask())
        self.two.mood = 'nothing'
        self.says_nothing(NoAnswer)

    def test_late(self):
        self.serve()
        self.started()
        self.one.mood = 0.1
        self.one.on = False
        self.assertEqual(EvidenceKind.BMC_OFF, self.ask())
        self.one.mood = 10 * SHORT_S
        self.assertEqual(EvidenceKind.POWER_LOST, self.ask())
        self.one.mood = 0.0

    def test_nonsense(self):
        self.serve()
        self.started()
        self.one.mood = 'nonsense'
        self.assertFalse(isinstance(self.says_nothing(), NoAnswer))

    def test_one_that_sends_to_another(self):
        """The password went with the question, and the other's "off" was
        taken for its own.
        """
        self.serve()
        self.started()
        self.two.on = False
        self.one.elsewhere = self.two.url
        error = self.says_nothing()
        self.assertIn(f'redirects to {self.two.url}/redfish/v1', str(error))
        self.assertEqual(0, self.two.sessions)

    def test_one_question_that_is_lost_is_no_dead_controller(self):
        """The second one waited for the first."""
        self.serve()
        self.started()
        self.one.mood = 'once'
        self.assertIsNone(self.witness.ask(ONE, HOSTS[1:]))

    def test_a_wrong_password(self):
        self.serve()
        self.started(password='wrong', tried='2 of 2 management controllers '
                     'cannot be asked, and prove nothing: one')
        self.assertNotIn('wrong', self.log.output)
        self.one.mood = 'nothing'
        self.says_nothing(NoAnswer)

    def test_certificates(self):
        requirements.need_command(self, 'openssl', 'apt-get install openssl')
        folder = self.useFixture(fixtures.TempDir())
        tls = folder.join('cert.pem'), folder.join('key.pem')
        self_signed(*tls)
        self.serve(tls=tls)
        self.started(cafile=tls[0])
        self.assertIsNone(self.ask())
        self.started(tried='2 of 2 management controllers cannot be asked')
        error = self.says_nothing()
        self.assertFalse(error.recoverable)
        self.assertFalse(isinstance(error, NoAnswer))


class MonitorTest(Case):
    plugin = RedfishMonitor

    def test_off_is_reported_and_silence_is_not(self):
        self.serve()
        faults = queue.Queue()
        monitor = RedfishMonitor(self.options(
            interval_s=0.1, misses=2, soak_s=0.0, hold_down_s=0.0),
            faults.put)
        self.addCleanup(monitor.stop)
        monitor.start(HOSTS)
        self.one.mood = 'nothing'
        self.two.on = False
        fault = faults.get(timeout=WAIT_S)
        self.assertEqual(('two', EvidenceKind.BMC_OFF), (
            fault.hostname, fault.evidence[0].kind))
        clock.wait_for(lambda: any(
            'does not answer within' in one.problem
            for one in monitor.status() if one.host == ONE),
            clock.Deadline(WAIT_S), what='the problem of one')
        self.one.mood = 0.0
        self.one.going.set()
        self.two.on = True
        self.assertEqual(('two', 'up'), (
            (fault := faults.get(timeout=WAIT_S)).hostname, fault.status))
        self.assertTrue(faults.empty())
        monitor.stop()
        self.assertEqual(0, self.two.sessions)

import queue
import threading

import fixtures
import testtools
from oslo_config import cfg

from doctor_core import clock
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.fixtures import WatchContract, options
from doctor_core.model import Host
from doctor_core.model.evidence import EvidenceKind
from doctor_core.monitors.base import mostly_unwatched
from doctor_core.monitors.polling import PollingMonitor

HOSTS = tuple(Host(name, (f'192.0.2.{number}',))
              for number, name in enumerate('abcd', 1))
WAIT_S = 20
FAST = {'interval_s': 0.02, 'timeout_s': 0.02, 'misses': 2, 'soak_s': 0.0,
        'hold_down_s': 0.0}


class MemoryMonitor(PollingMonitor):
    """Asks hosts that are words in memory."""

    default_interval_s = 7.0
    answers = {}

    @classmethod
    def get_opts(cls):
        return [*super().get_opts(), cfg.IntOpt('port', help='Unused.')]

    def probe(self, host):
        answer = self.answers.get(host.name, True)
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer


class PollingContractTest(WatchContract, testtools.TestCase):
    plugin = MemoryMonitor
    values = FAST
    hosts = HOSTS

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.answers = {}

    def make(self, report=None, **values):
        monitor = super().make(report, **values)
        monitor.answers = self.answers
        return monitor

    def fail(self, host):
        self.answers[host.name] = False

    def heal(self, host):
        self.answers[host.name] = True


class HearsayMonitor(MemoryMonitor):
    """Asks somebody else about hosts."""

    hears_hosts = False
    cause = 'switched off'
    evidence_kind = EvidenceKind.BMC_OFF


class Case(testtools.TestCase):
    plugin = MemoryMonitor

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.faults = queue.Queue()
        self.monitor = self.plugin(options(self.plugin, **FAST),
                                   self.faults.put)
        self.monitor.answers = {}
        self.addCleanup(self.monitor.stop)

    def await_status(self, name, predicate):
        def look():
            return next((status for status in self.monitor.status()
                         if status.host.name == name
                         and predicate(status)), None)
        return clock.wait_for(look, clock.Deadline(WAIT_S), what=name)

    def await_log(self, text):
        clock.wait_for(lambda: text in self.log.output,
                       clock.Deadline(WAIT_S), what=text)

    def await_well(self):
        for host in HOSTS:
            self.await_status(host.name, lambda status:
                              status.state == 'healthy')



class HearsayTest(Case):
    plugin = HearsayMonitor

    def test_no_answer_says_nothing(self):
        self.monitor.start(HOSTS)
        self.await_well()
        release = threading.Event()
        self.addCleanup(release.set)
        self.monitor.answers.update(
            a=BackendError('no route'), b=OSError('no route'),
            c=lambda: release.wait(WAIT_S))
        for name, problem in (('a', 'no route'), ('b', 'no route'),
                              ('c', 'does not return')):
            self.await_status(
                name, lambda one, problem=problem: problem in one.problem
                and one.state == 'unknown')
        # A probe takes its time not to return: it may be a second line.
        for text in ('3 of 4 hosts cannot be asked, and nothing is said of '
                     'them: ', 'a, b: no route', 'c: the probe does not '
                     'return'):
            self.await_log(text)
        self.assertTrue(mostly_unwatched(self.monitor.status()))
        release.set()
        self.monitor.answers.clear()
        self.await_well()
        self.await_log('All hosts can be asked again')
        self.assertTrue(self.faults.empty())

    def test_who_was_never_asked_is_told_of_at_once(self):
        """For a wrong password "a firewall?" was asked, or nothing said."""
        for name in 'abcd':
            self.monitor.answers[name] = BackendError('who are you?')
        self.monitor.start(HOSTS)
        self.await_log('4 of 4 hosts cannot be asked, and nothing is said of '
                       'them: a, b, c and 1 more: who are you?')
        self.assertEqual({('unknown', 'who are you?')}, {
            (one.state, one.problem) for one in self.monitor.status()})
        self.assertNotIn('firewall', self.log.output)

    def test_the_word_of_all_at_once_is_no_broken_path(self):
        self.monitor.start(HOSTS)
        self.await_well()
        self.monitor.answers.update(dict.fromkeys('abcd', False))
        faults = [self.faults.get(timeout=WAIT_S) for _ in HOSTS]
        self.assertEqual(set('abcd'), {one.hostname for one in faults})
        self.assertFalse(self.monitor.isolated())
        for fault in faults:
            self.assertFalse(fault.is_path_suspected)
            self.assertEqual(('switched off', EvidenceKind.BMC_OFF), (
                fault.cause, fault.evidence[0].kind))


class ProbeTest(Case):

    def test_errors_from_outside_are_no_answer(self):
        for error in (BackendError('no route'), OSError('no route')):
            self.monitor.answers['b'] = error
            if not self.monitor.status():
                self.monitor.start(HOSTS)
            self.assertEqual('no route', self.faults.get(timeout=WAIT_S).cause)
            self.monitor.answers['b'] = True
            self.assertEqual('up', self.faults.get(timeout=WAIT_S).status)

    def test_at_an_interval_of_a_second_that_is_said_within_two(self):
        """As long as a host may take to be asked, and to answer."""
        monitor = MemoryMonitor(options(
            MemoryMonitor, interval_s=1.0, timeout_s=1.0), self.faults.put)
        self.assertThat(monitor._grace_s, testtools.matchers.MatchesAll(
            testtools.matchers.GreaterThan(1.0 + 0.8 - 1e-9),
            testtools.matchers.LessThan(2.0)))

    def test_who_has_never_answered_is_told_of_not_reported(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.monitors.unheard.GRACE_S', 0.3))
        self.monitor = MemoryMonitor(options(MemoryMonitor, **FAST),
                                     self.faults.put)
        self.addCleanup(self.monitor.stop)
        self.monitor.answers = {'b': BackendError('no route')}
        self.monitor.presume_heard(())
        self.monitor.start(HOSTS)
        one = self.await_status(
            'b', lambda status: 'never answered' in status.problem)
        self.assertEqual(
            ('unknown', 'no route; has never answered at 192.0.2.2: it is not '
             'reported down'), (one.state, one.problem))
        clock.wait_for(lambda: 'Host b has never answered' in
                       self.log.output, clock.Deadline(WAIT_S), what='a line')
        self.monitor.answers['b'] = True
        self.await_status('b', lambda status: status.state == 'healthy')
        self.assertTrue(self.faults.empty())
        self.assertEqual(set('abcd'), self.monitor.heard())
        self.monitor.answers['b'] = False
        self.assertEqual('down', self.faults.get(timeout=WAIT_S).status)

    def test_who_died_while_no_monitor_ran_is_reported(self):
        self.monitor.answers = {'b': False}
        self.monitor.presume_heard('b')
        self.monitor.start(HOSTS)
        self.assertEqual('b', self.faults.get(timeout=WAIT_S).hostname)

    def check_defect(self, answer, text):
        self.monitor.start(HOSTS)
        self.await_well()
        self.monitor.answers.update(dict.fromkeys('abcd', answer))
        for host in HOSTS:
            self.await_status(host.name, lambda status:
                              text in status.problem
                              and status.state == 'unknown')
        self.monitor.answers.clear()
        self.await_status('b', lambda status: not status.problem
                          and status.state == 'healthy')
        self.assertEqual(1, self.log.output.count('Traceback'))
        self.assertIn(text, self.log.output)
        self.assertTrue(self.faults.empty())

    def test_a_defect_says_nothing_of_a_host_and_is_logged_once(self):
        """A misspelt name in a plugin took every host down."""
        self.check_defect(ZeroDivisionError('of a plugin'),
                          'ZeroDivisionError: of a plugin')

    def test_a_plugin_that_wants_to_end_the_process(self):
        """It ended a thread, and the host was called lost for ever."""
        self.check_defect(SystemExit('of a plugin'), 'SystemExit: of a plugin')

    def test_an_error_that_cannot_say_what_it_is(self):
        """It ended a thread, and the host was called lost for ever."""
        self.check_defect(type('Mute', (Exception,), {
            '__str__': lambda _self: 1 // 0})(), 'Mute: ')

    def test_what_the_operator_can_mend_is_said_once_and_plainly(self):
        self.monitor.start(HOSTS)
        self.await_well()
        self.monitor.answers['b'] = ConfigError('no such tool')
        self.await_status('b', lambda one: (
            one.state, one.problem) == ('unknown', 'no such tool'))
        self.monitor.prove_alive()
        self.assertEqual(1, self.log.output.count('cannot ask: no such tool'))
        self.assertNotIn('Traceback', self.log.output)
        self.assertTrue(self.faults.empty())

    def test_what_cannot_be_said_says_nothing_of_a_host(self):
        self.monitor.start(HOSTS)
        self.await_well()
        self.monitor.answers.update(dict.fromkeys('abcd', lambda: None))
        for host in HOSTS:
            self.await_status(host.name, lambda status:
                              'cannot be said' in status.problem
                              and status.state == 'unknown')
        self.assertTrue(self.faults.empty())

    def test_hosts_that_fall_silent_together_are_first_a_path(self):
        self.monitor.start(HOSTS)
        self.await_well()
        self.monitor.answers.update(dict.fromkeys('abc', False))
        faults = [self.faults.get(timeout=WAIT_S) for _ in 'abc']
        self.assertTrue(faults[-1].is_path_suspected)
        self.assertEqual(3, faults[-1].details['silent_together'])

    def test_what_is_neither_true_nor_false_is_a_defect(self):
        """A probe that forgot to return took every host down."""
        self.check_defect(lambda: 1, 'TypeError: probe() returned 1')

    def test_a_report_that_raises_is_made_again(self):
        refused = []

        def refuse_once(fault):
            if not refused:
                refused.append(fault)
                raise MemoryError
            self.faults.put(fault)
        self.monitor.report = refuse_once
        self.monitor.answers['b'] = False
        self.monitor.start(HOSTS)
        self.assertEqual('b', self.faults.get(timeout=WAIT_S).hostname)
        self.assertIn('it is tried again', self.log.output)

    def test_stop_does_not_wait_for_a_probe_that_hangs(self):
        asked, release = threading.Event(), threading.Event()
        self.addCleanup(release.set)

        def hang():
            asked.set()
            return release.wait(WAIT_S)
        self.monitor.answers['b'] = hang
        self.monitor.start(HOSTS)
        self.assertTrue(asked.wait(WAIT_S))
        stopping = threading.Thread(target=self.monitor.stop, daemon=True)
        stopping.start()
        stopping.join(WAIT_S / 2)
        self.assertFalse(stopping.is_alive())

    def test_one_that_hangs_keeps_no_other_from_being_asked(self):
        release = threading.Event()
        self.addCleanup(release.set)
        self.monitor.answers['a'] = lambda: release.wait(WAIT_S)
        self.monitor.start(HOSTS)
        self.await_status('d', lambda status: status.state == 'healthy')

    def test_as_many_that_hang_as_are_asked_at_a_time(self):
        """Nobody else was asked any more."""
        self.monitor.stop()
        self.monitor = MemoryMonitor(options(
            MemoryMonitor, **FAST, at_a_time=2), self.faults.put)
        self.addCleanup(self.monitor.stop)
        release = threading.Event()
        self.addCleanup(release.set)
        self.monitor.answers = dict.fromkeys(
            'ab', lambda: release.wait(WAIT_S))
        self.monitor.start(HOSTS)
        for name in 'cd':
            self.await_status(name, lambda one: one.state == 'healthy')
        self.await_in_place(2)
        self.monitor.answers = {}
        release.set()
        self.await_in_place(0)
        self.await_well()

    def await_in_place(self, count):
        clock.wait_for(lambda: self.monitor._in_place == count,
                       clock.Deadline(WAIT_S), what='those in their place')

    def test_a_plugin_sets_the_defaults(self):
        self.assertEqual(7.0, options(MemoryMonitor).interval_s)

    def test_after_its_end_it_has_nothing_to_prove(self):
        self.monitor.start(HOSTS)
        self.monitor.stop()
        self.monitor.prove_alive()

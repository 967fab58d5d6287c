import queue
import threading

import fixtures
import testtools

from doctor_core.corroborators.base import Corroborator
from doctor_core.evidence.asking import Asking
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence, EvidenceKind

WAIT_S = 20
HOSTS = tuple(Host(f'host-{number}') for number in range(12))
OFF = Evidence(EvidenceKind.BMC_OFF, 'puppet', 1.0)


class Puppet(Corroborator):
    """Does what a test has it do."""

    def __init__(self):
        super().__init__(None, None, None)
        self.asked = queue.Queue()
        self.answers = queue.Queue()
        self.let_go = threading.Event()
        self.calls = []
        self.raised = {}

    def note(self, what, *args):
        self.calls.append((what, *args))
        if what in self.raised:
            raise self.raised[what]

    def start(self, hosts):
        self.note('start')

    def update(self, hosts):
        self.note('update', [host.name for host in hosts])

    def forget(self, host):
        self.note('forget', host.name)

    def ask(self, host, silent):
        self.asked.put((host.name, [other.name for other in silent]))
        answer = self.answers.get(timeout=WAIT_S)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def stop(self):
        self.note('stop')


class AskingCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.found = queue.Queue()
        self.puppet, self.other = Puppet(), Puppet()
        self.asking = Asking(
            {'puppet': self.puppet, 'other': self.other},
            lambda *found: self.found.put(found))
        self.addCleanup(self.asking.stop)
        self.addCleanup(self.answer_all)

    def answer_all(self):
        for one in (self.puppet, self.other):
            one.let_go.set()
            for _question in range(20):
                one.answers.put(None)

    def start(self):
        self.asking.start(HOSTS)

    def ask(self, number=0, *silent, since=1.0):
        self.asking.ask(f'host-{number}', silent, since)

    def heard(self, puppet=None):
        return (puppet or self.puppet).asked.get(timeout=WAIT_S)

    def until_said(self, text):
        for _second in range(WAIT_S * 100):
            if text in self.log.output:
                return
            threading.Event().wait(0.01)
        self.fail(f'{text!r} is not in {self.log.output}')


class QuestionTest(AskingCase):

    def setUp(self):
        super().setUp()
        self.start()

    def test_each_is_asked_and_what_it_knows_is_handed_on(self):
        self.ask(0, 'host-1', 'host-9', 'nobody', since=7.5)
        for one in (self.puppet, self.other):
            self.assertEqual(('host-0', ['host-1', 'host-9']),
                             self.heard(one))
        self.puppet.answers.put(OFF)
        self.assertEqual(('host-0', OFF, 7.5),
                         self.found.get(timeout=WAIT_S))

    def test_one_that_does_not_answer_holds_up_no_other(self):
        self.ask()
        self.heard()
        self.other.answers.put(OFF)
        self.assertEqual(OFF, self.found.get(timeout=WAIT_S)[1])

    def test_of_a_host_one_question_at_a_time(self):
        self.ask()
        self.heard()
        self.ask()
        self.puppet.answers.put(OFF)
        self.found.get(timeout=WAIT_S)
        self.assertTrue(self.puppet.asked.empty())
        self.ask()
        self.heard()

    def test_of_a_rack_eight_at_a_time(self):
        for number in range(12):
            self.ask(number)
        for _question in range(8):
            self.heard()
        self.assertTrue(self.puppet.asked.empty())
        self.puppet.answers.put(None)
        self.heard()

    def test_a_host_that_nobody_knows_is_not_asked_about(self):
        self.asking.ask('nobody', (), 1.0)
        self.assertEqual(0, self.asking._desks[0]._threads)

    def test_the_next_silence_is_another_one(self):
        for since in (1.0, 1.0, 9.0):
            self.ask(since=since)
            self.heard()
            self.puppet.answers.put(OFF)
            self.found.get(timeout=WAIT_S)
        self.assertEqual([('forget', 'host-0')],
                         [call for call in self.puppet.calls
                          if call[0] == 'forget'])

    def test_one_without_an_answer_for_long_is_said(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.evidence.desk.SLOW_S', -1.0))
        self.ask()
        self.heard()
        self.ask()
        self.ask()
        self.assertEqual(1, self.log.output.count(
            'puppet says nothing of host host-0: no answer for more than'))

    def test_without_a_thread_nothing_fails(self):
        """A monitor's own thread ended in a RuntimeError."""
        def start(_thread):
            raise RuntimeError("can't start new thread")
        with fixtures.MonkeyPatch('threading.Thread.start', start):
            self.ask()
        self.assertIn('The corroborator puppet has no thread', self.log.output)
        self.ask(1)
        self.assertEqual('host-0', self.heard()[0])


class DefectTest(AskingCase):

    def setUp(self):
        super().setUp()
        self.start()

    def fails(self, error, number=0):
        while self.puppet.asked.empty():
            # Again, for the answer before may just be under way.
            self.ask(number)
            threading.Event().wait(0.001)
        self.heard()
        self.puppet.answers.put(error)

    def test_who_does_not_answer_says_nothing(self):
        """And of a thousand hosts the log has it once."""
        for number in (0, 1, 2):
            self.fails(BackendError('Nova is away'), number)
        self.fails(OSError('no route'), 3)
        self.until_said('no route')
        self.assertEqual(1, self.log.output.count('Nova is away'))
        self.assertTrue(self.found.empty())

    def test_it_is_said_anew_after_an_answer(self):
        self.fails(BackendError('Nova is away'))
        self.until_said('Nova is away')
        self.fails(OFF)
        self.found.get(timeout=WAIT_S)
        self.fails(BackendError('Nova is away'))
        self.fails(OFF)
        self.found.get(timeout=WAIT_S)
        self.assertEqual(2, self.log.output.count('Nova is away'))

    def test_whatever_it_raises_it_is_asked_again(self):
        """One that ended its thread was never asked of that host again."""
        for defect in (RuntimeError('out of order'), SystemExit(3), 'Yes'):
            self.fails(defect)
        self.fails(OFF)
        self.assertEqual(OFF, self.found.get(timeout=WAIT_S)[1])
        for said in ('out of order', 'SystemExit: 3',
                     "ask() returned 'Yes', neither Evidence nor None"):
            self.assertIn(said, self.log.output)

    def test_what_cannot_be_handed_on_ends_no_thread(self):
        """After eight of them nobody was asked any more."""
        def found(*_what):
            raise RuntimeError('out of order')
        self.asking._desks[0]._found = found
        for number in range(10):
            self.fails(OFF, number)
        self.until_said('knows of host host-9 is lost')


class LifeTest(AskingCase):

    def test_one_that_cannot_work_ends_those_that_can(self):
        """A listener went on though nothing was watched."""
        self.other.raised['start'] = ConfigError('port 7410 is in use')
        self.assertRaises(ConfigError, self.start)
        self.assertIn(('stop',), self.puppet.calls)

    def test_one_with_a_defect_is_done_without(self):
        self.puppet.raised['start'] = RuntimeError('out of order')
        self.start()
        self.assertIn('puppet cannot start, and is not asked',
                      self.log.output)
        self.ask()
        self.heard(self.other)
        self.assertTrue(self.puppet.asked.empty())

    def test_hosts_that_come_are_asked_about(self):
        self.start()
        self.asking.update([Host('fresh')])
        self.asking.ask('fresh', (), 1.0)
        self.assertEqual('fresh', self.heard()[0])
        self.ask()
        self.assertTrue(self.puppet.asked.empty())

    def test_hosts_come_while_it_is_asked(self):
        self.start()
        self.ask()
        self.heard()
        self.asking.update([*HOSTS, Host('fresh')])
        self.asking.ask('fresh', (), 1.0)
        self.assertEqual('fresh', self.heard()[0])
        for _look in range(WAIT_S * 100):
            if len(self.puppet.calls) == 2:
                break
            threading.Event().wait(0.01)
        self.assertEqual('update', self.puppet.calls[1][0])

    def test_one_that_takes_hosts_slowly_holds_up_nobody(self):
        """The monitors learnt of no host for as long."""
        self.start()
        begun = threading.Event()

        def update(hosts):
            self.puppet.calls.append([host.name for host in hosts])
            begun.set()
            self.puppet.let_go.wait(WAIT_S)
        self.puppet.update = update
        self.asking.update(HOSTS[:1])
        self.assertTrue(begun.wait(WAIT_S))
        self.asking.update(HOSTS[:2])
        self.asking.update(HOSTS[:3])
        begun.clear()
        self.puppet.let_go.set()
        self.assertTrue(begun.wait(WAIT_S))
        self.assertEqual([['host-0'], ['host-0', 'host-1', 'host-2']],
                         self.puppet.calls[1:])

    def test_one_that_cannot_take_hosts_takes_the_next_ones(self):
        self.start()
        self.puppet.raised['update'] = SystemExit(3)
        self.asking.update(HOSTS[:1])
        self.until_said('puppet could not take the hosts')
        self.puppet.raised.clear()
        self.asking.update(HOSTS[:2])
        for _look in range(WAIT_S * 100):
            if len(self.puppet.calls) == 3:
                break
            threading.Event().wait(0.01)
        self.assertEqual(['host-0', 'host-1'], self.puppet.calls[-1][1])


class StopTest(AskingCase):

    def test_without_a_start_and_twice(self):
        self.asking.stop()
        self.asking.stop()
        self.assertEqual([('stop',)] * 2, self.puppet.calls)

    def test_while_asked_and_what_comes_then_is_left(self):
        self.start()
        self.ask()
        self.heard()
        self.asking.stop()
        self.puppet.answers.put(OFF)
        self.ask(1)
        for thread in threading.enumerate():
            if thread.name.startswith('corroborator-puppet'):
                thread.join(WAIT_S)
        self.assertTrue(self.found.empty())
        self.assertTrue(self.puppet.asked.empty())

    def test_whatever_one_raises_the_others_end(self):
        self.start()
        self.puppet.raised['stop'] = SystemExit(3)
        self.asking.stop()
        self.assertIn('puppet did not end as it should', self.log.output)
        self.assertIn(('stop',), self.other.calls)

    def test_one_that_does_not_end_is_left(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.evidence.asking._END_S', 0.0))
        self.puppet.stop = lambda: self.puppet.let_go.wait(WAIT_S)
        self.asking.stop()
        self.assertIn('puppet does not end; it is left', self.log.output)

    def test_no_hosts_are_taken_after_it(self):
        self.start()
        self.asking.stop()
        self.asking.update(HOSTS)
        self.assertEqual(['start', 'stop'],
                         [call[0] for call in self.puppet.calls])

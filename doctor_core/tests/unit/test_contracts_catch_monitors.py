"""What the contracts of monitors promise to find, they find."""

import fixtures
import testtools

from doctor_core.exceptions import ConfigError

# Not its classes by name: they would be run here, too.
from doctor_core.tests.unit.monitors import test_polling
from doctor_core.tests.unit.test_contracts_catch import complaints


class MonitorTest(testtools.TestCase):

    def test_one_that_goes_on_after_stop(self):
        """The test of it could not fail."""
        running = []

        class Unstoppable(test_polling.MemoryMonitor):
            def start(self, hosts):
                running.append(self)
                super().start(hosts)

            def stop(self):
                pass

        class Case(test_polling.PollingContractTest):
            plugin = Unstoppable

        said = complaints(Case, 'test_nothing_is_told_after_stop')
        for monitor in running:
            test_polling.MemoryMonitor.stop(monitor)
        self.assertIn('told after stop()', said)

    def test_one_that_takes_silence_for_proof(self):
        """All tests of a monitor of controllers passed without the line.
        """
        class Case(test_polling.PollingContractTest):
            plugin = test_polling.MuddledMonitor

        test = 'test_who_answers_is_said_where_an_answer_proves_death'
        self.assertIn('set hears_hosts = False', complaints(Case, test))
        Case.plugin = test_polling.HearsayMonitor
        self.assertEqual('', complaints(Case, test))


class WatchTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        for name in 'WAIT_S', 'PROBLEM_S':
            self.useFixture(fixtures.MonkeyPatch(
                f'doctor_core.tests.watching.{name}', 0.5))

    def test_one_that_cannot_ask_says_why_and_waits_once(self):
        """200 seconds for a program that is not in the path, and not a word
        of it.
        """
        class Case(test_polling.PollingContractTest):
            def setUp(self):
                super().setUp()
                self.answers.update(dict.fromkeys('abcd', OSError('no tool')))

        self.assertIn('no tool', complaints(
            Case, 'test_every_host_has_a_status'))
        for name in 'WAIT_S', 'PROBLEM_S':
            self.useFixture(fixtures.MonkeyPatch(
                f'doctor_core.tests.watching.{name}', 600))
        self.assertIn('no tool', complaints(
            Case, 'test_lost_host_is_down_once_and_up_once'))

    def test_one_whose_problem_stays_is_not_waited_for(self):
        class Case(test_polling.PollingContractTest):
            def setUp(self):
                super().setUp()
                self.answers['a'] = ConfigError('no tool')

        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.tests.watching.WAIT_S', 600))
        self.assertIn('a is unknown: no tool', complaints(
            Case, 'test_every_host_has_a_status'))

    def test_one_that_tells_nothing(self):
        class Case(test_polling.PollingContractTest):
            def fail(self, host):
                """Nothing of the kind."""

        said = complaints(Case, 'test_lost_host_is_down_once_and_up_once')
        self.assertIn('a is healthy', said)
        self.assertIn('a host that fell silent', said)
        self.assertNotIn('Empty', said)
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.tests.watching.WAIT_S', 600))
        self.assertIn('As in a test before', complaints(
            Case, 'test_report_says_when_and_why'))

    def test_who_asks_somebody_else_is_to_say_so(self):
        """A bare "_queue.Empty", in a test whose name said the opposite."""
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.tests.watching.WAIT_S', 20))

        class Case(test_polling.PollingContractTest):
            plugin = test_polling.MuddledMonitor
            doubts_itself = False

        believed = 'test_somebody_elses_word_of_all_at_once_is_told'
        doubted = 'test_all_at_once_are_not_told_of'
        self.assertIn(' of 4 hosts were reported', complaints(
            Case, believed))
        self.assertIn('hears_hosts = False', complaints(Case, believed))
        self.assertEqual('', complaints(Case, doubted))
        Case.plugin = test_polling.HearsayMonitor
        self.assertEqual('', complaints(Case, believed))
        Case.doubts_itself = True
        self.assertEqual('', complaints(Case, believed))
        self.assertIn('doubts_itself = False', complaints(Case, doubted))

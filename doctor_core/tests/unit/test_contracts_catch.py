"""What the contracts of plugins promise to find, they find."""

import fixtures
import testtools

from doctor_core.alarms.local.manager import LocalAlarmManager
from doctor_core.inspectors.base import Inspector
from doctor_core.model import Outcome, StateChange, Verdict
from doctor_core.tests import contract_scenarios
from doctor_core.tests.contract_alarms import AlarmContract
from doctor_core.tests.contract_inspectors import InspectorContract

# Not their classes by name: they would be run here, too.
from doctor_core.tests.unit.monitors import test_polling
from doctor_core.tests.unit.scenarios import test_base


def complaints(case, test):
    """What a test of a contract says of a plugin, as text."""
    result = testtools.TestResult()
    case(test).run(result)
    return '\n'.join(text for _test, text
                     in [*result.failures, *result.errors])


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


class AlarmTest(testtools.TestCase):

    def test_one_whose_owners_wait_for_each_other(self):
        class Waiting(LocalAlarmManager):
            last = ()

            def tell(self, events, **known):
                """Nothing new before all have heard what was told last."""
                if not all(one.done() for one in self.last):
                    return self.last
                self.last = super().tell(events, **known)
                return self.last

        class Case(AlarmContract, testtools.TestCase):
            plugin = Waiting

        self.assertIn("'active'", complaints(
            Case, 'test_each_owner_hears_in_order'))


class Yes(Inspector):
    """Says of everything that it was made."""

    def correct(self, corrections, done):
        changes = [StateChange(one, 1.0) for one in corrections]
        for change in changes:
            done(change)
        return changes


class InspectorTest(testtools.TestCase):

    def test_one_that_changes_nothing_and_says_it_did(self):
        class Case(InspectorContract, testtools.TestCase):
            plugin = type('Liar', (Yes,), {'changes_nothing': True,
                                           '__doc__': 'Lies.'})
            asks_cloud = False

        self.assertIn('it changes nothing, and says that it did',
                      complaints(Case, 'test_a_lost_host'))

    def test_one_that_tells_of_success_whatever_the_cloud_refuses(self):
        """It passed the whole suite."""
        class Case(InspectorContract, testtools.TestCase):
            plugin = Yes

        for test in ('test_what_the_cloud_refuses_is_an_outcome',
                     'test_what_is_refused_for_good_is_handed_on_as_such'):
            self.assertIn('server-1', complaints(Case, test))
            Case.asks_cloud = False
            self.assertEqual('', complaints(Case, test))
            Case.asks_cloud = True


class ScenarioTest(testtools.TestCase):

    def test_one_whose_reason_is_empty(self):
        """The suite itself failed, with an IndexError."""
        class Silent(test_base.Least):
            def run(self):
                return Outcome(Verdict.FAILED, (' ',))

        class Case(test_base.LeastTest):
            plugin = Silent

        for test in 'test_why_it_did_not_pass', 'test_the_command_runs_it':
            said = complaints(Case, test)
            self.assertIn('a reason is empty', said)
            self.assertNotIn('IndexError', said)

    def test_one_whose_reasons_are_not_all_printed(self):
        """Only the first word of a reason was looked for."""
        class Page(contract_scenarios._Page):
            def getvalue(self):
                return super().getvalue().replace('reason', '')

        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.tests.contract_scenarios._Page', Page))
        self.assertIn('firstreason', complaints(
            test_base.FailingTest, 'test_the_command_runs_it'))

"""What the contracts of plugins promise to find, they find."""

from typing import ClassVar

import fixtures
import testtools

from doctor_core.alarms.local.manager import LocalAlarmManager
from doctor_core.exceptions import NotifyError
from doctor_core.inspectors.base import Inspector
from doctor_core.model import Action, Outcome, StateChange, Verdict
from doctor_core.notifiers.base import Notifier
from doctor_core.tests import contract_scenarios
from doctor_core.tests.contract_alarms import AlarmContract
from doctor_core.tests.contract_inspectors import InspectorContract
from doctor_core.tests.contract_notifiers import NotifierContract

# Not their classes by name: they would be run here, too.
from doctor_core.tests.unit.scenarios import test_base


def complaints(case, test):
    """What a test of a contract says of a plugin, as text."""
    result = testtools.TestResult()
    case(test).run(result)
    return '\n'.join(text for _test, text
                     in [*result.failures, *result.errors])


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


    def test_one_that_wants_all_of_a_host_in_one_call(self):
        """It passed; at work the host comes alone, in each fault."""
        class WithItsHost(Yes):
            def correct(self, corrections, done):
                if corrections and not any(
                        one.action is Action.FORCE_DOWN
                        for one in corrections):
                    raise LookupError('no service in this call')
                return super().correct(corrections, done)

        class Case(InspectorContract, testtools.TestCase):
            plugin = WithItsHost
            asks_cloud = False

        for test in 'test_a_lost_host', 'test_one_that_is_back':
            said = complaints(Case, test)
            self.assertIn('no service in this call', said)
            self.assertIn('the rest of host-1 comes in another', said)
        self.assertEqual('', complaints(
            Case, 'test_all_of_a_host_in_one_call'))

    def test_one_that_keeps_the_host_for_later(self):
        """Servers first: nobody knows whether there is another call."""
        class ServersFirst(Yes):
            kept = ()

            def correct(self, corrections, done):
                if {one.action for one in corrections} == {Action.FORCE_DOWN}:
                    self.kept = corrections
                    return []
                return super().correct([*corrections, *self.kept], done)

        class Case(InspectorContract, testtools.TestCase):
            plugin = ServersFirst
            asks_cloud = False

        self.assertIn('each correction of a call has one outcome', complaints(
            Case, 'test_a_lost_host'))


class Smtp(Notifier):
    """Sends mails to smtp://RELAY[:PORT]/ADDRESS."""

    error: ClassVar[Exception] = ConnectionRefusedError('nobody there')

    @classmethod
    def complaint(cls, action):
        return '' if action.hostname and '@' in action.path else 'is none'

    async def notify(self, action, notice):
        if self.complaint(action):
            raise NotifyError('refused')
        raise self.error


class Careful(Smtp):
    """Looks at ports."""

    error = NotifyError('nobody there', recoverable=True)

    @classmethod
    def complaint(cls, action):
        try:
            return '' if action.port else super().complaint(action)
        except ValueError:
            return 'has no such port'


class Hasty(Smtp):
    """Takes each port for one."""

    @classmethod
    def complaint(cls, action):
        return '' if action.port else super().complaint(action)


class NotifierTest(testtools.TestCase):

    class Case(NotifierContract, testtools.TestCase):
        plugin = Smtp
        scheme = 'smtp'
        urls = ('smtp://ann:x@[::1]:25/ann@host', 'smtp://relay/ann@host')
        unreachable = 'smtp://127.0.0.1:1/ann@host'

    def complaints(self, plugin, test):
        return complaints(type('Case', (self.Case,), {'plugin': plugin}),
                          test)

    def test_one_that_takes_a_port_that_is_none(self):
        """An alarm was made, and its owner was told of nothing, ever."""
        test = 'test_it_refuses_ports_that_are_none'
        said = self.complaints(Smtp, test)
        for url in ('smtp://ann:x@[::1]:port/ann@host',
                    'smtp://relay:99999/ann@host'):
            self.assertIn(url, said)
        self.assertIn('has_ports = False', said)
        self.assertEqual('', self.complaints(Careful, test))

    def test_one_whose_complaint_raises(self):
        said = self.complaints(Hasty, 'test_a_complaint_is_a_text')
        self.assertIn('complaint() of smtp://host:port/ raised', said)
        self.assertEqual('', self.complaints(
            Careful, 'test_a_complaint_is_a_text'))

    def test_one_that_gives_up_where_nobody_answers(self):
        """Each refused connection cost the owner the notice."""
        test = 'test_where_nobody_answers_it_is_tried_again'
        said = self.complaints(Smtp, test)
        self.assertIn("ConnectionRefusedError('nobody there')", said)
        self.assertIn('recoverable=True', said)
        self.assertIn('is not recoverable', self.complaints(
            type('Final', (Careful,), {'error': NotifyError('no')}), test))
        self.assertEqual('', self.complaints(Careful, test))


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

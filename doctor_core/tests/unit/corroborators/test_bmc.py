import threading

import fixtures
import testtools

from doctor_core import clock
from doctor_core.corroborators.bmc import BmcCorroborator
from doctor_core.exceptions import BackendError, ConfigError, NoAnswer
from doctor_core.fixtures import options
from doctor_core.model import Host
from doctor_core.model.evidence import EvidenceKind
from doctor_core.tests.unit.rack import SILENT, Rack

#: Two racks, and one host that stands nobody knows where.
A1, A2, A3 = (Host(name, (), 'a') for name in ('a1', 'a2', 'a3'))
B1 = Host('b1', (), 'b')
X1, X2, X3 = (Host(name) for name in ('x1', 'x2', 'x3'))
ALL = (A1, A2, A3, B1, X1, X2, X3)
WAIT_S = 20


class Case(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.rack = Rack(**{host.name: True for host in ALL})

    def made(self, **values):
        self.bmc = BmcCorroborator(
            options(BmcCorroborator, **{'address': '{host}', **values}),
            lambda *_found: None, lambda: None, self.rack.way)
        self.addCleanup(self.bmc.stop)
        return self.bmc

    def started(self, *hosts, **values):
        """One that has tried all controllers once."""
        self.made(**values)
        # Of one before it the log may have that, too.
        before = self.trials()
        self.bmc.start(hosts or ALL)
        self.await_trial(before)
        self.rack.asked.clear()
        self.rack.closed.clear()
        return self.bmc

    def trials(self):
        """How often the log says whether all can be asked."""
        return self.log.output.count('be asked')

    def await_trial(self, before=0):
        clock.wait_for(lambda: self.trials() > before,
                       clock.Deadline(WAIT_S), what='the trial')

    def ask(self, host, *silent):
        evidence = self.bmc.ask(host, silent)
        return evidence and evidence.kind

    def ask_again(self, host, *silent):
        """A host that is silent since the question before this one."""
        self.assert_nothing(NoAnswer, host, *silent)
        self.rack.asked.clear()
        return self.ask(host, *silent)

    def assert_nothing(self, kind, host, *silent):
        return self.assertRaises(kind, self.bmc.ask, host, silent)


class PowerTest(Case):

    def test_off_proves_it(self):
        self.started()
        self.rack.power['a1'] = False
        evidence = self.bmc.ask(A1, ())
        self.assertEqual(('bmc-off', 'bmc'), (evidence.kind,
                                              evidence.source))
        self.assertEqual(['a1'], self.rack.asked)

    def test_on_proves_nothing(self):
        self.started()
        self.assertIsNone(self.ask(A1))

    def test_a_host_without_an_address_is_left_alone(self):
        self.started(A1, A2, address='', addresses=['a1=a1'])
        self.assertIsNone(self.ask(A2))
        self.assertEqual([], self.rack.asked)

    def test_of_a_stranger_it_knows_nothing(self):
        self.started()
        self.rack.power['stranger'] = False
        self.assertIsNone(self.ask(Host('stranger')))

    def test_before_another_silence_it_is_logged_out_of(self):
        self.started()
        self.ask(A1)
        self.bmc.forget(A1)
        clock.wait_for(lambda: self.rack.closed == ['a1'],
                       clock.Deadline(WAIT_S), what='the end of a1')

    def test_nonsense_and_refusals_say_nothing(self):
        """Nor do they of a neighbour's."""
        self.started()
        for error in (BackendError('does not speak Redfish'),
                      BackendError('who are you?'),
                      BackendError('not trusted'), ConfigError('two')):
            self.rack.power['a1'] = error
            self.assertIs(error, self.assert_nothing(type(error), A1))
            self.rack.power.update(a1=SILENT, a2=error, a3=error)
            self.assert_nothing(NoAnswer, A1)
            self.rack.power.update(a2=True, a3=True)


class PowerLostTest(Case):

    def test_silent_while_a_neighbour_answers(self):
        self.started()
        self.rack.power['a1'] = SILENT
        self.assert_nothing(NoAnswer, A1)
        evidence = self.bmc.ask(A1, ())
        self.assertEqual(EvidenceKind.POWER_LOST, evidence.kind)
        self.assertRegex(evidence.text, 'is silent, too, and that of '
                                        'a[23] answers')

    def test_silent_with_its_neighbours(self):
        """The switch of the controllers is away."""
        self.started()
        for name in ('a1', 'a2', 'a3'):
            self.rack.power[name] = SILENT
        for _question in range(2):
            self.assert_nothing(NoAnswer, A1)
        self.assertFalse({'b1', 'x1', 'x2', 'x3'} & set(self.rack.asked))

    def test_several_behind_one_of_two_switches(self):
        """Half of a rack and its controllers stood behind a switch that was
        lost; as that of a host behind the other one answered, all of them
        were held to be without power, and forced down.
        """
        self.started()
        self.rack.power.update(a1=SILENT, a2=SILENT)
        for host, other in ((A1, A2), (A2, A1)):
            for _question in range(2):
                self.assert_nothing(NoAnswer, host, other)
        self.assertNotIn('a3', self.rack.asked)

    def test_one_of_several_that_fell_silent(self):
        """The switch is away, or their cables; one has no power besides."""
        self.started()
        self.rack.power['a1'] = SILENT
        self.assertEqual(EvidenceKind.POWER_LOST, self.ask(A1, A2))

    def test_those_of_other_racks_say_nothing_of_it(self):
        self.started()
        self.rack.power['a1'] = SILENT
        for _question in range(2):
            self.assert_nothing(NoAnswer, A1, B1, X1)

    def test_who_falls_silent_with_it_is_known_at_the_second_question(self):
        """The first of a rack was asked about when no other was silent."""
        self.started()
        self.rack.power['a1'] = SILENT
        self.assert_nothing(NoAnswer, A1)
        self.bmc.forget(A1)
        self.assert_nothing(NoAnswer, A1)
        self.assertEqual(EvidenceKind.POWER_LOST, self.ask(A1))

    def test_one_that_never_answered_proves_nothing(self):
        """It has a wrong address, say."""
        for before in (SILENT, BackendError('who are you?')):
            self.rack.power['a1'] = before
            self.started()
            self.rack.power['a1'] = SILENT
            for _question in range(2):
                self.assert_nothing(NoAnswer, A1)
            self.assertEqual(['a1', 'a1'], self.rack.asked)

    def test_one_that_answers_after_all_had_a_short_gap(self):
        self.started()
        answers = iter([SILENT, True])
        self.rack.power['a1'] = lambda: next(answers)
        self.assertIsNone(self.ask(A1, A2))

    def test_the_second_question_does_not_wait_for_the_first(self):
        self.started()
        self.rack.power['a1'] = SILENT
        ways = len(self.rack.made)
        self.ask(A1, A2)
        self.assertEqual(ways + 1, len(self.rack.made))

    def test_off_at_the_second_question(self):
        self.started()
        answers = iter([SILENT, False])
        self.rack.power['a1'] = lambda: next(answers)
        self.assertEqual(EvidenceKind.BMC_OFF, self.ask(A1, A2))

    def test_neighbours_of_which_an_answer_is_hoped_for_are_asked_first(self):
        """Most of a rack may have no address: a few that are asked at random
        say nothing.
        """
        lost, good = (Host(name, (), 'c') for name in ('lost', 'good'))
        never = [Host(f'never{number}', (), 'c') for number in range(9)]
        self.rack.power.update(lost=True, good=True)
        self.started(lost, *never, good)
        self.rack.power['lost'] = SILENT
        self.assertEqual(EvidenceKind.POWER_LOST, self.ask_again(lost))
        neighbours = set(self.rack.asked) - {'lost'}
        self.assertIn('good', neighbours)
        self.assertLessEqual(len(neighbours), 3)

    def test_without_a_rack_those_are_asked_that_fell_silent_with_it(self):
        self.started()
        self.rack.power['x1'] = SILENT
        self.assertEqual(EvidenceKind.POWER_LOST, self.ask(X1, X2, B1))
        self.assertFalse({'a1', 'x3'} & set(self.rack.asked))

    def test_without_a_rack_and_alone_nothing_is_proved(self):
        self.started()
        self.rack.power['x1'] = SILENT
        for _question in range(2):
            self.assert_nothing(NoAnswer, X1)
        self.assertEqual(['x1', 'x1'], self.rack.asked)

    def test_of_a_whole_rack_each_neighbour_is_asked_once(self):
        """What a controller said after the question was put, counts."""
        self.started()
        self.rack.power['a1'] = SILENT

        def answer():
            self.bmc.ask(A2, ())
            raise SILENT
        first = [answer]
        self.rack.power['a1'] = lambda: first.pop()() if first else SILENT
        self.assertEqual(EvidenceKind.POWER_LOST, self.ask(A1, A2))
        self.assertEqual(['a1', 'a2', 'a1'], self.rack.asked)

    def test_where_a_port_is_shared_silence_says_nothing(self):
        self.started(shared_port=True)
        self.rack.power['a1'] = SILENT
        self.assert_nothing(NoAnswer, A1)
        self.rack.power['a1'] = False
        self.assertEqual(EvidenceKind.BMC_OFF, self.ask(A1))


class TrialTest(Case):

    def test_each_is_asked_once_after_the_start_and_logged_out_of(self):
        self.rack.power['b1'] = BackendError('who are you?')
        self.made().start(ALL)
        self.await_trial()
        names = sorted(host.name for host in ALL)
        self.assertEqual(names, sorted(self.rack.asked))
        self.assertEqual([name for name in names if name != 'b1'],
                         sorted(self.rack.closed))
        self.assertIn('1 of 7 management controllers cannot be asked, and '
                      'prove nothing: b1: who are you?', self.log.output)

    def test_a_host_that_comes_is_tried_and_one_that_goes_forgotten(self):
        self.started(A1, A2)
        self.bmc.update([A2, A3])
        clock.wait_for(lambda: self.rack.asked == ['a3'],
                       clock.Deadline(WAIT_S), what='the trial of a3')
        clock.wait_for(lambda: 'a1' in self.rack.closed,
                       clock.Deadline(WAIT_S), what='the end of a1')
        self.rack.power['a1'] = SILENT
        self.bmc.update([A1, A2, A3])
        self.assert_nothing(NoAnswer, A1)
        # Else it stands in the log of the next test.
        clock.wait_for(lambda: '1 of 1 management' in self.log.output,
                       clock.Deadline(WAIT_S), what='the trial of a1')

    def test_nobody_waits_for_it(self):
        release = threading.Event()
        self.addCleanup(release.set)
        self.rack.power['a1'] = lambda: release.wait(WAIT_S)
        self.made().start([A1])
        self.bmc.stop()

    def test_few_at_a_time(self):
        release = threading.Event()
        self.addCleanup(release.set)
        for host in ALL:
            self.rack.power[host.name] = lambda: release.wait(WAIT_S)
        self.made().start(ALL)
        clock.wait_for(lambda: len(self.rack.asked) == 4,
                       clock.Deadline(WAIT_S), what='four')
        release.set()
        self.await_trial()
        self.assertEqual(len(ALL), len(self.rack.asked))

    def test_a_defect_is_logged(self):
        self.rack.power['a1'] = ZeroDivisionError('of a library')
        self.started(A1)
        self.assertIn('Traceback', self.log.output)

    def test_it_cannot_begin_without_addresses(self):
        self.assertRaises(ConfigError, self.made(address='').start, [A1])
        self.bmc.stop()


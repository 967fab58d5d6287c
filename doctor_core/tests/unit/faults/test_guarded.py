"""Plugins that raise, and what Nova says in another form."""

import threading

import fixtures
import testtools
from testtools import matchers

from doctor_core.exceptions import BackendError, BusError, CloudError
from doctor_core.faults.guarded import GuardedInspector
from doctor_core.model import Action, Correction, Mark, Server, StateChange
from doctor_core.tests.unit.faults import doubles


class GuardedTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.desk = doubles.Desk()

    def raising(self, owner, name, error, times=1):
        """A method that raises so many times."""
        real = getattr(owner, name)
        left = [error] * times

        def raises(*args, **kwargs):
            if left:
                raise left.pop()
            return real(*args, **kwargs)
        setattr(owner, name, raises)

    def in_time(self, do):
        """What a call returns, which used to hang."""
        answers = []
        thread = threading.Thread(target=lambda: answers.append(do()),
                                  daemon=True)
        thread.start()
        thread.join(10)
        self.assertEqual(1, len(answers))
        return answers[0]

    def news(self, fault_id):
        return set(self.desk.telling_states(fault_id).values())


class EndTest(GuardedTestCase):
    """Corrections were sent by a process that ended."""

    def test_nothing_more_is_asked_for(self):
        self.desk.stopping.set()
        answer = self.desk.down()
        self.assertEqual([], self.desk.inspector.asked)
        self.assertEqual({'owed'}, set(
            self.desk.correction_states(answer.fault_id).values()))
        self.assertEqual('handling', answer.state)

    def test_nothing_is_taken_back_either(self):
        self.desk.stopping.set()
        guarded = GuardedInspector(self.desk.inspector, self.desk.stopping)
        mark = Correction(Action.FORCE_DOWN, 'c0', 'h0', Mark.BACK)
        self.assertRaises(BackendError, guarded.correct, [mark],
                          lambda change: None)
        self.assertRaises(BackendError, guarded.release, 'h0')
        self.assertEqual(([], []), (self.desk.inspector.asked,
                                    self.desk.inspector.released))

    def test_ends_during_the_head_start(self):
        self.desk.alarms.head_start_s = lambda count: (
            self.desk.stopping.set(), 1.0)[1]
        self.assertEqual('handling', self.desk.down().state)
        self.assertEqual([], self.desk.inspector.asked)


class InspectorTest(GuardedTestCase):

    def test_correct_that_raises(self):
        """The report came back five times and was set aside."""
        self.raising(self.desk.inspector, 'correct', KeyError('zone'), 2)
        answer = self.desk.down()
        self.assertEqual('handling', answer.state)
        self.assertIn("Inspector failed in correct(): KeyError: 'zone'",
                      self.desk.fault(answer.fault_id).note)
        self.desk.resume()
        self.assertEqual(1, self.log.output.count('Traceback'))
        self.desk.resume()
        self.assertEqual('handled', self.desk.fault(answer.fault_id).state)
        self.assertEqual('', self.desk.fault(answer.fault_id).note)
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_raises_after_some_were_made(self):
        self.desk.inspector.crash = lambda one: \
            one.target_id == 's1' and self.fail_once()
        answer = self.desk.down()
        states = self.desk.correction_states(answer.fault_id)
        self.assertEqual({'done', 'asked'}, set(states.values()))

    def fail_once(self):
        self.desk.inspector.crash = None
        raise RuntimeError('boom')

    def test_backend_error_is_a_failure_without_a_traceback(self):
        self.raising(self.desk.inspector, 'correct',
                     CloudError('Congress is away', recoverable=True))
        self.assertIn('Congress is away', self.desk.down().note)
        self.assertNotIn('Traceback', self.log.output)

    def test_no_outcome_at_all(self):
        self.desk.inspector.correct = lambda corrections, done: None
        answer = self.desk.down()
        self.assertEqual('handling', answer.state)
        self.assertIn('TypeError', answer.note)
        self.desk.inspector.correct = lambda corrections, done: []
        self.assertIn('has not said', self.desk.resume(answer.fault_id).note)

    def test_words_of_a_plugin_are_one_line(self):
        """They forged lines of the log and of the note."""
        text = 'no\n ticket\x1b[2J' + 'x' * 10**6
        self.desk.inspector.correct = lambda corrections, done: [
            StateChange(one, 1.0, text) for one in corrections]
        note = self.desk.down().note
        self.assertIn(r'no ticket\u001b[2Jxx', note)
        self.assertThat(len(note), matchers.LessThan(2500))
        self.raising(self.desk.inspector, 'correct', CloudError(
            text, recoverable=True))
        self.assertNotIn('\x1b', self.log.output)

    def test_an_error_that_cannot_say_what_it_is(self):
        def mute(of):
            return type('Mute', (of,), {'__str__': lambda _self: 1 // 0})(
                'x')
        for error in (mute(RuntimeError), mute(BackendError)):
            self.raising(self.desk.inspector, 'correct', error)
            self.assertIn('does not say what it is', self.desk.down().note)
            self.raising(self.desk.alarms, 'tell', error)
            self.desk.resume()
            self.desk = doubles.Desk()

    def test_undo_and_release_that_raise(self):
        self.desk.down()
        self.raising(self.desk.inspector, 'correct', KeyError('zone'))
        answer = self.desk.up(rounds=0)
        self.assertEqual('clearing', answer.state)
        self.assertFalse(answer.waits)
        self.assertIn("KeyError: 'zone'", answer.note)
        self.raising(self.desk.inspector, 'release', TypeError('None'))
        self.assertIn('failed in release(): TypeError: None',
                      self.desk.resume(answer.fault_id).note)
        self.assertEqual('cleared', self.desk.resume(answer.fault_id).state)

    def test_a_return_that_fails_is_tried_less_and_less_often(self):
        self.desk.down()
        self.raising(self.desk.inspector, 'release', TypeError(), 99)
        self.desk.up(rounds=0)
        loop = self.desk.engine.owed
        asked = []
        self.desk.inspector.release = lambda host: (
            asked.append(round(self.desk.clock.monotonic())),
            self.fail_release())
        start = round(self.desk.clock.monotonic())
        for _ in range(40):
            for future in loop.resume(only=[
                    one.id for one in self.desk.store.faults.latest()
                    if loop._is_due(one)]):
                future.result(10)
            self.desk.clock.advance(1.0)
        self.assertEqual([0, 1, 3, 7, 15, 31], [at - start for at in asked])

    def fail_release(self):
        raise TypeError('None')


class AlarmsTest(GuardedTestCase):

    def test_tell_that_raises(self):
        """The handler waited without end, and nobody was told."""
        self.raising(self.desk.alarms, 'tell', RuntimeError('boom'))
        answer = self.in_time(self.desk.down)
        self.assertEqual('handling', answer.state)
        self.assertIn('Alarms failed in tell(): RuntimeError: boom; it is '
                      'tried again', answer.note)
        self.assertEqual({'owed'}, self.news(answer.fault_id))
        self.assertEqual(1, self.log.output.count('Traceback'))
        self.desk.clock.advance(2.0)
        self.assertEqual('handled', self.desk.resume(answer.fault_id).state)
        self.assertEqual({'told'}, self.news(answer.fault_id))

    def test_not_tried_again_at_once_and_the_reason_stays(self):
        self.raising(self.desk.alarms, 'tell', RuntimeError('boom'), 2)
        answer = self.in_time(self.desk.down)
        self.assertIn('boom', self.desk.resume(answer.fault_id).note)
        self.assertEqual([], self.desk.alarms.told)
        for pause_s in (2.0, 2.0):
            self.desk.clock.advance(pause_s)
            self.desk.resume()
            self.assertEqual([], self.desk.alarms.told)
        self.desk.clock.advance(2.0)
        self.desk.resume()
        self.assertEqual(3, len(self.desk.alarms.told))

    def test_too_few_outcomes(self):
        real = self.desk.alarms.tell
        self.desk.alarms.tell = lambda events, **names: \
            real(events, **names)[1:]
        self.assertIn('outcomes: 2 of 3 events',
                      self.in_time(self.desk.down).note)

    def outcome(self, error):
        real = self.desk.alarms._tell

        def tell(event):
            future = real(event)
            future._exception = error
            return future
        self.desk.alarms._tell = tell
        answer = self.in_time(self.desk.down)
        self.desk.alarms._tell = real
        return answer

    def test_bus_that_is_away(self):
        """Nobody was told ever again."""
        answer = self.outcome(BusError('ECONNREFUSED'))
        self.assertEqual({'owed'}, self.news(answer.fault_id))
        self.desk.clock.advance(2.0)
        self.desk.resume()
        self.assertEqual({'told'}, self.news(answer.fault_id))

    def test_what_cannot_pass_is_given_up(self):
        answer = self.outcome(BackendError('no such topic'))
        self.assertEqual({'given-up'}, self.news(answer.fault_id))
        self.assertEqual('no such topic', answer.note)

    def test_an_outcome_that_is_none(self):
        real = self.desk.alarms._tell

        def tell(event):
            future = real(event)
            future._result = None
            return future
        self.desk.alarms._tell = tell
        answer = self.in_time(self.desk.down)
        self.assertEqual({'given-up'}, self.news(answer.fault_id))

    def test_a_server_of_which_no_event_can_be_made(self):
        """Of the others the owners are told."""
        self.desk.cloud.all_servers['s1'] = Server('s1', 5, 'p1', 'h0')
        self.desk.affected.refresh()
        answer = self.in_time(self.desk.down)
        self.assertEqual({'s0', 's2'},
                         {name for name, _ in self.desk.alarms.told})
        self.assertIn('There is no event for server s1', answer.note)
        self.assertEqual('handled', answer.state)

    def test_head_start_and_missed_that_raise(self):
        self.raising(self.desk.alarms, 'head_start_s', KeyError('x'))
        answer = self.in_time(self.desk.down)
        self.assertEqual('handled', answer.state)
        self.raising(self.desk.alarms, 'missed', KeyError('x'))
        self.desk.clock.advance(11.0)
        self.desk.engine.confirmation.look()
        self.assertIn('failed in missed()', self.log.output)

    def test_store_that_fails_while_it_is_read(self):
        self.raising(self.desk.store.tellings, 'keys_owed', OSError('full'))
        self.assertEqual('handled', self.in_time(self.desk.down).state)
        self.assertIn('are not told at once', self.log.output)
        self.assertEqual(3, len(self.desk.alarms.told))

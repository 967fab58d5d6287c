import testtools

from doctor_core import clock
from doctor_core.exceptions import BackendError, DeadlineExceeded
from doctor_core.fixtures import FakeClock


class DeadlineTest(testtools.TestCase):
    def test_counts_down_and_stays_at_zero(self):
        fake = FakeClock()
        deadline = clock.Deadline(2, fake)
        fake.advance(0.5)
        self.assertEqual((1.5, False), (deadline.left_s(), deadline.passed))
        fake.advance(5)
        self.assertEqual((0.0, True), (deadline.left_s(), deadline.passed))

    def test_is_not_moved_by_an_administrator(self):
        fake = FakeClock()
        deadline = clock.Deadline(2, fake)
        fake.set_epoch(fake.now() + 3600)
        self.assertEqual(2, deadline.left_s())


class WaitForTest(testtools.TestCase):
    def test_returns_the_first_true_answer(self):
        fake = FakeClock()
        answers = iter([None, 0, 'yes', 'too late'])
        self.assertEqual('yes', clock.wait_for(
            lambda: next(answers), clock.Deadline(5, fake), what='a yes'))

    def test_looks_at_least_once(self):
        self.assertTrue(clock.wait_for(
            lambda: True, clock.Deadline(0, FakeClock()), what='it'))

    def test_says_what_it_waited_for(self):
        fake = FakeClock()
        error = self.assertRaises(
            DeadlineExceeded, clock.wait_for, lambda: False,
            clock.Deadline(3, fake), what='Aodh to answer')
        self.assertEqual('Waited 3 s in vain for Aodh to answer', str(error))
        self.assertEqual(3, fake.slept_s)


class Waits:
    """A threading.Event that only counts how long it was waited for."""

    def __init__(self, end_after=99):
        self.waited = []
        self.end_after = end_after

    def is_set(self):
        return len(self.waited) >= self.end_after

    def wait(self, seconds):
        self.waited.append(seconds)


class PausesTest(testtools.TestCase):

    def test_grow_up_to_the_last_until_they_begin_again(self):
        pauses = clock.Pauses(first_s=2.0, last_s=5.0)
        self.assertEqual([2.0, 4.0, 5.0, 5.0],
                         [pauses.next_s() for _ in range(4)])
        pauses.reset()
        self.assertEqual([2.0, 4.0], [pauses.next_s(), pauses.next_s()])


class BackoffTest(testtools.TestCase):

    def attempts(self, failures, stop):
        told = []
        for attempt in clock.Backoff(
                first_s=1, last_s=4, stop=stop,
                failed=lambda error, pause_s: told.append(pause_s)):
            with attempt:
                if failures:
                    raise failures.pop(0)
                return 'answer', told
        return None, told

    def test_pauses_grow_up_to_the_last(self):
        stop = Waits()
        failures = [BackendError('no')] * 4
        self.assertEqual(('answer', [1, 2, 4, 4]),
                         self.attempts(failures, stop))
        self.assertEqual([1, 2, 4, 4], stop.waited)

    def test_ends_when_told_to(self):
        failures = [BackendError('no')] * 9
        self.assertEqual((None, [1, 2]),
                         self.attempts(failures, Waits(end_after=2)))

    def test_other_errors_pass(self):
        self.assertRaises(ValueError, self.attempts, [ValueError()], Waits())

import testtools

from doctor_core import clock
from doctor_core.exceptions import DeadlineExceeded
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

import queue
import threading

import fixtures
import testtools

from doctor_core.periodic import Periodic, _Round

WAIT_S = 20
#: Longer than any test may take.
NEVER_S = 3600.0


class PeriodicTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.rounds = queue.Queue()

    def make(self, round_, pause_s, **options):
        periodic = Periodic('looking', round_, pause_s, **options)
        self.addCleanup(periodic.stop)
        return periodic

    def next(self):
        return self.rounds.get(timeout=WAIT_S)

    def test_rounds_follow_each_other(self):
        self.make(lambda: self.rounds.put('round'), 0.001).start()
        self.assertEqual(['round', 'round'], [self.next(), self.next()])

    def test_first_round_waits_for_the_pause(self):
        periodic = self.make(lambda: self.rounds.put('round'), NEVER_S)
        periodic.start()
        periodic.stop()
        self.assertTrue(self.rounds.empty())

    def test_first_round_at_once(self):
        self.make(lambda: self.rounds.put('round'), NEVER_S,
                  at_once=True).start()
        self.assertEqual('round', self.next())

    def test_round_that_raises_is_logged_and_followed(self):
        """A look that failed in an unexpected way once was the last."""
        def fail():
            self.rounds.put('round')
            raise RuntimeError('of this test')
        self.make(fail, 0.001).start()
        self.assertEqual(['round', 'round'], [self.next(), self.next()])
        self.assertIn('A round of looking failed', self.log.output)
        self.assertIn('Traceback', self.log.output)
        self.assertIn('RuntimeError: of this test', self.log.output)

    def test_pause_after_a_failure(self):
        """One traceback each half second would fill the log."""
        def fail():
            raise RuntimeError('of this test')
        for pause_s, shown_s in ((0.5, 30.0), (60.0, 60.0)):
            failed = _Round(fail, pause_s, True, 30.0)
            self.assertEqual(pause_s, failed._periodic_spacing)
            self.assertRaises(RuntimeError, failed)
            self.assertEqual(shown_s, failed._periodic_spacing)

    def test_pause_is_asked_for_after_each_round(self):
        pauses = iter([0.001, 0.001])  # before the first, and after it
        self.make(lambda: self.rounds.put('round'),
                  lambda: next(pauses, NEVER_S)).start()
        self.assertEqual(['round', 'round'], [self.next(), self.next()])
        self.assertRaises(StopIteration, next, pauses)

    def test_round_says_when_the_next_one_is(self):
        said = iter([0.001, 0.0])

        def look():
            self.rounds.put('round')
            return next(said, None)
        self.make(look, NEVER_S, at_once=True).start()
        self.assertEqual(['round'] * 3, [self.next() for _ in range(3)])

    def test_stop_waits_for_the_round_that_is_made(self):
        began, may_end = threading.Event(), threading.Event()

        def look():
            began.set()
            may_end.wait(WAIT_S)
            self.rounds.put('ended')
        periodic = self.make(look, 0.001)
        periodic.start()
        self.assertTrue(began.wait(WAIT_S))
        threading.Timer(0, may_end.set).start()
        periodic.stop()
        self.assertEqual('ended', self.rounds.get_nowait())

    def test_stop_before_start_and_twice(self):
        periodic = self.make(lambda: self.rounds.put('round'), 0.001)
        periodic.stop()
        periodic.start()
        periodic.stop()
        periodic.stop()
        self.assertFalse(periodic._thread.is_alive())

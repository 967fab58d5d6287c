"""Work that is asked for often."""

import threading

import fixtures
import testtools

from doctor_core.soon import Soon


class SoonTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.rounds = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def soon(self, work, **options):
        soon = Soon(work, 'some-work', **options)
        self.addCleanup(soon.close)
        return soon

    def held(self):
        self.begun.release()
        self.go_on.acquire(timeout=10)
        self.rounds.append(threading.current_thread().name)

    def test_many_who_ask_meanwhile_cost_one_round_more(self):
        soon = self.soon(self.held, pause_s=0)
        soon.ask()
        self.begun.acquire(timeout=10)
        for _ in range(100):
            self.assertTrue(soon.ask())
        self.go_on.release(2)
        soon.close()
        self.assertEqual(['some-work'] * 2, self.rounds)

    def test_the_end_waits_for_what_was_asked_for_and_for_no_pause(self):
        soon = self.soon(lambda: self.rounds.append(1), pause_s=3600)
        soon.ask()
        soon.ask()
        soon.close()
        self.assertIn(len(self.rounds), (1, 2))
        self.assertFalse(soon.ask())

    def test_one_that_raises_is_logged_and_the_next_one_comes(self):
        def fail():
            self.held()
            raise ValueError('odd')

        soon = self.soon(fail, pause_s=0)
        soon.ask()
        self.begun.acquire(timeout=10)
        soon.ask()
        self.go_on.release(3)
        soon.close()
        self.assertIn(len(self.rounds), (2, 3))
        self.assertEqual(len(self.rounds),
                         self.log.output.count('ValueError: odd'))

    def until(self, last, **options):
        """One whose first rounds cannot do what there is to do."""
        def work():
            self.rounds.append(1)
            if len(self.rounds) < last:
                soon.ask_again()
            self.begun.release()

        soon = self.soon(work, pause_s=0, **options)
        soon.ask()
        self.assertTrue(self.begun.acquire(timeout=10))
        return soon

    def test_what_could_not_be_done_is_tried_again_by_itself(self):
        soon = self.until(4, again_s=(0.0, 0.0))
        for _ in range(3):
            self.assertTrue(self.begun.acquire(timeout=10))
        soon.close()
        self.assertEqual(4, len(self.rounds))

    def test_whoever_asks_does_not_wait_for_that(self):
        soon = self.until(2, again_s=(3600.0, 3600.0))
        soon.ask()
        self.assertTrue(self.begun.acquire(timeout=10))

    def test_the_end_tries_once_more(self):
        self.until(10**6, again_s=(3600.0, 3600.0)).close()
        self.assertEqual(2, len(self.rounds))

    def test_asked_for_from_within(self):
        """What a round adds is not lost."""
        def again():
            self.rounds.append(1)
            if len(self.rounds) < 3:
                soon.ask()
            else:
                self.begun.release()

        soon = self.soon(again, pause_s=0)
        soon.ask()
        self.assertTrue(self.begun.acquire(timeout=10))

    def test_nothing_is_begun_where_nobody_asks(self):
        before = threading.active_count()
        self.soon(self.held).close()
        self.assertEqual(before, threading.active_count())

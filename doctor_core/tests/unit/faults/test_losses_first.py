import threading

import testtools

from doctor_core.faults.losses_first import (
    IDLE_S,
    LONGEST_S,
    QUIET_S,
    STUCK_S,
    LossesFirst,
)
from doctor_core.fixtures import FakeClock

WAIT_S = 20


class LossesFirstTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = FakeClock()
        self.first = LossesFirst(self.clock.monotonic)

    def passing(self):
        """Set when somebody who comes now has passed."""
        passed = threading.Event()

        def come():
            self.first.wait()
            passed.set()

        threading.Thread(target=come, daemon=True).start()
        return passed

    def announce(self, count):
        for _ in range(count):
            self.first.announce()

    def test_open_when_nothing_was_announced(self):
        self.assertTrue(self.passing().wait(WAIT_S))

    def test_a_single_loss_makes_nobody_wait_after_it(self):
        self.announce(1)
        self.first.decided()
        self.assertTrue(self.passing().wait(WAIT_S))

    def test_closed_while_a_loss_is_not_decided(self):
        self.announce(1)
        passed = self.passing()
        self.assertFalse(passed.wait(0.05))
        self.first.decided()
        self.assertTrue(passed.wait(WAIT_S))

    def test_and_a_moment_longer_after_several(self):
        self.announce(3)
        for _ in range(3):
            self.first.decided()
        passed = self.passing()
        self.assertFalse(passed.is_set())
        self.clock.advance(QUIET_S)
        self.assertTrue(passed.wait(WAIT_S))

    def test_what_is_announced_and_never_done_holds_up_nobody_for_long(self):
        self.announce(5)
        self.clock.advance(STUCK_S)
        self.assertTrue(self.passing().wait(WAIT_S))
        self.clock.advance(1.0)
        self.announce(1)
        self.first.decided()
        self.assertTrue(self.passing().wait(WAIT_S))

    def chatter(self, seconds, passed):
        """Losses that call for nothing, and never none of them waits."""
        self.announce(2)
        end = self.clock.monotonic() + seconds
        while not passed.is_set() and self.clock.monotonic() < end:
            self.announce(1)
            self.first.decided(counts=False)
            self.clock.advance(IDLE_S / 10)
            passed.wait(0.01)

    def test_losses_that_call_for_nothing_hold_up_nobody(self):
        """A sender that repeats itself had each correction wait for 10 s."""
        self.announce(1)
        self.first.decided()
        self.announce(1)
        passed = self.passing()
        self.chatter(2 * IDLE_S, passed)
        self.assertTrue(passed.wait(WAIT_S))

    def test_one_among_them_that_counts_is_waited_for(self):
        self.announce(2)
        passed = self.passing()
        for _ in range(20):
            self.clock.advance(IDLE_S / 2)
            self.announce(1)
            self.first.decided(counts=True)
            self.assertFalse(passed.is_set())
        self.chatter(2 * IDLE_S, passed)
        self.assertTrue(passed.wait(WAIT_S))

    def test_and_after_them_there_is_no_moment_longer(self):
        self.announce(3)
        for _ in range(3):
            self.first.decided(counts=False)
        self.assertTrue(self.passing().wait(WAIT_S))

    def test_nobody_waits_for_longer_than_that(self):
        self.announce(100)
        passed = self.passing()
        while not passed.wait(0.01) and self.clock.monotonic() < 60.0:
            self.clock.advance(STUCK_S / 2)
            self.first.announce()
            self.first.decided()
        self.assertTrue(passed.wait(WAIT_S))
        self.assertThat(self.clock.monotonic(), testtools.matchers.LessThan(
            LONGEST_S + 2 * STUCK_S))

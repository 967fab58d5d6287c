import threading

import testtools

from doctor_core.faults.gate import LONGEST_S, QUIET_S, STUCK_S, Gate
from doctor_core.fixtures import FakeClock

WAIT_S = 20


class GateTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = FakeClock()
        self.gate = Gate(self.clock.monotonic)

    def passing(self):
        """Set when somebody who comes now has passed."""
        passed = threading.Event()

        def come():
            self.gate.pass_through()
            passed.set()

        threading.Thread(target=come, daemon=True).start()
        return passed

    def announce(self, count):
        for _ in range(count):
            self.gate.announce()

    def test_open_when_nothing_was_announced(self):
        self.gate.pass_through()

    def test_a_single_loss_makes_nobody_wait_after_it(self):
        self.announce(1)
        self.gate.done()
        self.gate.pass_through()

    def test_closed_while_a_loss_is_not_decided(self):
        self.announce(1)
        passed = self.passing()
        self.assertFalse(passed.wait(0.05))
        self.gate.done()
        self.assertTrue(passed.wait(WAIT_S))

    def test_and_a_moment_longer_after_several(self):
        self.announce(3)
        for _ in range(3):
            self.gate.done()
        passed = self.passing()
        self.assertFalse(passed.is_set())
        self.clock.advance(QUIET_S)
        self.assertTrue(passed.wait(WAIT_S))

    def test_what_is_announced_and_never_done_holds_up_nobody_for_long(self):
        self.announce(5)
        self.clock.advance(STUCK_S)
        self.gate.pass_through()
        self.clock.advance(1.0)
        self.announce(1)
        self.gate.done()
        self.gate.pass_through()

    def test_nobody_waits_for_longer_than_that(self):
        self.announce(100)
        passed = self.passing()
        while not passed.wait(0.01) and self.clock.monotonic() < 60.0:
            self.clock.advance(STUCK_S / 2)
            self.gate.announce()
            self.gate.done()
        self.assertTrue(passed.wait(WAIT_S))
        self.assertThat(self.clock.monotonic(), testtools.matchers.LessThan(
            LONGEST_S + 2 * STUCK_S))

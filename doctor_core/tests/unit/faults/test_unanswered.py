"""Corrections that nobody answers."""

import threading

import fixtures
import testtools

from doctor_core.faults.unanswered import Unanswered
from doctor_core.tests.unit.faults import doubles


class UnansweredTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.clock = doubles.FakeClock()
        self.unanswered = Unanswered(self.clock.monotonic)

    def look_after(self, seconds):
        self.clock.advance(seconds)
        self.unanswered.look()
        return self.log.output.count('nobody has answered for 5 s. '
                                     'Corrections that wait')

    def test_said_soon_and_once(self):
        """For half a minute there was no line."""
        with self.unanswered.asking('f', 'h0', 3):
            self.assertEqual([0, 1, 1], [
                self.look_after(seconds) for seconds in (4.0, 1.0, 60.0)])
        self.assertIn('Fault f of host h0', self.log.output)
        self.assertIn('wait for Nova or Neutron: 3', self.log.output)

    def test_a_host_of_which_something_is_answered_is_no_line(self):
        with self.unanswered.asking('f', 'h0', 1000) as answered:
            for _ in range(10):
                answered()
                self.assertEqual(0, self.look_after(4.0))

    def test_what_is_over_is_no_line(self):
        with self.unanswered.asking('f', 'h0', 1):
            pass
        self.assertEqual(0, self.look_after(60.0))

    def test_a_nova_that_hangs(self):
        desk = doubles.Desk()
        desk.inspector.gate = threading.Event()
        asked = threading.Event()
        real = desk.inspector.correct

        def correct(corrections, done):
            asked.set()
            return real(corrections, done)
        desk.inspector.correct = correct
        thread = threading.Thread(target=desk.down)
        thread.start()
        self.addCleanup(thread.join, 10)
        self.addCleanup(desk.inspector.gate.set)
        self.assertTrue(asked.wait(10))
        desk.clock.advance(5.0)
        desk.engine.owed._unanswered.look()
        self.assertIn('nobody has answered for 5 s', self.log.output)

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.exceptions import BackendError
from doctor_core.runner import Done
from doctor_core.runner.clock_offset import ClockOffset, measure
from doctor_core.tests.unit.installers.faults.doubles import (
    FakeClock,
    Machine,
)


class Uneven(Machine):
    """Its answers take so long on the way there and back, in turn."""

    def __init__(self, clock, ways, ahead_s):
        super().__init__(clock, ahead_s=ahead_s)
        self._ways = iter(ways)

    def execute(self, argv, *, input=None, timeout_s=30.0):
        if argv[0] != 'date':
            return Done(0)
        there_s, back_s = next(self._ways)
        self._clock.passed_s += there_s
        try:
            return super().execute(argv)
        finally:
            self._clock.passed_s += back_s


class ClockOffsetTest(testtools.TestCase):

    def test_equal_ways_leave_no_error(self):
        clock = FakeClock()
        found = measure(Machine(clock, ahead_s=-3.5, took_s=0.25),
                        clock=clock)
        self.assertAlmostEqual(-3.5, found.ahead_s, places=5)
        self.assertAlmostEqual(0.125, found.uncertainty_s, places=5)

    def test_stamp_of_there_becomes_one_of_here(self):
        self.assertEqual(98.0, ClockOffset(2.0, 0.1).here(100.0))

    @given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)),
                    min_size=3, max_size=3), st.floats(-1000, 1000))
    def test_never_wronger_than_said(self, ways, ahead_s):
        clock = FakeClock()
        found = measure(Uneven(clock, ways, ahead_s), rounds=3, clock=clock)
        self.assertLessEqual(abs(found.ahead_s - ahead_s),
                             found.uncertainty_s + 1e-5)
        self.assertAlmostEqual(min(map(sum, ways)) / 2, found.uncertainty_s,
                               places=5)

    def test_a_machine_that_has_no_time(self):
        clock = FakeClock()
        machine = Machine(clock)
        machine._answer = lambda _line: Done(1, b'', b'date: no clock\n')
        error = self.assertRaises(BackendError, measure, machine,
                                  clock=clock)
        self.assertIn('date: no clock', str(error))

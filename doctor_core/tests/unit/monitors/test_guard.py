import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.monitors.guard import Guard

TIMES = st.lists(st.floats(0, 100), max_size=20)


class TestGuard(testtools.TestCase):

    @hypothesis.given(TIMES, st.floats(0, 100), st.floats(0, 100),
                      st.integers(1, 1000))
    def test_witnessed_by_who_answered_meanwhile(self, answers, since, until,
                                                 witnesses):
        """An answer that was overtaken by a later one did not count."""
        guard = Guard()
        for at in answers:
            guard.seen(at)
        self.assertEqual(any(since < at <= until for at in answers),
                         guard.witnessed(since, until, witnesses))

    def test_old_evidence_is_forgotten(self):
        guard = Guard()
        for at in range(10_000):
            guard.seen(float(at))
        self.assertFalse(guard.witnessed(0.0, 10.0, 1))
        self.assertTrue(guard.witnessed(9_000.0, 9_001.0, 1))

    @hypothesis.given(TIMES)
    def test_only_newer_evidence_is_news(self, answers):
        guard = Guard()
        for i, at in enumerate(answers):
            self.assertEqual(all(at > old for old in answers[:i]),
                             guard.seen(at))

    def test_a_single_host_has_no_witness(self):
        self.assertTrue(Guard().witnessed(5.0, 6.0, witnesses=0))

    def test_isolated_when_nobody_answers_who_should(self):
        guard = Guard()
        self.assertTrue(guard.isolated(withheld=3, standing=3))
        self.assertFalse(guard.isolated(withheld=2, standing=3))

    def test_one_host_is_never_an_isolated_monitor(self):
        self.assertFalse(Guard().isolated(withheld=1, standing=1))
        self.assertFalse(Guard().isolated(withheld=0, standing=0))

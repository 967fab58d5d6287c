import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.faults.mass_failure import Fall, Limits, judge, over_at

LIMITS = Limits(share=0.3, hosts=3, window_s=60.0)


def falls(*times, **facts):
    return [Fall(f'h{index}', at, **facts) for index, at in enumerate(times)]


def judged(known, at=0.0, of=6, limits=LIMITS, **facts):
    return judge(limits, known, Fall('new', at), of=of, **facts)


class LimitsTest(testtools.TestCase):
    def test_above_the_share(self):
        self.assertEqual(
            [False, False, True],
            [LIMITS.exceeded(down, of=10) for down in (2, 3, 4)])

    def test_few_hosts_are_never_many(self):
        self.assertEqual(
            [False, False, False, True],
            [LIMITS.exceeded(*counts)
             for counts in ((1, 1), (2, 2), (2, 3), (3, 3))])

    def test_share_of_zero_is_never(self):
        self.assertFalse(Limits(0.0, 2, 60.0).exceeded(10, of=10))

    def test_share_of_one_is_never(self):
        self.assertFalse(Limits(1.0, 2, 60.0).exceeded(10, of=10))


class JudgeTest(testtools.TestCase):
    def test_first_hosts_are_none(self):
        self.assertIsNone(judged([]))
        self.assertIsNone(judged(falls(0.0)))

    def test_one_too_many_begins_it(self):
        mass = judged(falls(0.0, 0.0))
        self.assertEqual((3, 6, ('h0', 'h1'), True),
                         (mass.down, mass.of, mass.marked, mass.begins))

    def test_outside_the_window(self):
        self.assertIsNone(judged(falls(0.0, 0.0), at=60.0))
        self.assertIsNotNone(judged(falls(0.1, 0.1), at=60.0))

    def test_host_that_falls_again_is_one(self):
        known = [Fall('new', 0.0), Fall('h1', 0.0), Fall('h1', 0.0)]
        self.assertIsNone(judged(known))

    def test_host_that_came_back_counts(self):
        mass = judged(falls(0.0, 0.0, is_down=False))
        self.assertEqual((3, ()), (mass.down, mass.marked))

    def test_goes_on_while_hosts_are_held(self):
        known = falls(0.0, 0.0) + [Fall('held', 0.0, is_held=True)]
        mass = judged(known, at=600.0)
        self.assertEqual((4, ('h0', 'h1'), False),
                         (mass.down, mass.marked, mass.begins))

    def test_ends_when_enough_hosts_are_back(self):
        known = falls(0.0, 0.0, is_down=False) \
            + [Fall('held', 0.0, is_held=True)]
        self.assertIsNone(judged(known, at=600.0))

    def test_ends_when_somebody_has_decided(self):
        known = falls(0.0, 0.0, 0.0)
        self.assertIsNotNone(judged(known, at=20.0))
        self.assertIsNone(judged(known, at=20.0, decided_at=10.0))

    def test_counts_anew_after_that(self):
        known = falls(0.0, 0.0, 0.0, 11.0, 12.0)
        self.assertEqual(3, judged(known, at=20.0, decided_at=10.0).down)


class OverTest(testtools.TestCase):
    def test_when_none_has_gone_down_for_a_while(self):
        known = falls(0.0, 5.0) + [Fall('held', 7.0, is_held=True)]
        limits = Limits(0.3, 3, 60.0, cool_down_s=30.0)
        self.assertEqual(37.0, over_at(limits, known))

    def test_operator_only(self):
        self.assertIsNone(over_at(LIMITS, falls(0.0, is_held=True)))

    def test_nothing_is_held(self):
        self.assertIsNone(over_at(Limits(0.3, 3, 60.0, 30.0), falls(0.0)))


SOME_FALLS = st.lists(st.builds(
    Fall, st.sampled_from([f'h{index}' for index in range(8)]),
    st.floats(0, 200), st.booleans()), max_size=12)
SOME_LIMITS = st.builds(Limits, st.floats(0, 1), st.integers(2, 6),
                        st.integers(0, 100))


class PropertyTest(testtools.TestCase):
    @given(SOME_LIMITS, SOME_FALLS, st.floats(0, 200), st.integers(1, 20))
    def test_never_fewer_than_the_least(self, limits, known, at, of):
        mass = judged(known, at, of, limits)
        if mass is not None:
            self.assertGreaterEqual(mass.down, limits.hosts)
            self.assertGreater(mass.down, limits.share * of)

    @given(SOME_LIMITS, SOME_FALLS, st.floats(0, 200), st.integers(1, 20))
    def test_one_more_failure_never_ends_it(self, limits, known, at, of):
        if judged(known, at, of, limits) is not None:
            self.assertIsNotNone(
                judged([*known, Fall('more', at)], at, of, limits))

    @given(SOME_LIMITS, st.integers(1, 20), st.lists(
        st.integers(0, 100), min_size=1, max_size=20))
    def test_no_more_than_the_limit_are_marked_down(self, limits, of, times):
        """However hosts fail within a window, the share is never passed."""
        known = []
        for index, at in enumerate(sorted(times)):
            mass = judge(limits, known, Fall(f'h{index}', at), of=of)
            known.append(Fall(f'h{index}', at, is_held=mass is not None))
        for first in known:
            marked = [fall for fall in known if not fall.is_held
                      and first.at <= fall.at
                      < first.at + limits.window_s]
            self.assertFalse(limits.exceeded(len(marked), of))

import itertools

import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.monitors.silences import HOSTS, WITHIN_S, Silences

#: Eighths are exact: what is a second apart is.
TIMES = st.lists(st.integers(0, 40).map(lambda n: n / 8), min_size=1,
                 max_size=9)


def silences(times, **options):
    found = Silences(**options)
    for host, at in enumerate(times):
        found.began(host, at)
    return found


class Counted(float):
    """A time that is counted whenever it is compared with another one."""

    compared = 0

    def __sub__(self, other):
        Counted.compared += 1
        return Counted(float(self) - float(other))


class TestSilences(testtools.TestCase):

    @hypothesis.given(TIMES)
    def test_the_largest_group_within_a_second_of_each_other(self, times):
        def most(host):
            others = [at for index, at in enumerate(times) if index != host]
            return max(
                size + 1 for size in range(len(times))
                for group in itertools.combinations(others, size)
                if max((*group, times[host])) - min((*group, times[host]))
                <= WITHIN_S)
        found = silences(times)
        for host in range(len(times)):
            self.assertEqual(most(host), found.together(host))

    @hypothesis.given(TIMES, st.integers(0, 40).map(lambda n: n / 8))
    def test_another_silence_never_makes_a_path_less_likely(self, times, at):
        found = silences(times)
        before = [found.is_path(host) for host in range(len(times))]
        found.began('another', at)
        after = [found.is_path(host) for host in range(len(times))]
        self.assertTrue(all(new or not old for old, new
                            in zip(before, after, strict=True)))

    def test_two_that_die_together_are_no_path(self):
        found = silences([5.0] * (HOSTS - 1))
        self.assertFalse(found.is_path(0))

    def test_who_answers_soon_counts_no_more(self):
        found = silences([5.0] * HOSTS, lasting_s=0.3)
        self.assertTrue(found.is_path(0))
        found.ended(1, 5.25)
        self.assertFalse(found.is_path(0))
        self.assertIsNone(found.since(1))

    def test_who_answers_after_a_while_counts_for_those_that_do_not(self):
        """The last ports of a switch that came up again felled hosts."""
        found = silences([5.0, 5.25, 5.5, 7.0], lasting_s=0.3)
        for host in (0, 1):
            found.ended(host, 30.0)
        self.assertEqual([0, 0, 3, 1], [
            found.together(host) for host in range(4)])
        self.assertIsNone(found.since(0))
        # Of another silence, much later, they are no part.
        found.ended(2, 31.0)
        found.began(2, 40.0)
        found.began(0, 40.25)
        self.assertEqual([2, 0, 2, 1], [
            found.together(host) for host in range(4)])

    def test_who_falls_silent_again_is_one_host(self):
        found = silences([5.0, 5.25])
        found.ended(0, 5.5)
        found.began(0, 5.75)
        self.assertEqual(2, found.together(1))

    def test_who_is_not_watched_any_more_is_forgotten(self):
        found = silences([5.0] * HOSTS)
        found.ended(0, 9.0)
        for host in (0, 1):
            found.left(host)
        self.assertEqual(1, found.together(2))

    def test_a_silence_begins_once(self):
        """The monitor was cut off meanwhile, and suspects all afresh."""
        found = silences([5.0])
        found.began(0, 30.0)
        self.assertEqual(5.0, found.since(0))

    def test_a_host_that_is_not_silent(self):
        found = silences([5.0] * HOSTS)
        self.assertEqual((0, False), (found.together('h'),
                                      found.is_path('h')))

    def test_many_that_are_lost_are_not_all_counted_for_each(self):
        """Of 5,000, the last was told 21 s after the first."""
        found = silences(Counted(host / 1000) for host in range(1000))
        Counted.compared = 0
        for host in range(1000):
            # As its verdict has it: the silence is the same.
            found.began(host, Counted(host / 1000))
            self.assertEqual((1000, True), (found.together(host),
                                            found.is_path(host)))
        self.assertThat(Counted.compared,
                        testtools.matchers.LessThan(10 * 1000))

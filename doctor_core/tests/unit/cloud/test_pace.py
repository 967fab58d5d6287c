import statistics

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.cloud import pace
from doctor_core.tests.unit.cloud.simulated_service import (
    WORK_S,
    FixedPace,
    SimulatedService,
)


def full_host(workers, a_pace, **more):
    """A host of a thousand servers, all corrected."""
    service = SimulatedService(workers, a_pace, **more)
    for number in range(1000):
        service.wait(number)
    return service.run()


class TestWhatIsFound(testtools.TestCase):
    """A simulated service; the figures are those of the documentation."""

    def found(self, workers, spread):
        """How many at a time, in the middle of some runs' last halves."""
        return statistics.median(
            statistics.median(full_host(workers, pace.Pace(100), seed=seed,
                                        spread=spread).limits[500:])
            for seed in range(5))

    def test_near_what_the_service_works_on(self):
        for spread in (0.1, 0.3):
            for workers in (3, 5, 10, 20, 40, 60, 80):
                found = self.found(workers, spread)
                self.assertGreaterEqual(found, 0.8 * workers)
                self.assertLessEqual(found, 1.8 * workers + 2)

    def test_the_last_answer_is_no_later_than_with_the_best_number(self):
        for spread in (0.1, 0.3):
            for workers in (2, 3, 5, 10, 20, 40, 60, 80):
                ratios = [self.last(pace.Pace(100), workers, spread, seed)
                          / min(self.last(FixedPace(limit), workers, spread,
                                          seed)
                                for limit in (workers, 2 * workers, 100))
                          for seed in range(5)]
                self.assertLessEqual(statistics.median(ratios), 1.15,
                                     (workers, spread, ratios))

    def last(self, a_pace, workers, spread, seed):
        return full_host(workers, a_pace, spread=spread,
                         seed=seed).answered[-1][0]

    def test_a_few_servers_wait_for_nothing(self):
        service = SimulatedService(100, pace.Pace(100))
        for number in range(20):
            service.wait(number)
        self.assertEqual(WORK_S, round(service.run().answered[-1][0], 6))

    def test_more_at_a_time_than_allowed_never(self):
        for ceiling in (1, 2, 7, 30):
            service = full_host(200, pace.Pace(ceiling), spread=0.3)
            self.assertLessEqual(max(service.limits), ceiling)

    def test_another_hosts_force_down_before_the_servers_that_wait(self):
        """With 100 at a time it waited for all of them within Nova."""
        for workers in (3, 10, 40):
            after_s = self.force_down_after(workers, pace.Pace(100))
            self.assertLess(after_s, 4 * WORK_S)
            if workers < 40:
                self.assertLess(after_s, self.force_down_after(
                    workers, FixedPace(100)) / 2)

    def force_down_after(self, workers, a_pace):
        """Seconds to its answer, amid a thousand servers' corrections."""
        service = SimulatedService(workers, a_pace, spread=0.3)
        for number in range(1000):
            service.wait(number)
        service.run(answers=500)
        began = service.answered[-1][0]
        service.wait('mark', rank=0, host='other')
        service.run()
        return next(at for at, item in service.answered
                    if item == 'mark') - began

    def test_a_service_that_becomes_slower_is_sent_less(self):
        service = SimulatedService(40, pace.Pace(100), spread=0.2)
        for number in range(3000):
            service.wait(number)
        service.run(answers=1000)
        before = statistics.median(service.limits[-300:])
        # Three workers of four are gone.
        service._free = sorted(service._free)[:10]
        service.run()
        self.assertLess(statistics.median(service.limits[-500:]), before / 2)

    def test_a_service_that_recovers_is_sent_more(self):
        service = SimulatedService(5, pace.Pace(100), spread=0.2)
        for number in range(4000):
            service.wait(number)
        service.run(answers=1000)
        service._free += [service.answered[-1][0]] * 45
        service.run()
        self.assertGreater(statistics.median(service.limits[-500:]), 20)


class TestPace(testtools.TestCase):

    def refuse(self, a_pace, count, now=0.0):
        samples = [a_pace.sent(a_pace.limit, now) for _ in range(count)]
        for sample in samples:
            if sample is not None:
                a_pace.refused(sample)

    def test_at_first(self):
        self.assertEqual([20, 7, 1], [pace.Pace(ceiling).limit
                                      for ceiling in (100, 7, 1)])

    def test_refusals_halve_it_once_a_look(self):
        """A hundred refusals at once are one piece of news."""
        a_pace = pace.Pace(100)
        self.refuse(a_pace, 20)
        self.assertEqual(10, a_pace.limit)
        self.refuse(a_pace, 20)
        self.assertEqual(5, a_pace.limit)

    def test_some_are_sent_however_many_are_refused(self):
        a_pace = pace.Pace(100)
        for _ in range(50):
            self.refuse(a_pace, 20)
        self.assertEqual(pace.LEAST, a_pace.limit)

    def test_after_a_minute_it_begins_anew(self):
        a_pace = pace.Pace(100)
        self.refuse(a_pace, 20, now=5.0)
        a_pace.sent(1, 5.0 + pace.FORGOTTEN_AFTER_S)
        self.assertEqual(10, a_pace.limit)
        a_pace.sent(1, 5.1 + 2 * pace.FORGOTTEN_AFTER_S)
        self.assertEqual(20, a_pace.limit)

    def test_few_under_way_tell_nothing(self):
        self.assertIsNone(pace.Pace(100).sent(10, 0.0))
        self.assertIsNotNone(pace.Pace(100).sent(11, 0.0))

    def test_another_takes_the_place_of_what_tells_nothing(self):
        """A look that waited for a server that was gone never ended."""
        a_pace = pace.Pace(100)
        for _ in range(500):
            sample = a_pace.sent(20, 0.0)
            if sample is not None:
                a_pace.dropped(sample)
        self.assertIsNotNone(a_pace.sent(20, 0.0))

    @given(st.integers(1, 100), st.lists(st.tuples(
        st.sampled_from(['answered', 'refused', 'dropped', 'lost']),
        st.integers(1, 100), st.floats(0, 1e6)), max_size=200))
    def test_it_stays_within_its_bounds(self, ceiling, events):
        a_pace, now = pace.Pace(ceiling), 0.0
        for what, under_way, took_s in events:
            sample = a_pace.sent(under_way, now)
            if sample is not None and what == 'answered':
                now += took_s
                a_pace.answered(sample, now)
            elif sample is not None and what != 'lost':
                getattr(a_pace, what)(sample)
            self.assertTrue(1 <= a_pace.limit <= ceiling)

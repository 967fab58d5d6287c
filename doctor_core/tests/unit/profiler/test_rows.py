import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.model import Stage
from doctor_core.profiler.rows import axes, axis, rows, way
from doctor_core.tests.unit.profiler import stamps


def begins(times):
    return {str(row.stage): row.begin_ms if row.begin_ms is None
            else round(row.begin_ms, 3) for row in rows(times)}


class RowsTest(testtools.TestCase):

    def test_every_stage_once(self):
        found = sorted(row.stage for row in rows(stamps.times({})))
        self.assertEqual(sorted(Stage), found)

    def test_conservative_telling_waits_for_nova(self):
        found = begins(stamps.times(stamps.CONSERVATIVE))
        self.assertEqual(260, found['T06'])
        self.assertEqual(263, found['T09'])

    def test_shortcut_telling_does_not(self):
        """Owners told before the correction got bars of negative length."""
        found = begins(stamps.times(stamps.SHORTCUT | {'T05': 260}))
        self.assertEqual(201, found['T06'])
        self.assertEqual(201, found['T03'])
        self.assertEqual(204, found['T09'])

    def test_what_nobody_stamped_has_no_bar(self):
        times = stamps.times({'T00': 0, 'T01': 200}, 2)
        row = next(row for row in rows(times)
                   if row.stage is Stage.OWNER_TOLD)
        self.assertIsNone(row.first_ms)
        self.assertIsNone(row.begin_ms)
        self.assertEqual(0, row.count)

    def test_first_and_last_server(self):
        times = stamps.times(stamps.SHORTCUT, 3, apart_ms=5)
        row = next(row for row in rows(times)
                   if row.stage is Stage.OWNER_TOLD)
        self.assertAlmostEqual(210, row.first_ms, places=3)
        self.assertAlmostEqual(220, row.last_ms, places=3)
        self.assertEqual(3, row.count)

    @given(st.dictionaries(st.sampled_from([str(stage) for stage in Stage]),
                           st.integers(-1000, 10**6)))
    def test_no_bar_runs_backwards(self, stages):
        for row in rows(stamps.times(stages, 2, apart_ms=3)):
            if row.begin_ms is not None:
                self.assertLessEqual(row.begin_ms, row.first_ms)
            if row.first_ms is not None:
                self.assertLessEqual(row.first_ms, row.last_ms)


class AxisTest(testtools.TestCase):

    @given(st.floats(-1e6, 1e6), st.floats(0, 1e7),
           st.integers(3, 12))
    def test_round_ticks_that_reach_the_end(self, offset, reach, most):
        scale = axis(Stage.DETECTED, offset, offset + reach, most)
        self.assertEqual(0, scale.ticks[0])
        self.assertLessEqual(len(scale.ticks), most + 2)
        self.assertGreaterEqual(scale.end_ms * (1 + 1e-9), reach)
        self.assertTrue(0 <= scale.share(offset + reach) <= 1)

    def test_ticks(self):
        scale = axis(Stage.LINK_DOWN, 0, 251)
        self.assertEqual((0, 50, 100, 150, 200, 250, 300), scale.ticks)
        self.assertEqual(0.5, scale.share(150))

    def test_outside_is_clipped(self):
        scale = axis(Stage.DETECTED, 100, 200)
        self.assertEqual(0, scale.share(50))
        self.assertEqual(1, scale.share(500))

    def test_telling_counts_from_detection(self):
        times = stamps.times(stamps.SHORTCUT)
        scales = axes(times, rows(times))
        self.assertEqual(Stage.LINK_DOWN, scales['detect'].since)
        self.assertEqual(Stage.DETECTED, scales['tell'].since)
        self.assertIs(scales['tell'], scales['correct'])

    def test_telling_counts_from_the_cut_when_detection_is_unknown(self):
        times = stamps.times({'T00': 0, 'T09': 50})
        self.assertEqual(Stage.LINK_DOWN,
                         axes(times, rows(times))['tell'].since)


class WayTest(testtools.TestCase):

    def way(self, stages):
        return [(str(step.stage), round(step.span.ms, 3)) for step in
                way(stamps.times(stages), 'server-0')]

    def test_conservative_waits_for_nova(self):
        self.assertEqual(
            [('T01', 200), ('T02', 1), ('T03', 49), ('T05', 10), ('T06', 1),
             ('T07', 1), ('T08', 1), ('T09', 17)],
            self.way(stamps.CONSERVATIVE))

    def test_a_step_may_take_no_time(self):
        self.assertEqual([('T01', 0), ('T09', 5)],
                         self.way({'T00': 0, 'T01': 0, 'T09': 5}))

    def test_unknown(self):
        self.assertEqual([], self.way({'T00': 0, 'T01': 200}))

    @given(st.dictionaries(st.sampled_from([str(stage) for stage in Stage]),
                           st.integers(0, 1000)))
    def test_no_step_is_negative_and_they_add_up(self, stages):
        times = stamps.times(stages)
        steps = way(times, 'server-0')
        self.assertEqual([], [step for step in steps if step.span.ms < 0])
        if steps:
            whole = times.span(steps[0].begin, Stage.OWNER_TOLD, 'server-0')
            self.assertAlmostEqual(whole.ms, sum(
                step.span.ms for step in steps), places=3)

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.model import Stage
from doctor_core.profiler.times import MODULES, Clocks, Span
from doctor_core.tests.unit.profiler import stamps

ONE = 'server-0'


class SpanTest(testtools.TestCase):

    def test_a_zero_is_a_zero(self):
        self.assertEqual('0.0', str(Span(0.0)))

    def test_unknown(self):
        self.assertEqual('?', str(Span(None)))

    def test_two_clocks_are_said(self):
        self.assertEqual('~12.3', str(Span(12.34, clocks_differ=True)))


class ClocksTest(testtools.TestCase):

    def test_one_clock_needs_no_note(self):
        self.assertEqual('', Clocks().note)
        self.assertFalse(Clocks().differ(Stage.LINK_DOWN, Stage.DETECTED))

    def test_note_names_stage_clock_and_uncertainty(self):
        note = Clocks({Stage.LINK_DOWN: 'compute-1'},
                      {Stage.LINK_DOWN: 3}).note
        self.assertIn('T00 is by the clock of compute-1', note)
        self.assertIn('±3.0 ms', note)

    def test_unknown_uncertainty_is_said(self):
        note = Clocks({Stage.LINK_DOWN: 'compute-1'}).note
        self.assertIn('whose offset is unknown', note)

    def test_our_own_clock_may_be_in_doubt(self):
        note = Clocks({}, {Stage.LINK_DOWN: 250}).note
        self.assertIn('T00 is known to ±250 ms', note)

    def test_doubt_is_never_said_too_small(self):
        for ms, said in ((0.111, '±0.12 ms'), (2.01, '±2.1 ms'),
                         (10.1, '±11 ms'), (0.001, '±0.01 ms')):
            clocks = Clocks({}, {Stage.LINK_DOWN: ms})
            self.assertEqual(said, clocks.doubt(Stage.LINK_DOWN))
            self.assertEqual('', clocks.doubt(Stage.DETECTED))

    def test_difference_of_two_clocks_is_marked(self):
        times = stamps.times(stamps.SHORTCUT, clocks=Clocks(
            {Stage.LINK_DOWN: 'compute-1'}))
        self.assertTrue(times.told(Stage.LINK_DOWN).clocks_differ)
        self.assertFalse(times.told(Stage.DETECTED).clocks_differ)
        self.assertTrue(times.modules(ONE)['M00'].clocks_differ)
        self.assertFalse(times.modules(ONE)['M01'].clocks_differ)


class ModulesTest(testtools.TestCase):

    def _modules(self, stages):
        return {module: span.ms if span.ms is None else round(span.ms, 3)
                for module, span in
                stamps.times(stages).modules(ONE).items()}

    def test_conservative_knows_all(self):
        self.assertEqual({'M00': 200, 'M01': 30, 'M02': 30, 'M03': 1,
                          'M04': 19}, self._modules(stamps.CONSERVATIVE))

    def test_shortcut_does_not_know_what_nova_did(self):
        self.assertEqual({'M00': 200, 'M01': 30, 'M02': None, 'M03': None,
                          'M04': 8}, self._modules(stamps.SHORTCUT))

    def test_a_module_that_took_no_time_took_zero(self):
        """Zero was printed as unknown."""
        modules = self._modules({'T00': 0, 'T01': 0})
        self.assertEqual(0, modules['M00'])

    def test_total(self):
        total = stamps.times(stamps.SHORTCUT).total(ONE)
        self.assertAlmostEqual(210, total.ms, places=3)

    @given(st.lists(st.integers(0, 10**6), min_size=6, max_size=6))
    def test_modules_add_up_to_the_total(self, values):
        names = ('T00', 'T01', 'T04', 'T05', 'T06', 'T09')
        times = stamps.times(dict(zip(names, values, strict=True)))
        spans = times.modules(ONE)
        self.assertEqual(set(MODULES), set(spans))
        self.assertAlmostEqual(times.total(ONE).ms, sum(
            span.ms for span in spans.values()), places=2)


class ToldTest(testtools.TestCase):

    def test_median_and_last_from_detection(self):
        times = stamps.times(stamps.SHORTCUT, 3, apart_ms=10)
        told = times.told()
        self.assertAlmostEqual(20, told.median_ms, places=3)
        self.assertAlmostEqual(30, told.max_ms, places=3)
        self.assertEqual([], times.untold)
        self.assertEqual(['server-0', 'server-1', 'server-2'],
                         times.told_in_order)

    def test_whole_way(self):
        told = stamps.times(stamps.SHORTCUT).told(Stage.LINK_DOWN)
        self.assertAlmostEqual(210, told.max_ms, places=3)

    def test_nobody_told(self):
        times = stamps.times({'T00': 0, 'T01': 200}, 2)
        self.assertIsNone(times.told().median_ms)
        self.assertIsNone(times.told().max_ms)
        self.assertEqual(['server-0', 'server-1'], times.untold)

    def test_told_but_never_detected_is_unknown(self):
        times = stamps.times({'T00': 0, 'T09': 50})
        self.assertIsNone(times.told().max_ms)
        self.assertEqual([], times.untold)


class ExtremesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.times = stamps.times(stamps.SHORTCUT, 3, apart_ms=10)

    def test_first_and_last_server(self):
        self.assertAlmostEqual(
            250, self.times.first(Stage.SERVER_ERROR).ms, places=3)
        self.assertAlmostEqual(
            270, self.times.last(Stage.SERVER_ERROR).ms, places=3)
        self.assertAlmostEqual(
            70, self.times.last(Stage.SERVER_ERROR, Stage.DETECTED).ms,
            places=3)

    def test_complete_only_when_every_server_got_there(self):
        self.assertAlmostEqual(
            230, self.times.complete(Stage.OWNER_TOLD).ms, places=3)
        self.assertIsNone(self.times.complete(Stage.NOVA_NOTIFIED).ms)

    def test_reference_is_detection_when_the_cut_is_unknown(self):
        times = stamps.times({'T01': 200, 'T09': 210})
        self.assertEqual(Stage.DETECTED, times.reference)
        self.assertAlmostEqual(10, times.since_reference(
            Stage.OWNER_TOLD, ONE).ms, places=3)

    def test_a_hosts_stamp_stands_for_servers_without_their_own(self):
        timeline = stamps.Timeline()
        timeline.add(stamps.stamp('T01', 0))
        timeline.add(stamps.stamp('T03', 30))
        timeline.add(stamps.stamp('T03', 40, 'a'))
        times = timeline.fault('fault-1', servers=['a', 'b'])
        self.assertAlmostEqual(
            40, times.since_reference(Stage.SERVER_ERROR, 'a').ms, places=3)
        self.assertAlmostEqual(
            30, times.since_reference(Stage.SERVER_ERROR, 'b').ms, places=3)

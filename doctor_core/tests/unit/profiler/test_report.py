import json
import re
import xml.etree.ElementTree as ElementTree

import testtools

from doctor_core.model import Outcome, Stage, Verdict
from doctor_core.profiler import report
from doctor_core.profiler.times import Clocks
from doctor_core.tests.unit.profiler import stamps


class JsonTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.times = stamps.times(stamps.SHORTCUT, 3, apart_ms=10)
        self.document = report.as_json(self.times, stamps.facts(3))

    def test_survives_json(self):
        self.assertEqual(self.document,
                         json.loads(json.dumps(self.document)))

    def test_verdict_and_version(self):
        self.assertEqual('PASSED', self.document['verdict'])
        self.assertEqual(1, self.document['version'])

    def test_every_server_with_epoch_times(self):
        first = self.document['servers'][0]
        self.assertEqual(3, len(self.document['servers']))
        self.assertEqual('server-0', first['id'])
        self.assertEqual(stamps.START + 0.2, first['detected_at'])
        self.assertEqual(stamps.START + 0.21, first['notified_at'])
        self.assertEqual(10, first['told_ms'])

    def test_ten_stages_after_t00_null_when_unknown(self):
        self.assertEqual([str(stage) for stage in Stage],
                         list(self.document['stages']))
        self.assertEqual(0, self.document['stages']['T00'])
        self.assertIsNone(self.document['stages']['T05'])
        self.assertEqual(230, self.document['stages']['T09'])
        self.assertEqual(
            210, self.document['servers'][0]['stages']['T09'])

    def test_after_t01_when_t00_is_unknown(self):
        document = report.as_json(stamps.times({'T01': 200, 'T09': 210}),
                                  stamps.facts())
        self.assertEqual('T01', document['reference'])
        self.assertIsNone(document['stages']['T00'])
        self.assertEqual(10, document['stages']['T09'])

    def test_summary(self):
        told = self.document['told']
        self.assertEqual({'median': 20, 'max': 30, 'clocks_differ': False},
                         told['after_detection_ms'])
        self.assertEqual((3, 3), (told['count'], told['of']))

    def test_who_was_not_told(self):
        document = report.as_json(stamps.times({'T00': 0, 'T01': 1}),
                                  stamps.facts())
        server = document['servers'][0]
        self.assertIsNone(server['notified_at'])
        self.assertEqual('not told', server['problem'])

    def test_facts_of_any_type(self):
        outcome = Outcome(Verdict.FAILED, facts={'stage': {1: Stage.DETECTED},
                                                 'what': object})
        document = report.as_json(self.times, stamps.facts(outcome=outcome))
        self.assertEqual({'stage': {'1': 'T01'}, 'what': "<class 'object'>"},
                         document['facts'])


class HtmlTest(testtools.TestCase):

    def page(self, times, facts):
        page = report.as_html(times, facts)
        svgs = [ElementTree.fromstring(svg)
                for svg in re.findall(r'<svg.*?</svg>', page, re.S)]
        return page, svgs

    def rows(self, page):
        body = page.partition('<tbody>')[2].partition('</tbody>')[0]
        return body.count('<tr')

    def test_needs_nothing_from_elsewhere(self):
        page, _svgs = self.page(stamps.times(stamps.SHORTCUT),
                                stamps.facts())
        self.assertNotIn('http:', page)
        self.assertNotIn('https:', page)
        self.assertNotIn('<script', page)

    def test_every_server_has_a_lane_and_a_row(self):
        for count in (1, 60, 300):
            times = stamps.times(stamps.SHORTCUT, count, apart_ms=1)
            page, svgs = self.page(times, stamps.facts(count))
            self.assertEqual(count, self.rows(page))
            self.assertEqual(count, len(svgs[-1].findall('g')))

    def test_names_are_escaped(self):
        facts = stamps.facts(host='<script>alert(1)</script>',
                             setup={'"><b>': '<i>'})
        page, _svgs = self.page(stamps.times(stamps.SHORTCUT), facts)
        self.assertNotIn('<script', page)
        self.assertNotIn('<b>"', page)
        self.assertNotIn('<i>', page)

    def test_verdict_and_reasons(self):
        outcome = Outcome(Verdict.FAILED, ('One owner was not told.',))
        page, _svgs = self.page(stamps.times({'T00': 0, 'T01': 1}),
                                stamps.facts(outcome=outcome))
        self.assertIn('<span class="pill">FAILED</span>', page)
        self.assertIn('One owner was not told.', page)
        self.assertIn('not told', page)
        self.assertIn('nobody could tell', page)

    def test_limit_line_when_it_lies_on_the_scale(self):
        times = stamps.times(stamps.SHORTCUT, 3, apart_ms=100)
        near, _ = self.page(times, stamps.facts(3, limit_ms=50))
        far, _ = self.page(times, stamps.facts(3))
        self.assertIn('class="limit"', near)
        self.assertNotIn('class="limit"', far)
        self.assertIn('beyond the right edge', far)

    def test_bars_stay_within_the_picture(self):
        times = stamps.times({'T01': 500, 'T00': 900, 'T09': 0, 'T03': 9999},
                             2, apart_ms=7)
        _page, svgs = self.page(times, stamps.facts(2))
        width = float(svgs[0].get('viewBox').split()[2])
        for bar in svgs[0].findall('rect'):
            self.assertGreaterEqual(float(bar.get('x')), 0)
            self.assertGreaterEqual(float(bar.get('width')), 0)
            self.assertLessEqual(
                float(bar.get('x')) + float(bar.get('width')), width)

    def test_no_servers(self):
        times = stamps.Timeline().fault('none', 'compute-1')
        page, _svgs = self.page(times, stamps.facts(0, Verdict.SKIPPED))
        self.assertIn('SKIPPED', page)
        self.assertIn('0/0', page)

    def test_when_it_was_made_and_whose_clocks(self):
        times = stamps.times(stamps.SHORTCUT, clocks=Clocks(
            {Stage.LINK_DOWN: 'compute-1'}, {Stage.LINK_DOWN: 3.5}))
        page, _svgs = self.page(times, stamps.facts(created_at=stamps.START))
        self.assertIn('±3.5 ms</tspan>', page)
        self.assertEqual({'T00': 3.5}, report.as_json(
            times, stamps.facts())['uncertainty_ms'])
        self.assertIn('2026-11-22', page)
        self.assertIn('clock of compute-1', page)

    def test_told_twice_is_remarked(self):
        timeline = stamps.Timeline()
        for ms in (9, 10, 11):
            timeline.add(stamps.stamp('T09', ms, 'server-0'))
        timeline.add(stamps.stamp('T01', 0))
        page, _svgs = self.page(timeline.fault('fault-1'), stamps.facts())
        self.assertIn('told 3 times', page)

"""The bench measures, and its measures are those of the detector."""

import json
import os

import fixtures
import testtools

from doctor_core.tests.functional import requirements
from doctor_core.tests.unit import bench as _path  # noqa: F401

# isort: split
from bench import detection
from bench.detectors import Case


class TestBench(testtools.TestCase):

    def setUp(self):
        super().setUp()
        requirements.need_root(self)
        requirements.need_command(self, 'ip', 'apt-get install iproute2')

    def test_cuts_are_seen_and_counted(self):
        row = detection.measure(Case('few', 'doctor', 5, (50, 40), 2))
        self.assertEqual(0, row.missed)
        self.assertGreater(row.median_ms, 0)
        self.assertLessEqual(row.median_ms, row.max_ms)
        self.assertGreater(row.memory_mb, 1)

    def test_threads_are_measured_too(self):
        row = detection.measure(Case('few', 'threads', 2, (50, 40), 2))
        self.assertEqual(0, row.missed)

    def test_stops_are_no_downs(self):
        row = detection.calm(Case('stops', 'doctor', 5, (50, 40)),
                             detection.stopped)
        self.assertEqual(0, row.false_downs)
        self.assertIsNone(row.median_ms)

    def test_rows_are_written_as_json(self):
        out = self.useFixture(fixtures.StringStream('out')).stream
        self.useFixture(fixtures.MonkeyPatch('sys.stdout', out))
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 'j')
        self.assertEqual(0, detection.main(
            ['--json', path], [Case('few', 'doctor', 2, (50, 40), 1)], []))
        with open(path, encoding='utf-8') as file:
            rows = json.load(file)
        self.assertEqual([('few', 'doctor', 2)],
                         [(row['case'], row['peer'], row['n'])
                          for row in rows])

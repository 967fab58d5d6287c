"""The bench for a bed, on the embedded cloud: that it measures, not what."""

import json
import subprocess
import sys
from pathlib import Path

import fixtures
import testtools
from testtools.content import text_content

import doctor_core
from doctor_core.tests.functional import daemons
from doctor_core.tests.functional.rabbit import SharedRabbitMQ

_CONF = """
[cloud]
name = doctor-embedded
clouds_file = {clouds}
notifications_transport_url = {url}
[bus]
transport_url = {url}
[consumer_sample]
port = 0
[installer]
type = embedded
"""
_CHECKOUT = Path(doctor_core.__file__).parent.parent
_PATIENCE_S = 180


class BenchBedTest(SharedRabbitMQ, testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = Path(self.useFixture(fixtures.TempDir()).path)
        clouds = self.folder / 'clouds.yaml'
        self.useFixture(daemons.Process(
            'doctor', 'embedded-cloud', '--transport-url', self.rabbit.url,
            '--write-clouds-yaml', clouds, ready='is ready at'))
        self.conf = self.folder / 'doctor.conf'
        self.conf.write_text(_CONF.format(clouds=clouds,
                                          url=self.rabbit.url))

    def bench(self, *words):
        done = subprocess.run(
            [sys.executable, '-m', 'bench', 'bed', '--config-file',
             str(self.conf), '--runs', '1', *words], cwd=_CHECKOUT,
            capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        self.addDetail('bench', text_content(done.stdout + done.stderr))
        self.assertIn(done.returncode, (0, 1))
        return done

    def test_doctor_and_the_standin_meet_two_failures_each(self):
        rows = self.folder / 'rows.json'
        table = self.folder / 'table.rst'
        done = self.bench('--servers', '2', '--alarms', 'local', '--json',
                          str(rows), '--rst', str(table))
        found = json.loads(rows.read_text())
        self.assertEqual(
            [('stand-in', 1), ('stand-in', 2), ('Doctor', 1), ('Doctor', 2)],
            [(row['case']['inspector'], row['nth']) for row in found])
        for row in found:
            for time in ('told_ms', 'error_ms', 'host_ms'):
                self.assertTrue(0 < row[time] < 60_000, row)
        self.assertIn('stand-in', done.stdout)
        self.assertIn('.. csv-table::', table.read_text())

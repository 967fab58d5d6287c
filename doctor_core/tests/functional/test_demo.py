import json
from pathlib import Path

import fixtures
import testtools

from doctor_core.model import Stage
from doctor_core.tests.functional.daemons import run

#: Wide, since a test machine may be busy: how fast it is, a bench says.
LIMIT_MS = 20000


class DemoTest(testtools.TestCase):
    def demo(self, *arguments, status=0):
        folder = Path(self.useFixture(fixtures.TempDir()).path)
        json_path, html_path = folder / 'out.json', folder / 'out.html'
        done = run('doctor', 'demo', '--limit-ms', LIMIT_MS,
                   '--json', json_path, '--report', html_path, *arguments,
                   status=status)
        return (done.stdout, json.loads(json_path.read_text()),
                html_path.read_text())

    def test_passes_and_every_owner_is_in_the_report(self):
        out, document, page = self.demo('--servers', 10)
        self.assertIn('PASSED', out)
        self.assertEqual('PASSED', document['verdict'])
        told = [server['stages'][Stage.OWNER_TOLD]
                for server in document['servers']]
        self.assertEqual(10, len(told))
        self.assertNotIn(None, told)
        for server in document['servers']:
            self.assertIn(server['name'], page)

    def test_known_stages_are_filled(self):
        _out, document, _page = self.demo()
        stages = document['servers'][0]['stages']
        self.assertEqual([], [
            stage for stage in ('T03', 'T05', 'T06', 'T07', 'T08', 'T09')
            if stages[stage] is None])
        self.assertEqual([], [
            stage for stage in ('T00', 'T01', 'T02', 'T04')
            if document['stages'][stage] is None])

    def test_conservative_tells_after_nova(self):
        _out, document, _page = self.demo('--notification', 'conservative',
                                          '--servers', 3)
        for server in document['servers']:
            self.assertLess(server['stages']['T03'],
                            server['stages']['T09'])

    def test_alarms_in_aodh(self):
        for notification in ('shortcut', 'conservative'):
            _out, document, _page = self.demo(
                '--alarms', 'aodh', '--notification', notification,
                '--servers', 3)
            self.assertEqual('PASSED', document['verdict'])

    def test_limit_that_cannot_be_met_fails(self):
        done = run('doctor', 'demo', '--limit-ms', '1', status=1)
        self.assertIn('FAILED', done.stdout)
        self.assertIn('later than', done.stdout)

    def test_nothing_is_left(self):
        out, _document, _page = self.demo('--hosts', 2)
        self.assertNotIn('Traceback', out)
        self.assertIn('taken down', out)

    def test_a_full_host(self):
        """A thousand servers found no addresses, after minutes, and every
        name stood three times in the answer.
        """
        done = run('doctor', 'demo', '--servers', 1000, '--limit-ms',
                   6 * LIMIT_MS, status=0, patience_s=600)
        self.assertIn('1000 of 1000 owners told', done.stdout)
        self.assertRegex(done.stderr, r'of 1000 servers')
        self.assertEqual([], [line for line in
                              (done.stdout + done.stderr).splitlines()
                              if line.count('doctor_vm') > 10])

    def test_a_subnet_that_is_too_small(self):
        done = run('doctor', 'demo', '--servers', 5000, status=2)
        self.assertIn('4094 servers, not for 5000', done.stderr)
        self.assertEqual(1, done.stderr.count('\n'))

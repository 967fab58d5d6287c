import json
from pathlib import Path

import fixtures
import testtools

from doctor_core import clock
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.tests.functional.daemons import PATIENCE_S, Process, run


class HostsCommandTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.cloud = EmbeddedCloud(hosts=2)
        self.cloud.start()
        self.addCleanup(self.cloud.stop)
        self.folder = Path(self.useFixture(fixtures.TempDir()).path)

    def monitor(self, hosts):
        conf = self.folder / 'doctor.conf'
        conf.write_text(
            f'[DEFAULT]\nstate_path = {self.folder}\n'
            f'[monitor]\ntype = fake\nhosts = {", ".join(hosts)}\n'
            'status_port = 0\n'
            f'[monitor_fake]\nport = {self.cloud.probe_port}\n'
            '[bus]\ntransport_url = kombu+memory://\n')
        process = self.useFixture(Process(
            'doctor-monitor', '--config-file', conf,
            ready=r'status of the hosts is at (http://\S+)/hosts'))
        self.url = process.match.group(1)
        return process

    def rows(self):
        out = run('doctor', 'hosts', '--monitor-url', self.url, '-f', 'json',
                  status=0).stdout
        return {row['Host']: row for row in json.loads(out)}

    def wait_for_states(self, expected):
        clock.wait_for(
            lambda: {name: row['State'] for name, row
                     in self.rows().items()} == expected,
            clock.Deadline(PATIENCE_S), what=f'the hosts to be {expected}')

    def test_every_host_is_shown_whatever_it_is(self):
        self.monitor(['one=127.77.0.1', 'two=127.77.0.2',
                      'nowhere.invalid'])
        self.wait_for_states({'one': 'healthy', 'two': 'healthy',
                              'nowhere.invalid': 'unwatched'})
        rows = self.rows()
        self.assertIn('nowhere.invalid', rows['nowhere.invalid']['Problem'])
        self.assertEqual('never',
                         rows['nowhere.invalid']['Last answer (UTC)'])
        self.assertEqual('127.77.0.1', rows['one']['Addresses'])
        self.cloud.fail('embedded-compute-2')
        self.wait_for_states({'one': 'healthy', 'two': 'down',
                              'nowhere.invalid': 'unwatched'})

    def test_nobody_there(self):
        done = run('doctor', 'hosts', '--monitor-url', 'http://127.0.0.1:1',
                   status=1)
        self.assertEqual(1, len(done.stderr.strip().splitlines()))

    def test_port_that_is_taken_stops_no_watching(self):
        first = self.monitor(['one=127.77.0.1'])
        port = self.url.rpartition(':')[2]
        other = self.folder / 'other'
        other.mkdir()
        conf = other / 'doctor.conf'
        conf.write_text((self.folder / 'doctor.conf').read_text().replace(
            'status_port = 0', f'status_port = {port}').replace(
            f'state_path = {self.folder}\n', f'state_path = {other}\n'))
        second = self.useFixture(Process(
            'doctor-monitor', '--config-file', conf,
            ready='doctor-monitor is ready'))
        self.assertIn('cannot be asked for', second.output)
        self.assertEqual([0, 0], [first.end(), second.end()])

"""``doctor run fault_management`` on a genuine OpenStack, as an operator
runs it."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import testtools
from testtools.content import text_content

from doctor_core.tests.e2e import times
from doctor_core.tests.e2e.bed import BedCase

#: What can be known in every run.
_ALWAYS = {'T00', 'T01', 'T02', 'T03', 'T04', 'T05', 'T09'}


def _known(alarms, notification):
    """The stages that have a time: nobody is told when Ceilometer has an
    event ready, nor when Aodh evaluates and fires an alarm.
    """
    if alarms == 'local':
        return _ALWAYS | {'T06', 'T07', 'T08'}
    return _ALWAYS | ({'T06'} if notification == 'shortcut' else set())


class BedFaultTest(BedCase, testtools.TestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        times.forget(cls.folder)

    def doctor(self, alarms, notification, servers, limit_ms):
        """The report of a run; its times are kept, also of one that fails.
        """
        with tempfile.TemporaryDirectory() as folder:
            chosen, report = Path(folder, 'alarms.conf'), Path(folder, 'json')
            chosen.write_text(f'[alarm]\ntype = {alarms}\n')
            done = subprocess.run(
                [str(Path(sys.executable).with_name('doctor')), 'run',
                 'fault_management', '--servers', str(servers),
                 '--notification', notification, '--limit-ms', str(limit_ms),
                 '--config-file', str(self.folder / 'doctor.conf'),
                 '--config-file', str(chosen), '--json', str(report)],
                capture_output=True, text=True, timeout=300, check=False)
            self.addDetail('timeline', text_content(
                done.stdout + done.stderr))
            self.assertIn(done.returncode, (0, 1))
            return json.loads(report.read_text())

    def check_run(self, alarms, notification, servers, limit_ms):
        report = self.doctor(alarms, notification, servers, limit_ms)
        times.keep(self.folder, f'{alarms}, {notification}, {servers}',
                   report)
        self.assertEqual([], report['reasons'])
        self.assertEqual('PASSED', report['verdict'])
        self.assertEqual((servers, servers), (report['told']['count'],
                                              report['told']['of']))
        self.assertEqual(set(), {
            stage for stage in _known(alarms, notification)
            if report['stages'].get(stage) is None})

    def test_own_alarms_at_once(self):
        self.check_run('local', 'shortcut', 1, 1000)

    def test_own_alarms_when_nova_knows(self):
        self.check_run('local', 'conservative', 1, 1000)

    def test_aodh_at_once(self):
        self.check_run('aodh', 'shortcut', 1, 1000)

    def test_aodh_when_nova_knows(self):
        self.check_run('aodh', 'conservative', 1, 1000)

    def test_a_full_host_by_own_alarms_at_once(self):
        self.check_run('local', 'shortcut', 20, 1000)

    def test_a_full_host_by_aodh_at_once(self):
        self.check_run('aodh', 'shortcut', 20, 1000)

    # On two busy cores Nova takes 50 to 80 ms to reset a server, one after
    # the other, and Aodh takes one event at a time.

    def test_a_full_host_by_own_alarms_when_nova_knows(self):
        self.check_run('local', 'conservative', 20, 8000)

    def test_a_full_host_by_aodh_when_nova_knows(self):
        self.check_run('aodh', 'conservative', 20, 8000)

"""A genuine OpenStack that knows nothing of Doctor is prepared for it, and
put back."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import testtools
from testtools.content import text_content

from doctor_core.model import Need
from doctor_core.tests.e2e.bed import BedCase

#: Above those of the bed that the other tests run on.
_OFFSET = 500
_NEEDS = [word for need in (
    Need.NOTIFICATIONS, Need.EVENT_ALARMS, Need.HOST_STATUS,
    Need.DATA_PLANE_STATUS) for word in ('--need', str(need))]
#: Seconds for the restarts of all services of a bed, on a busy machine.
_PATIENCE_S = 900


class BedInstallTest(BedCase, testtools.TestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        beside = cls.folder
        offset = json.loads((beside / 'bed.json').read_text())['offset']
        cls.folder = beside.with_name(f'{beside.name}-plain')
        cls.addClassCleanup(cls.call_bed, 'wipe')
        # One that was left behind is not plain any more.
        cls.call_bed('wipe')
        cls.call_bed('--port-offset', str(offset + _OFFSET), 'up', '--plain',
                     timeout_s=_PATIENCE_S)

    def doctor(self, *words):
        """What a command of Doctor wrote, which has to end well."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name('doctor')), *words[:2],
             '--config-file', str(self.folder / 'doctor.conf'), *words[2:]],
            capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        self.addDetail(' '.join(words), text_content(
            done.stdout + done.stderr))
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def tree(self):
        """All files of the configuration, and whose they are."""
        return {str(file): (file.read_bytes(), file.stat().st_mode,
                            file.stat().st_uid, file.stat().st_gid)
                for file in sorted((self.folder / 'etc').rglob('*'))
                if file.is_file()}

    def run_fault(self):
        with tempfile.TemporaryDirectory() as folder:
            chosen = Path(folder, 'alarm.conf')
            chosen.write_text('[alarm]\ntype = aodh\n')
            # How fast it is, the other tests say: this bed has just had all
            # its services restarted, beside another one.
            return self.doctor('run', 'fault_management', '--servers', '1',
                               '--notification', 'conservative',
                               '--limit-ms', '10000',
                               '--config-file', str(chosen))

    def test_a_plain_cloud_is_prepared_and_put_back(self):
        before = self.tree()
        plan = self.doctor('install', 'plan', *_NEEDS)
        for what in ('vm_and_task_state', 'alarm.all', 'host_status',
                     'data_plane_status', 'event_alarm_cache_ttl'):
            self.assertIn(what, plan)
        self.assertEqual(before, self.tree())
        self.addCleanup(self.doctor, 'install', 'undo')
        self.doctor('install', 'apply', *_NEEDS)
        self.assertIn('Nothing is to be changed', self.doctor(
            'install', 'plan', *_NEEDS))
        self.assertIn('PASSED', self.run_fault())
        self.doctor('install', 'undo')
        self.assertEqual(before, self.tree())
        # It came back as it was, and still runs.
        self.bed('status')

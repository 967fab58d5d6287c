"""``doctor run fault_management`` on a genuine OpenStack, as an operator
runs it.
"""

import configparser
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from testtools.content import text_content

from doctor_core.tests.e2e import times
from doctor_core.tests.e2e.bed import BedCase

#: The whole way of an event, in every run.
_STAGES = {f'T{number:02}' for number in range(11)}
#: By when all have to be told for the tests to pass. A second is what Doctor
#: promises, on a machine that has nothing else to do; on one that has, every
#: service of this cloud takes many times as long, and a test that fails then
#: says nothing of Doctor. So this is only below what any mistake would cost:
#: Aodh's cache takes 60 s, a request that is given up 30 s. Who kept to the
#: second is in the table of times; "tox -e bench -- bed" fails by times.
_LIMIT_MS = 25000


class FaultRuns(BedCase):
    """Mixed into a test class.

    :cvar kind: the inspector.
    """

    kind = 'sample'

    def options(self):
        """The options of a run by section, besides the bed's own."""
        # A busy machine takes its time to make servers; that is not measured.
        return {'scenario_fault_management': {'wait_s': '300'},
                'inspector': {'type': self.kind}}

    def check_run(self, alarms, notification, servers):
        """Have a run pass, in which every stage was seen."""
        report = self._run(alarms, notification, servers)
        times.keep(self.folder, alarms if self.kind == 'sample'
                   else f'{alarms}, {self.kind}', notification, servers,
                   report)
        self.assertEqual([], report['reasons'])
        self.assertEqual('PASSED', report['verdict'])
        self.assertEqual((servers, servers), (report['told']['count'],
                                              report['told']['of']))
        self.assertEqual(_STAGES, {stage for stage, ms
                                   in report['stages'].items()
                                   if ms is not None})

    def _run(self, alarms, notification, servers):
        """The report of a run."""
        options = configparser.ConfigParser(interpolation=None)
        options.read_dict({'alarm': {'type': alarms}, **self.options()})
        with tempfile.TemporaryDirectory() as folder:
            chosen, report = Path(folder, 'run.conf'), Path(folder, 'json')
            with chosen.open('w') as file:
                options.write(file)
            done = subprocess.run(
                [str(Path(sys.executable).with_name('doctor')), 'run',
                 'fault_management', '--servers', str(servers),
                 '--notification', notification,
                 '--limit-ms', str(_LIMIT_MS),
                 '--config-file', str(self.folder / 'doctor.conf'),
                 '--config-file', str(chosen), '--json', str(report)],
                capture_output=True, text=True, timeout=900, check=False)
            self.addDetail('timeline', text_content(
                done.stdout + done.stderr))
            self.assertIn(done.returncode, (0, 1))
            return json.loads(report.read_text())

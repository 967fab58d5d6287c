"""The hosts of the demo: network namespaces, and what there is without."""

import json
import os
import signal
import subprocess

import fixtures
import testtools

from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.daemons import BIN, PATIENCE_S, Process, run
from doctor_core.tests.functional.test_demo import LIMIT_MS

DOCTOR = BIN / 'doctor'
DEMO = (DOCTOR, 'demo', '--limit-ms', LIMIT_MS)
REAL = 'To be pinged: 3 network namespaces at 10.77.0.1'
#: What the profile's silence is, in ms.
SILENCE_MS = 600
UNSHARE = '/usr/bin/unshare'
#: An ordinary user, who has to make a user namespace of his own.
POWERLESS = (UNSHARE, '--map-user=1000', '--map-group=1000')
#: Where no network namespace can be made.
REFUSED = (UNSHARE, '--map-root-user', 'sh', '-c',
           'echo 0 > /proc/sys/user/max_net_namespaces; exec "$@"', 'sh')


class CablesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        done = subprocess.run(
            [UNSHARE, '--map-root-user', '--net', 'true'], check=False,
            capture_output=True, text=True, timeout=PATIENCE_S)
        requirements.require(
            self, not done.returncode, 'user namespaces',
            f'a kernel that grants them ({done.stderr.strip()})')
        self.folder = self.useFixture(fixtures.TempDir())

    def demo(self, *before):
        """What it wrote, and its document."""
        path = self.folder.join('out.json')
        done = run(*before, *DEMO, '--json', path, '--servers', 3, status=0,
                   environment={'TMPDIR': self.folder.path})
        with open(path, encoding='utf-8') as file:
            document = json.load(file)
        # Not even the folder with the passwords.
        self.assertEqual(['out.json'], os.listdir(self.folder.path))
        return done.stdout, document

    def check_pinged(self, out, document):
        self.assertIn(REAL, out)
        self.assertEqual('sample (profile datacentre)',
                         document['setup']['monitor'])
        self.assertGreaterEqual(document['stages']['T01'], SILENCE_MS)

    def test_a_cable_is_pulled_and_pings_tell(self):
        self.check_pinged(*self.demo())

    def test_nobody_has_to_be_root(self):
        self.check_pinged(*self.demo(*POWERLESS))
        # It is the same user in there.
        self.assertEqual(
            os.geteuid(), os.stat(self.folder.join('out.json')).st_uid)

    def test_without_namespaces_it_says_why_and_goes_on(self):
        out, document = self.demo(*REFUSED)
        self.assertEqual('PASSED', document['verdict'])
        self.assertEqual('fake (profile datacentre)',
                         document['setup']['monitor'])
        self.assertIn('(a new network namespace: there are as many as '
                      '/proc/sys/user allows), so the hosts are UDP ports',
                      out.splitlines()[0])

    def test_two_at_a_time_do_not_meet(self):
        demos = [self.useFixture(Process(*DEMO)) for _ in range(2)]
        for demo in demos:
            demo.wait_for('Fault management: PASSED')
            self.assertEqual(0, demo.process.wait(PATIENCE_S))
            self.assertIn(REAL, demo.lines[0])

    def test_what_is_left_of_one_that_is_interrupted(self):
        """Nothing, in the middle of the cut; however it ends."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            demo = self.useFixture(Process(
                *DEMO, environment={'TMPDIR': self.folder.path}))
            demo.wait_for('fails now')
            space = os.readlink(f'/proc/{demo.process.pid}/ns/net')
            self.assertNotEqual(os.readlink('/proc/self/ns/net'), space)
            self.assertNotEqual(0, demo.end(number))
            self.assertNotIn(space, spaces())
            self.assertNotIn('Traceback', demo.output)
            if number != signal.SIGKILL:
                self.assertEqual([], os.listdir(self.folder.path))


def spaces():
    """The network namespaces that any process is in."""
    found = set()
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            found.add(os.readlink(f'/proc/{name}/ns/net'))
        except OSError:
            # It has ended meanwhile, or is somebody else's.
            continue
    return found

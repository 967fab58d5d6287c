"""A daemon that is to end while somebody keeps it waiting."""

import json
import signal
import urllib.request

import fixtures
import testtools

from doctor_core import clock
from doctor_core.tests.functional.cloud_standin import (
    HOST,
    SERVICE,
    StandIn,
)
from doctor_core.tests.functional.daemons import PATIENCE_S, Process

READY = r'doctor-inspector is ready: .* (http://127\.0\.0\.1:\d+)/events'
#: Longer than any test waits.
NEVER_S = 600
SERVICES = '/compute/v2.1/os-services'
CONF = f'''
[DEFAULT]
state_path = %(folder)s
[cloud]
name = standin
clouds_file = %(clouds)s
request_timeout_s = {NEVER_S}
[bus]
transport_url = kombu+memory://
[inspector]
port = 0
refresh_s = %(refresh_s)s
'''


class EndingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.standin = StandIn().start()
        self.addCleanup(self.standin.stop)
        self.standin.servers = [{
            'id': 's1', 'name': 'vm1', 'tenant_id': 'p',
            'OS-EXT-SRV-ATTR:host': HOST, 'OS-EXT-STS:vm_state': 'active'}]
        self.folder = self.useFixture(fixtures.TempDir())

    def start(self, refresh_s=NEVER_S):
        path = self.folder.join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(CONF % {
                'folder': self.folder.join('state'), 'refresh_s': refresh_s,
                'clouds': self.standin.clouds_yaml(self.folder.path)})
        return self.useFixture(Process(
            'doctor-inspector', '--config-file', path, ready=READY))

    def say_down(self, process):
        request = urllib.request.Request(
            process.match.group(1) + '/events', method='PUT',
            headers={'Content-Type': 'application/json'},
            data=json.dumps([{
                'time': '2017-05-08T13:50:39.710436', 'id': 'e1',
                'type': 'compute.host.down', 'details': {
                    'hostname': HOST, 'status': 'down',
                    'monitor': 'monitor_sample'}}]).encode())
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            self.assertEqual(202, answer.status)

    def assert_ends(self, process):
        self.assertTrue(self.standin.kept_waiting.wait(PATIENCE_S),
                        process.output)
        asked_at = clock.monotonic()
        status = process.end(signal.SIGTERM)
        # The request alone would be waited for ten minutes.
        self.assertLess(clock.monotonic() - asked_at, 30.0, process.output)
        self.assertEqual(0, status, process.output)
        self.assertNotIn('Traceback', process.output)

    def keep_waiting(self, *paths):
        self.standin.kept_waiting.clear()
        self.standin.silent = frozenset(paths)

    def test_while_a_look_because_of_a_fault_hangs(self):
        """It took as long as a request may; nothing is lost."""
        process = self.start()
        self.keep_waiting(SERVICES, '/compute/v2.1/servers/detail')
        self.say_down(process)
        self.assert_ends(process)
        self.assertNotIn('s1', self.standin.state)
        self.keep_waiting()
        self.start()
        clock.wait_for(lambda: 's1' in self.standin.state,
                       clock.Deadline(PATIENCE_S), what='the rest')

    def test_while_the_look_at_the_whole_cloud_hangs(self):
        process = self.start(refresh_s=1)
        self.keep_waiting(SERVICES)
        self.assert_ends(process)

    def test_while_a_correction_hangs(self):
        process = self.start()
        self.keep_waiting(f'{SERVICES}/{SERVICE}')
        self.say_down(process)
        self.assert_ends(process)
        self.keep_waiting()
        self.start()
        clock.wait_for(lambda: SERVICE in self.standin.state,
                       clock.Deadline(PATIENCE_S), what='the rest')

    def test_while_keystone_hangs(self):
        process = self.start()
        self.keep_waiting('/v3/auth/tokens')
        self.standin.expire_tokens()
        self.say_down(process)
        self.assert_ends(process)

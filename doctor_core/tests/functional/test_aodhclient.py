"""What the genuine aodhclient sends, and what it makes of the answers."""

import json
import os
import subprocess
import sys

import fixtures
import testtools

from doctor_core.alarms.local.manager import LocalAlarmManager
from doctor_core.fixtures import options
from doctor_core.web import server as web

AODH = os.path.join(os.path.dirname(sys.executable), 'aodh')
SERVER = '0d2c7e44-2222-4333-8444-555566667777'
RULE = f'traits.instance_id=string::{SERVER};traits.state=string::error'


class AodhClientTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        for name in [name for name in os.environ if name.startswith('OS_')]:
            self.useFixture(fixtures.EnvironmentVariable(name))
        manager = LocalAlarmManager(
            options(LocalAlarmManager), None, None)
        server = web.Server(manager.routes(self))
        self.url = server.start()
        self.addCleanup(server.stop)

    def who(self, request):
        """As the inspector without authentication has it."""
        return (request.headers.get('X-Project-Id', ''),
                request.headers.get('X-User-Id', ''),
                request.headers.get('X-Roles') == 'admin')

    def aodh(self, *words, status=0, roles='member'):
        """What a command prints, or complains of."""
        done = subprocess.run(
            [AODH, '--os-auth-type', 'aodh-noauth', '--user-id', 'ann',
             '--project-id', 'tenant', '--roles', roles,
             '--aodh-endpoint', self.url, *words],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(status, done.returncode, done.stderr)
        return done.stderr if status else done.stdout

    def json(self, *words, **options):
        return json.loads(self.aodh(*words, '-f', 'json', **options))

    def create(self, name='vm1', *words, **options):
        return self.aodh(
            'alarm', 'create', '--name', name, '--type', 'event',
            '--event-type', 'compute.instance.update', '--query', RULE,
            '--alarm-action', 'http://vnfm.example/', *words, **options)


class TestAodhClient(AodhClientTestCase):

    def test_an_alarm_by_its_name(self):
        """--name was answered with 404."""
        self.create('vm1')
        self.create('vm2', '--severity', 'critical')
        shown = self.json('alarm', 'show', '--name', 'vm1')
        self.assertEqual(('vm1', 'low'), (shown['name'], shown['severity']))
        self.assertIn(f'traits.instance_id = {SERVER}', shown['query'])
        self.aodh('alarm', 'update', '--name', 'vm1', '--severity',
                  'critical', '--repeat-actions', 'True')
        shown = self.json('alarm', 'show', 'vm1')
        self.assertEqual(('critical', True), (shown['severity'],
                                              shown['repeat_actions']))
        self.aodh('alarm', 'delete', '--name', 'vm1')
        self.assertEqual(['vm2'], [alarm['name'] for alarm
                                   in self.json('alarm', 'list')])

    def test_a_state(self):
        self.create()
        self.aodh('alarm', 'state', 'set', '--name', 'vm1', '--state',
                  'alarm')
        self.assertEqual({'state': 'alarm'}, self.json(
            'alarm', 'state', 'get', '--name', 'vm1'))

    def test_lists(self):
        """--query and --sort were answered with 404, or not heeded."""
        for name in ('vm1', 'vm2', 'vm3'):
            self.create(name)

        def names(*words):
            return [alarm['name']
                    for alarm in self.json('alarm', 'list', *words)]

        self.assertEqual(['vm2'], names('--query', 'name="vm2"'))
        self.assertEqual(['vm1', 'vm3'], names(
            '--query', 'name!="vm2" and state="insufficient data"'))
        self.assertEqual(['vm3', 'vm2'], names(
            '--sort', 'name:desc', '--limit', '2'))
        self.assertEqual(['vm3'], names('--filter', 'name=vm3'))

    def test_what_is_refused_and_why(self):
        self.create()
        for words, why in (
                (('alarm', 'create', '--name', 'x', '--type', 'threshold',
                  '-m', 'cpu', '--threshold', '1'), 'must be "event"'),
                (('alarm', 'update', '--name', 'vm1', '--ok-action',
                  'http://h/'), 'ok_actions'),
                (('alarm', 'update', '--name', 'vm1', '--query',
                  'traits.instance_uuid=x'), 'traits.instance_id'),
                (('alarm-history', 'search'), 'not kept here')):
            self.assertIn(why, self.aodh(*words, status=1))

    def test_what_it_can(self):
        self.assertIn('alarms:query:complex', self.aodh(
            'capabilities', 'list'))

"""``doctor run fault_management`` with a genuine Vitrage and a genuine
Congress that correct Nova."""

import configparser
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import testtools
import yaml
from testtools.content import text_content

from doctor_core.cloud import Cloud
from doctor_core.tests.e2e import times
from doctor_core.tests.e2e.bed import BedCase

#: As in test_bed_fault: a busy machine is not what is tested.
_LIMIT_MS = 25000
_STAGES = {f'T{number:02}' for number in range(10)}


class HandedOver(BedCase):
    """Mixed into a test class.

    :cvar kind: the inspector, which is the name of its service as well.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        extras = json.loads((cls.folder / 'bed.json').read_text())['extras']
        if cls.kind not in extras:
            raise cls.skipException(
                f'the bed has no {cls.kind}: bring it up --with {cls.kind}, '
                'which says why when it cannot be had')

    def setUp(self):
        super().setUp()
        self.cloud = Cloud.named(str(self.folder / 'clouds.yaml'), 'bed')
        self.addCleanup(self.cloud.close)
        self.service = self.cloud.service(self.service_type)

    def options(self):
        """The section of the inspector."""
        return {}

    def conf(self, folder, alarms):
        options = configparser.ConfigParser(interpolation=None)
        options.read_dict({
            'alarm': {'type': alarms},
            'scenario_fault_management': {'wait_s': '300'},
            'inspector': {'type': self.kind},
            f'inspector_{self.kind}': {
                'read_back_s': '60', 'prepare_s': '180', **self.options()}})
        path = Path(folder, 'inspector.conf')
        with path.open('w') as file:
            options.write(file)
        return path

    def check_run(self, alarms, notification, servers):
        """Have a run pass; the service is as it was before."""
        before = self.made()
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, 'json')
            done = subprocess.run(
                [str(Path(sys.executable).with_name('doctor')), 'run',
                 'fault_management', '--servers', str(servers),
                 '--notification', notification,
                 '--limit-ms', str(_LIMIT_MS),
                 '--config-file', str(self.folder / 'doctor.conf'),
                 '--config-file', str(self.conf(folder, alarms)),
                 '--json', str(report)],
                capture_output=True, text=True, timeout=900, check=False)
            self.addDetail('timeline', text_content(
                done.stdout + done.stderr))
            self.assertIn(done.returncode, (0, 1))
            facts = json.loads(report.read_text())
        times.keep(self.folder, f'{alarms}, {self.kind}', notification,
                   servers, facts)
        self.assertEqual([], facts['reasons'])
        self.assertEqual((servers, servers), (facts['told']['count'],
                                              facts['told']['of']))
        self.assertEqual(_STAGES, {stage for stage, ms
                                   in facts['stages'].items()
                                   if ms is not None})
        self.assertEqual(before, self.made())

    def test_owner_is_told_at_once(self):
        self.check_run('local', 'shortcut', 1)

    def test_owner_is_told_when_nova_knows(self):
        self.check_run('aodh', 'conservative', 1)

    def test_a_full_host(self):
        self.check_run('local', 'shortcut', 20)


class BedVitrageTest(HandedOver, testtools.TestCase):

    kind = 'vitrage'
    service_type = 'rca'

    def made(self):
        """The templates, and whose alarms are active."""
        templates = self.service.send('GET', '/v1/template')
        alarms = self.service.send(
            'GET', '/v1/alarm?vitrage_id=all&all_tenants=1')
        return (sorted(one['name'] for one in templates),
                sorted(one['hostname'] for one in alarms
                       if one['vitrage_type'] == 'doctor'))

    def test_host_that_vitrage_was_made_deaf_for(self):
        """An event whose time has an offset is dropped, and what follows of
        that host as well until it is reported up.
        """
        hosts = {host.name for host in self.cloud.hosts()}
        for host in hosts:
            self.service.send('POST', '/v1/event', {
                'type': 'compute.host.down',
                'time': '2026-01-01T00:00:00.0+00:00',
                'details': {'hostname': host, 'status': 'down'}})
        self.assertEqual(set(), hosts & set(self.made()[1]))
        self.check_run('local', 'shortcut', 1)


class BedCongressTest(HandedOver, testtools.TestCase):

    kind = 'congress'
    service_type = 'policy'

    def options(self):
        clouds = yaml.safe_load((self.folder / 'clouds.yaml').read_text())
        auth = clouds['clouds']['bed']['auth']
        return {'nova_auth_url': auth['auth_url'],
                'nova_username': auth['username'],
                'nova_password': auth['password'],
                'nova_project_name': auth['project_name']}

    def made(self):
        """The data sources and the rules."""
        return [sorted(one['name'] for one in self.service.send(
            'GET', path)['results']) for path in (
                '/v1/data-sources', '/v1/policies/classification/rules')]

"""Runs with a genuine service that corrects Nova for Doctor."""

import json

import yaml

from doctor_core.cloud import Cloud
from doctor_core.tests.e2e.fault_runs import FaultRuns


class HandedOver(FaultRuns):
    """Mixed into a test class; the service is as it was after each run.

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
        return {**super().options(), f'inspector_{self.kind}': {
            'read_back_s': '60', 'prepare_s': '180'}}

    def check_run(self, alarms, notification, servers):
        before = self.made()
        super().check_run(alarms, notification, servers)
        self.assertEqual(before, self.made())


class ByVitrage(HandedOver):

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


class ByCongress(HandedOver):

    kind = 'congress'
    service_type = 'policy'

    def options(self):
        options = super().options()
        clouds = yaml.safe_load((self.folder / 'clouds.yaml').read_text())
        auth = clouds['clouds']['bed']['auth']
        options['inspector_congress'].update(
            nova_auth_url=auth['auth_url'], nova_username=auth['username'],
            nova_password=auth['password'],
            nova_project_name=auth['project_name'])
        return options

    def made(self):
        """The data sources and the rules."""
        return [sorted(one['name'] for one in self.service.send(
            'GET', path)['results']) for path in (
                '/v1/data-sources', '/v1/policies/classification/rules')]

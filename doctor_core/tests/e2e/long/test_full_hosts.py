"""The other ways to be told of a host with many servers."""

import testtools

from doctor_core.tests.e2e import times
from doctor_core.tests.e2e.fault_runs import FaultRuns
from doctor_core.tests.e2e.handed_over import ByCongress, ByVitrage


class BedFaultTest(FaultRuns, testtools.TestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        times.forget(cls.folder)

    def test_aodh_when_nova_knows(self):
        self.check_run('aodh', 'conservative', 1)

    def test_a_full_host_by_own_alarms_when_nova_knows(self):
        self.check_run('local', 'conservative', 20)

    def test_a_full_host_by_aodh_at_once(self):
        self.check_run('aodh', 'shortcut', 20)


class BedVitrageTest(ByVitrage, testtools.TestCase):

    def test_a_full_host(self):
        self.check_run('local', 'shortcut', 20)

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


class BedCongressTest(ByCongress, testtools.TestCase):

    def test_a_full_host(self):
        self.check_run('local', 'shortcut', 20)

"""A host of a genuine OpenStack is lost, and its owners are told."""

import testtools

from doctor_core.tests.e2e import times
from doctor_core.tests.e2e.fault_runs import FaultRuns


class BedFaultTest(FaultRuns, testtools.TestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        times.forget(cls.folder)

    def test_own_alarms_at_once(self):
        self.check_run('local', 'shortcut', 1)

    def test_own_alarms_when_nova_knows(self):
        self.check_run('local', 'conservative', 1)

    def test_aodh_at_once(self):
        self.check_run('aodh', 'shortcut', 1)

    def test_a_full_host_by_own_alarms_at_once(self):
        self.check_run('local', 'shortcut', 20)

    def test_a_full_host_by_aodh_when_nova_knows(self):
        self.check_run('aodh', 'conservative', 20)

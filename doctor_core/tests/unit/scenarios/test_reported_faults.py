import threading

import testtools

from doctor_core.model import Fault, FaultStatus
from doctor_core.scenarios.reported_faults import ReportedFaults


def fault(hostname, status=FaultStatus.DOWN):
    return Fault(hostname=hostname, status=status, type='compute.host.down',
                 detected_at=1.0, received_at=1.0)


class ReportedFaultsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.faults = ReportedFaults()

    def test_the_first_of_its_host_and_status(self):
        wanted = fault('h1')
        for one in (fault('h2'), fault('h1', FaultStatus.UP), wanted,
                    fault('h1')):
            self.faults.put(one)
        self.assertIs(wanted, self.faults.wait('h1', FaultStatus.DOWN, 0.0))

    def test_none_in_time(self):
        self.faults.put(fault('h1'))
        self.assertIsNone(self.faults.wait('h1', FaultStatus.UP, 0.0))

    def test_who_waits_is_woken(self):
        late = threading.Timer(0, self.faults.put, [fault('h1')])
        self.addCleanup(late.join)
        late.start()
        self.assertEqual('h1', self.faults.wait(
            'h1', FaultStatus.DOWN, 20.0).hostname)

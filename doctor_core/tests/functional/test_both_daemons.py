"""From a host that falls silent to a told owner, and back."""

from doctor_core.tests.functional.both_daemons import BothDaemonsTestCase


class BothDaemonsTest(BothDaemonsTestCase):
    def test_lost_host_is_told_of_marked_and_cleared(self):
        inspector, monitor = self.start_both()
        self.subscribe()
        self.cloud.fail(self.host)
        monitor.wait_for(rf'doctor monitor detected at \d+\.\d+ host '
                         rf'{self.host} is down')
        self.wait_told()
        self.wait_for(self.is_marked, 'the cloud to be corrected')
        self.cloud.heal(self.host)
        self.wait_for(self.is_clean, 'everything to be reversed')
        inspector.wait_for(r'Fault .* is cleared$')
        self.assertEqual(4, len(self.consumer.received()))
        self.assertNotIn('Mass failure', inspector.output)
        self.assertEqual((0, 0), (monitor.end(), inspector.end()))

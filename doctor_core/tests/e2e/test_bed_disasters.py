"""Whatever fails beside the host: every owner is told, and Nova ends
correct.
"""

import signal

from doctor_core.tests.e2e.inspected import InspectedCase


class BedDisastersTest(InspectedCase):
    """On one host, with a handful of servers; the others are in ``long``."""

    def test_rabbitmq_is_restarted(self):
        self.inspector()
        self.subscribe()
        fault_id = self.post()
        self.bed('restart', 'rabbitmq')
        self.check_all_is_well(fault_id)

    def test_killed_between_the_decision_and_the_corrections(self):
        process = self.inspector(
            inspector={'notification': 'conservative'})
        self.subscribe()
        self.stop('nova-api')
        fault_id = self.post()
        process.wait_for('servers and .* ports are affected')
        process.end(signal.SIGKILL)
        self.start('nova-api')
        self.inspector()
        self.check_all_is_well(fault_id)

    def test_aodh_is_away(self):
        self.inspector(alarm={'type': 'aodh'})
        self.subscribe_in_aodh()
        parts = ('aodh-api', 'aodh-listener', 'aodh-notifier')
        self.stop(*parts)
        fault_id = self.post()
        self.wait_until_corrected()
        self.assertEqual(set(), self.told())
        self.start(*parts)
        self.check_all_is_well(fault_id)

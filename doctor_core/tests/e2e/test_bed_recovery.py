"""A host comes back, or its servers go elsewhere: what Doctor changed is
set right again, and nothing else.
"""

import json

from doctor_core.tests.contract_cloud_api import host_of
from doctor_core.tests.e2e.inspected import InspectedCase, patiently


class BedRecoveryTest(InspectedCase):

    SERVERS = 2

    def monitor(self):
        """Slower than a deployment's: all share a busy machine."""
        self.configure(
            monitor={'status_port': 0},
            monitor_fake={'interval_ms': 500, 'timeout_ms': 500,
                          'soak_s': 1})
        return self.daemon('doctor-monitor', 'doctor-monitor is ready')

    def seen_by_the_owner(self):
        """The state of servers, host and ports, as a plain member reads it.
        """
        shown = [self.show(server['id'], self.member)
                 for server in self.servers]
        return ({server['status'] for server in shown},
                {server['host_status'] for server in shown},
                {port['data_plane_status']
                 for port in self.ports(self.member)})

    def wait_until_seen(self, *seen):
        patiently(lambda: self.seen_by_the_owner() == tuple(
            {each} for each in seen), f'the owner to see {seen}')

    def told_of(self, state):
        return {notice.server_id for notice in self.consumer.received()
                if notice.trait('state') == state}

    def test_from_a_lost_host_to_its_return(self):
        self.monitor()
        self.inspector()
        self.subscribe('error', 'active')
        self.fail_host(self.host)
        self.wait_until_seen('ERROR', 'DOWN', 'DOWN')
        self.assertEqual(self.ids(), self.told_of('error'))
        self.heal_host(self.host)
        self.wait_until_seen('ACTIVE', 'UP', 'ACTIVE')
        patiently(lambda: self.told_of('active') == self.ids(),
                  'the owners to hear that their servers are back')
        fault, = self.check(200, self.ask('GET', '/faults'))['faults']
        self.wait_for_state(fault['id'], 'cleared')

    def test_an_event_of_a_host_that_does_not_exist(self):
        self.inspector()
        self.subscribe()
        before = self.picture()
        fault_id = self.post(host='no-such-host')
        self.wait_for_state(fault_id, 'ignored')
        shown = self.fault(fault_id)
        self.assertEqual('no-such-host', shown['Host'])
        self.assertIn('no-such-host means no compute host', shown['Note'])
        listed = [each for each in json.loads(self.doctor_faults('list'))
                  if each['ID'] == fault_id]
        self.assertEqual(['ignored'], [each['State'] for each in listed])
        self.assertEqual(before, self.picture())
        self.assertEqual(set(), self.told())
        self.up_hosts()


class BedEvacuationTest(InspectedCase):
    """Its servers are moved for good."""

    SERVERS = 2

    def evacuate(self):
        for server in self.servers:
            self.check(200, self.act(server, 'evacuate', {}))
        patiently(lambda: all(
            server['status'] == 'ACTIVE' and host_of(server) != self.host
            for server in self.look()), 'the servers to be evacuated')

    def test_the_servers_are_evacuated_and_the_host_comes_back(self):
        self.inspector()
        self.subscribe()
        self.fail_host(self.host)
        fault_id = self.post()
        self.wait_until_all_are_told()
        self.wait_for_state(fault_id, 'handled')
        self.wait_until_corrected()
        self.evacuate()
        # The ports work again although the host is still lost.
        self.wait_for_picture(True, {'ACTIVE'}, {'ACTIVE'})
        # The host answers again, but nova-compute is not back yet.
        self.post('up')
        fault = patiently(
            lambda: (shown := self.fault(fault_id))['State'] == 'clearing'
            and shown['Note'] and shown, 'a note of what is still owed')
        self.assertIn('waiting for nova-compute to report', fault['Note'])
        self.assertTrue(self.service(self.host)['forced_down'])
        self.heal_host(self.host)
        self.wait_for_state(fault_id, 'cleared')
        self.wait_until_reversed()

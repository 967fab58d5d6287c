"""What a plain member sees of a fault on a genuine OpenStack."""

import testtools

from doctor_core.tests.contract_cloud_api import (
    CloudApiContract,
    host_of,
)
from doctor_core.tests.e2e.bed import BedCase


class BedOwnerTest(BedCase, CloudApiContract, testtools.TestCase):

    def status_seen(self, server):
        return self.show(server['id'], self.member)['host_status']

    def test_the_owner_sees_the_state_of_the_host(self):
        server = self.boot()
        host = host_of(server)
        self.assertEqual('UP', self.status_seen(server))
        self.force_down(host)
        self.assertEqual('DOWN', self.status_seen(server))
        self.check(200, self.put_service(host, forced_down=False))
        self.assertEqual('UP', self.status_seen(server))

    def test_the_owner_sees_the_state_of_the_data_plane(self):
        server = self.boot()
        port = self.port_of(server)
        for status in ('DOWN', 'ACTIVE'):
            self.check(200, self.admin.network(
                'PUT', f'/ports/{port["id"]}',
                {'port': {'data_plane_status': status}}))
            self.assertEqual(status, self.port_of(
                server, self.member)['data_plane_status'])

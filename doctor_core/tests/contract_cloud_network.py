"""What Doctor relies on in Neutron; see contract_cloud_api."""

import uuid

from doctor_core.tests.contract_cloud_api import (
    CloudApiContract,
    eventually,
    host_of,
)


class NetworkContract(CloudApiContract):
    """Neutron: the ports of servers."""

    def test_a_servers_port_is_bound_to_its_host(self):
        server = self.boot()
        port = self.port_of(server)
        self.assertEqual(host_of(server), port['binding:host_id'])
        self.assertEqual('compute:', port['device_owner'][:8])
        self.assertEqual(self.member.project_id, port['project_id'])
        self.assertNotIn('binding:host_id', self.port_of(server, self.member))

    def test_ports_are_found_by_host(self):
        server = self.boot()
        found = self.check(200, self.admin.network(
            'GET', f'/ports?binding:host_id={host_of(server)}'))['ports']
        self.assertIn(self.port_of(server)['id'],
                      [port['id'] for port in found])

    def test_the_data_plane_status_is_set_and_its_owner_sees_it(self):
        server = self.boot()
        port = self.port_of(server)
        for status in ('DOWN', 'ACTIVE'):
            self.check(200, self.admin.network(
                'PUT', f'/ports/{port["id"]}',
                {'port': {'data_plane_status': status}}))
            self.assertEqual(status, self.port_of(
                server, self.member)['data_plane_status'])

    def test_a_data_plane_status_that_is_none_is_refused(self):
        port = self.port_of(self.boot())
        self.check(400, self.admin.network(
            'PUT', f'/ports/{port["id"]}',
            {'port': {'data_plane_status': 'SIDEWAYS'}}))

    def test_the_data_plane_status_is_for_administrators(self):
        port = self.port_of(self.boot())
        for tenant, status in ((self.member, 403), (self.stranger, 404)):
            self.check(status, tenant.network(
                'PUT', f'/ports/{port["id"]}',
                {'port': {'data_plane_status': 'DOWN'}}))

    def test_what_is_not_there_is_said_so_in_neutrons_words(self):
        for method, body in (('GET', None), ('PUT', {
                'port': {'data_plane_status': 'DOWN'}})):
            answer = self.admin.network(method, f'/ports/{uuid.uuid4()}',
                                        body)
            self.check(404, answer)
            self.assertEqual('PortNotFound',
                             answer.json()['NeutronError']['type'])

    def test_the_extension_is_listed(self):
        self.check(200, self.admin.network(
            'GET', '/extensions/data-plane-status'))

    def test_a_network_in_use_stays(self):
        self.boot()
        self.check(409, self.admin.network(
            'DELETE', f'/networks/{self.network_id}'))

    def test_a_deleted_servers_port_is_gone(self):
        server = self.boot()
        port = self.port_of(server)
        self.delete(server['id'])
        eventually(lambda: self.admin.network(
            'GET', f'/ports/{port["id"]}').status_code == 404,
            'the port to be gone')

"""What Doctor relies on in Nova; see contract_cloud_api."""

import itertools
import uuid

from doctor_core.tests.contract_cloud_api import (
    COMPUTE,
    CloudApiContract,
    eventually,
    host_of,
)


class ServersContract(CloudApiContract):
    """Nova: servers, and who sees what of them."""

    def test_a_version_beyond_the_range_is_refused(self):
        answer = self.admin.compute('GET', '/servers', version='2.9999')
        self.assertEqual(406, answer.status_code)

    def test_the_version_is_answered(self):
        answer = self.admin.compute('GET', '/servers')
        self.assertEqual(f'compute {COMPUTE}',
                         answer.headers['OpenStack-API-Version'])

    def test_a_server_runs_on_a_host_at_an_address(self):
        server = self.boot()
        self.assertIn(host_of(server),
                      [service['host'] for service in self.hosts()])
        self.assertEqual('active', server['OS-EXT-STS:vm_state'])
        self.assertEqual(self.member.project_id, server['tenant_id'])
        self.assertEqual(64, server['flavor']['ram'])
        addresses = [address['addr'] for entries in
                     server['addresses'].values() for address in entries]
        self.assertEqual(1, len(addresses))

    def test_an_administrator_boots_on_a_host_by_name(self):
        host = self.hosts()[-1]['host']
        answer = self.check(202, self.admin.compute('POST', '/servers', {
            'server': {'name': 'doctor-on-host', 'host': host,
                       'flavorRef': self.flavor_id,
                       'imageRef': self.image_id, 'networks': 'none'}}))
        server_id = answer['server']['id']
        self.addCleanup(self.admin.compute, 'DELETE',
                        f'/servers/{server_id}')
        self.assertEqual(host, host_of(
            self.wait_for_status(server_id, 'ACTIVE')))

    def test_a_plain_user_chooses_no_host(self):
        self.check(403, self.member.compute('POST', '/servers', {
            'server': {'name': 'x', 'host': self.hosts()[0]['host'],
                       'flavorRef': self.flavor_id,
                       'imageRef': self.image_id,
                       'networks': [{'uuid': self.network_id}]}}))

    def test_the_servers_of_a_host_are_listed(self):
        server = self.boot()
        for path in ('/servers', '/servers/detail'):
            found = self.check(200, self.admin.compute(
                'GET', f'{path}?all_tenants=1&host={host_of(server)}'))
            self.assertIn(server['id'], [each['id']
                                         for each in found['servers']])
        others = self.check(200, self.admin.compute(
            'GET', '/servers?all_tenants=1&host=no-such-host'))
        self.assertEqual([], others['servers'])

    def test_a_plain_users_filter_by_host_is_ignored(self):
        server = self.boot()
        found = self.check(200, self.member.compute(
            'GET', '/servers/detail?host=no-such-host'))
        self.assertEqual([server['id']],
                         [each['id'] for each in found['servers']])
        self.assertNotIn('OS-EXT-SRV-ATTR:host', found['servers'][0])

    def test_all_projects_are_for_administrators(self):
        self.check(403, self.member.compute(
            'GET', '/servers/detail?all_tenants=1'))

    def test_a_server_of_others_is_not_found(self):
        server = self.boot()
        path = f'/servers/{server["id"]}'
        self.check(404, self.stranger.compute('GET', path))
        self.check(404, self.act(server, 'os-resetState',
                                 {'state': 'error'}, self.stranger))

    def test_a_list_comes_in_pages(self):
        ids = {self.boot()['id'] for _ in range(3)}
        first = self.check(200, self.member.compute(
            'GET', '/servers?limit=2'))['servers']
        rest = self.check(200, self.member.compute(
            'GET', f'/servers?limit=2&marker={first[-1]["id"]}'))['servers']
        self.assertEqual([2, 1], [len(first), len(rest)])
        self.assertEqual(ids, {server['id'] for server in first + rest})

    def test_a_state_is_reset_and_reset_again(self):
        server = self.boot()
        for state, status in (('error', 'ERROR'), ('error', 'ERROR'),
                              ('active', 'ACTIVE')):
            self.check(202, self.act(server, 'os-resetState',
                                     {'state': state}))
            self.assertEqual(status, self.show(server['id'])['status'])

    def test_states_have_their_words(self):
        server = self.boot()
        for action, status, back in (('pause', 'PAUSED', 'unpause'),
                                     ('suspend', 'SUSPENDED', 'resume'),
                                     ('os-stop', 'SHUTOFF', 'os-start'),
                                     ('rescue', 'RESCUE', 'unrescue')):
            self.assertIn(self.act(server, action, None).status_code,
                          (200, 202))
            self.wait_for_status(server['id'], status)
            self.check(202, self.act(server, back, None))
            self.wait_for_status(server['id'], 'ACTIVE')

    def test_a_reset_is_blind_and_leaves_the_power_state_alone(self):
        server = self.boot()
        self.check(202, self.act(server, 'os-stop', None))
        power = self.wait_for_status(server['id'], 'SHUTOFF')[
            'OS-EXT-STS:power_state']
        for state in ('error', 'active'):
            self.check(202, self.act(server, 'os-resetState',
                                     {'state': state}))
            shown = self.show(server['id'])
            self.assertEqual((state, None, power), tuple(
                shown[f'OS-EXT-STS:{name}'] for name in (
                    'vm_state', 'task_state', 'power_state')))

    def test_a_hard_reboot_makes_one_in_error_active(self):
        server = self.boot()
        self.check(202, self.act(server, 'os-resetState',
                                 {'state': 'error'}))
        self.check(409, self.act(server, 'reboot', {'type': 'SOFT'}))
        self.check(202, self.act(server, 'reboot', {'type': 'HARD'}))
        self.wait_for_status(server['id'], 'ACTIVE')

    def test_one_that_is_shelved_is_on_no_host(self):
        server = self.boot()
        self.check(202, self.act(server, 'shelve', None))
        shown = self.wait_for_status(server['id'], 'SHELVED_OFFLOADED')
        self.assertIn('OS-EXT-SRV-ATTR:host', shown)
        # Nova forgets the host a moment after the new status.
        eventually(lambda: host_of(self.show(server['id'])) is None,
                   'the server to be on no host')

    def test_what_is_not_there_is_said_so_in_novas_words(self):
        answer = self.admin.compute('GET', f'/servers/{uuid.uuid4()}')
        self.check(404, answer)
        self.assertEqual(404, answer.json()['itemNotFound']['code'])

    def test_a_reset_is_for_administrators_and_known_states(self):
        server = self.boot()
        self.check(403, self.act(server, 'os-resetState',
                                 {'state': 'error'}, self.member))
        self.check(400, self.act(server, 'os-resetState',
                                 {'state': 'broken'}))

    def test_a_quota_is_for_administrators_to_change(self):
        path = f'/os-quota-sets/{self.stranger.project_id}'
        before = self.check(200, self.admin.compute('GET', path)
                            )['quota_set']
        self.addCleanup(self.admin.compute, 'DELETE', path)
        wanted = {'instances': 123, 'cores': 124, 'ram': 125}
        self.check(403, self.stranger.compute('PUT', path,
                                              {'quota_set': wanted}))
        self.check(200, self.admin.compute('PUT', path,
                                           {'quota_set': wanted}))
        quota = self.check(200, self.admin.compute('GET', path))['quota_set']
        self.assertEqual(before | wanted, quota)

    def test_a_deleted_server_is_gone(self):
        server = self.boot()
        self.delete(server['id'])
        self.check(404, self.act(server, 'os-resetState',
                                 {'state': 'error'}))


class HostsContract(CloudApiContract):
    """Nova: hosts, forced down and back."""

    def test_a_host_has_a_service_and_an_address(self):
        hosts = {service['host'] for service in self.hosts()}
        hypervisors = self.check(200, self.admin.compute(
            'GET', '/os-hypervisors/detail'))['hypervisors']
        self.assertLessEqual(hosts, {each['service']['host']
                                     for each in hypervisors})
        for hypervisor in hypervisors:
            self.assertTrue(hypervisor['host_ip'])

    def test_services_are_for_administrators(self):
        self.check(403, self.member.compute('GET', '/os-services'))
        self.check(403, self.member.compute('GET', '/os-hypervisors'))

    def test_an_aggregate_puts_hosts_together(self):
        host = self.hosts()[0]['host']
        made = self.check(200, self.admin.compute(
            'POST', '/os-aggregates', {'aggregate': {
                'name': f'doctor-{uuid.uuid4().hex[:8]}'}}))['aggregate']
        path = f'/os-aggregates/{made["id"]}'
        self.addCleanup(self.admin.compute, 'DELETE', path)
        self.check(200, self.admin.compute('POST', f'{path}/action', {
            'set_metadata': {'metadata': {'doctor:rack': 'r1'}}}))
        self.check(200, self.admin.compute('POST', f'{path}/action', {
            'add_host': {'host': host}}))
        self.addCleanup(self.admin.compute, 'POST', f'{path}/action', {
            'remove_host': {'host': host}})
        listed = self.check(200, self.admin.compute(
            'GET', '/os-aggregates'))['aggregates']
        one = next(each for each in listed if each['id'] == made['id'])
        self.assertEqual((made['name'], [host], {'doctor:rack': 'r1'}, None),
                         (one['name'], one['hosts'], one['metadata'],
                          one['availability_zone']))
        self.check(403, self.member.compute('GET', '/os-aggregates'))

    def test_forced_down_is_down_at_once(self):
        server = self.boot()
        host = host_of(server)
        answer = self.force_down(host)['service']
        self.assertEqual((True, 'down'),
                         (answer['forced_down'], answer['state']))
        self.assertEqual('down', self.service(host)['state'])
        self.assertEqual('DOWN', self.show(server['id'])['host_status'])
        self.check(200, self.put_service(host, forced_down=False))
        self.assertEqual('UP', self.show(server['id'])['host_status'])

    def test_disabled_is_maintenance(self):
        server = self.boot()
        host = host_of(server)
        self.addCleanup(self.put_service, host, status='enabled')
        self.check(200, self.put_service(host, status='disabled',
                                         disabled_reason='contract'))
        self.assertEqual('MAINTENANCE',
                         self.show(server['id'])['host_status'])

    def test_an_unknown_service_is_not_found(self):
        self.check(404, self.admin.compute(
            'PUT', f'/os-services/{uuid.uuid4()}', {'forced_down': True}))

    def test_the_older_form_forces_down_too(self):
        host = self.hosts()[0]['host']
        self.addCleanup(self.put_service, host, forced_down=False)
        answer = self.check(200, self.admin.compute(
            'PUT', '/os-services/force-down', {
                'host': host, 'binary': 'nova-compute',
                'forced_down': True}, version='2.34'))['service']
        self.assertEqual(True, answer['forced_down'])
        self.assertEqual('down', self.service(host)['state'])

    def test_a_record_is_stamped_in_whole_seconds(self):
        service = self.service(self.hosts()[0]['host'])
        self.assertRegex(service['updated_at'],
                         r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000$')
        self.assertNotIn('last_seen_up', service)

    def test_a_record_is_stamped_when_somebody_writes_it(self):
        """Of a host that reports no more."""
        if self.fail_host is None:
            self.skipTest('no way to fail a host')
        host = self.hosts()[0]['host']
        self.addCleanup(self.heal_host, host)
        self.fail_host(host)
        self.force_down(host)
        before = self.service(host)['updated_at']
        wanted = itertools.cycle((False, True))
        eventually(lambda: self.put_service(
            host, forced_down=next(wanted)) and self.service(host)[
                'updated_at'] > before, 'the stamp to move')

    def test_no_uptime_while_it_is_forced_down(self):
        host = self.hosts()[0]['host']
        path = next(
            f'/os-hypervisors/{each["id"]}' for each in self.check(
                200, self.admin.compute('GET', '/os-hypervisors/detail'))[
                    'hypervisors'] if each['service']['host'] == host)
        self.force_down(host)
        self.assertIsNone(self.check(200, self.admin.compute(
            'GET', path, version='2.88'))['hypervisor']['uptime'])
        self.check(400, self.admin.compute('GET', f'{path}/uptime',
                                           version='2.87'))
        self.check(404, self.admin.compute('GET', f'{path}/uptime',
                                           version='2.88'))

    def test_a_host_that_is_up_is_not_evacuated(self):
        self.check(400, self.act(self.boot(), 'evacuate', {}))

    def test_a_lost_heartbeat_is_unknown_not_down(self):
        if self.fail_host is None:
            self.skipTest('no way to fail a host')
        server = self.boot()
        host = host_of(server)
        self.addCleanup(self.heal_host, host)
        self.fail_host(host)
        self.assertEqual('UNKNOWN', eventually(
            lambda: (status := self.show(server['id'])['host_status'])
            != 'UP' and status, 'the lost heartbeat to be noticed'))
        self.force_down(host)
        self.assertEqual('DOWN', self.show(server['id'])['host_status'])

    def test_a_host_that_was_left_is_forced_up_after_its_restart_only(self):
        if self.heal_host is None:
            self.skipTest('no way to restart a nova-compute')
        server = self.boot()
        host = host_of(server)
        self.addCleanup(self.heal_host, host)
        self.fail_host(host)
        self.force_down(host)
        # What force_down undoes at the end wants a nova-compute that runs.
        self.addCleanup(self.heal_host, host)
        self.check(202, self.act(server, 'os-resetState',
                                 {'state': 'error'}))
        port = self.port_of(server)
        self.check(200, self.admin.network(
            'PUT', f'/ports/{port["id"]}',
            {'port': {'data_plane_status': 'DOWN'}}))
        self.check(200, self.act(server, 'evacuate', {}))
        self.wait_for_status(server['id'], 'ACTIVE')
        # Nova writes the new host down a moment after the new status.
        eventually(lambda: host_of(self.show(server['id'])) != host,
                   'the server to be on another host')
        # Somebody else has to set it back.
        self.assertEqual('DOWN', self.port_of(server)['data_plane_status'])
        self.check(400, self.put_service(host, forced_down=False))
        self.heal_host(host)
        eventually(lambda: self.put_service(
            host, forced_down=False).status_code == 200,
            'the host to be forced up')

"""The other disasters beside the host: every owner is told, and Nova ends
correct.
"""

import configparser
import json
import signal
import socket
import uuid

import openstack

from doctor_core.tests.e2e.inspected import InspectedCase, patiently


class BedDisastersTest(InspectedCase):
    """On one host, with a handful of servers."""

    def test_what_rabbitmq_does_not_take_is_refused(self):
        self.inspector()
        self.subscribe()
        self.stop('rabbitmq')
        self.post(expect=503)
        self.start('rabbitmq')
        fault_id = patiently(lambda: self.post_or_none(),
                             'the bus to take an event')
        self.check_all_is_well(fault_id)

    def post_or_none(self):
        try:
            return self.post()
        except AssertionError:
            return None

    def test_nova_api_is_away(self):
        self.inspector()
        self.subscribe()
        self.stop('nova-api')
        fault_id = self.post()
        self.wait_until_all_are_told()
        fault = patiently(
            lambda: (shown := self.fault(fault_id))['Note'] and shown,
            'a note of what could not be corrected')
        self.assertEqual('handling', fault['State'])
        self.assertIn('reset-state', fault['Note'])
        self.start('nova-api')
        self.check_all_is_well(fault_id)

    def test_nova_api_goes_in_the_middle(self):
        self.inspector(inspector={'notification': 'conservative'})
        self.subscribe()
        fault_id = self.post()
        self.stop('nova-api')
        self.start('nova-api')
        self.check_all_is_well(fault_id)

    def test_killed_before_anything_is_done(self):
        process = self.inspector()
        self.subscribe()
        fault_id = self.post()
        process.end(signal.SIGKILL)
        self.inspector()
        self.check_all_is_well(fault_id)

    def test_rabbitmq_forgets_what_aodh_has_yet_to_take(self):
        self.inspector(alarm={'type': 'aodh'})
        self.subscribe_in_aodh()
        self.stop('aodh-listener')
        fault_id = self.post()
        self.wait_until_corrected()
        self.bed('restart', 'rabbitmq')
        self.start('aodh-listener')
        self.check_all_is_well(fault_id)

    def test_the_token_is_revoked(self):
        user = self.make_operator()
        self.inspector(cloud={
            'clouds_file': self.temporary.join('clouds.yaml'),
            'name': 'doctor'})
        self.subscribe()
        self.stop('nova-api')
        fault_id = self.post()
        self.wait_until_all_are_told()
        self.revoke_tokens_of(user)
        self.start('nova-api')
        self.check_all_is_well(fault_id)

    def make_operator(self):
        """A user of Doctor's own, with the bed's rights, logged in."""
        name = f'doctor-{uuid.uuid4().hex[:8]}'
        config = self.admin.connection.config
        user_id = self.check(201, self.admin.identity('POST', '/users', {
            'user': {'name': name, 'password': name}}))['user']['id']
        self.addCleanup(self.admin.identity, 'DELETE', f'/users/{user_id}')
        self.check(204, self.admin.identity(
            'PUT', f'/projects/{self.admin.project_id}/users/{user_id}'
            f'/roles/{self.role("admin")}'))
        cloud = {'auth': {'auth_url': config.auth['auth_url'],
                          'user_id': user_id, 'password': name,
                          'project_id': self.admin.project_id},
                 'region_name': config.region_name,
                 'identity_api_version': '3'}
        with open(self.temporary.join('clouds.yaml'), 'w',
                  encoding='utf-8') as file:
            json.dump({'clouds': {'doctor': cloud}}, file)
        connection = openstack.connect(load_envvars=False, **cloud)
        self.addCleanup(connection.close)
        return connection

    def revoke_tokens_of(self, connection):
        """All that Keystone has given out so far; neither its own processes
        nor Nova remember having found them good.
        """
        token = {'X-Subject-Token': connection.auth_token}
        self.check(200, self.admin.identity('GET', '/auth/tokens', **token))
        for enabled in (False, True):
            self.check(200, self.admin.identity(
                'PATCH', f'/users/{connection.current_user_id}',
                {'user': {'enabled': enabled}}))
        self.bed('restart', 'keystone')
        self.check(404, self.admin.identity('GET', '/auth/tokens', **token))
        options = configparser.ConfigParser(interpolation=None)
        options.read(self.folder / 'etc' / 'nova' / 'nova.conf')
        host, port = options['keystone_authtoken'][
            'memcached_servers'].split(':')
        with socket.create_connection((host, int(port)), 10) as cache:
            cache.sendall(b'flush_all\r\n')
            self.assertEqual(b'OK\r\n', cache.recv(16))

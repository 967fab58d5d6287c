"""The cloud package over real HTTP, against a stand-in that misbehaves."""

import os
import threading

import fixtures
from oslo_config import cfg

from doctor_core import clock, opts
from doctor_core.cloud import Cloud
from doctor_core.exceptions import CloudError, ConfigError, NotFound
from doctor_core.model import Host
from doctor_core.tests.functional.cloud_standin import (
    FORCE_DOWN,
    HOST,
    CloudTestCase,
    StandIn,
    refuse,
    reset,
)
from doctor_core.web.server import Response


class TestTokens(CloudTestCase):

    def test_a_token_refused_midway_is_renewed_once(self):
        cloud = self.cloud(concurrency=10)
        cloud.check()
        self.standin.latency_s = 0.01
        seen = threading.Event()

        def expire(change):
            if not seen.is_set():
                seen.set()
                self.standin.expire_tokens()

        changes = cloud.correct([reset(i) for i in range(100)], expire)
        self.assertTrue(all(change.done for change in changes))
        self.assertEqual(2, self.standin.passwords['password'])

    def test_an_old_token_is_renewed_while_it_serves(self):
        self.standin.token_life_s = 60.0
        cloud = self.cloud()
        cloud.check()
        clock.wait_for(
            lambda: self.standin.passwords['password'] == 2,
            clock.Deadline(5.0), what='the token to be renewed')

    def test_keystone_is_not_asked_for_each_correction(self):
        self.standin.token_life_s = 60.0
        cloud = self.cloud(concurrency=1)
        cloud.check()
        changes = cloud.correct([reset(i) for i in range(50)],
                                lambda change: None)
        self.assertTrue(all(change.done for change in changes))
        self.assertLess(self.standin.passwords['password'], 10)

    def test_an_old_token_serves_while_keystone_is_ill(self):
        self.standin.token_life_s = 60.0
        cloud = self.cloud()
        cloud.check()
        self.standin.keystone_status = 503
        change, = cloud.correct([reset(1)], lambda change: None)
        self.assertTrue(change.done)

    def test_corrections_wait_for_a_keystone_that_comes_back(self):
        self.standin.keystone_status = 503
        timer = threading.Timer(
            0.5, setattr, (self.standin, 'keystone_status', 0))
        timer.start()
        self.addCleanup(timer.join)
        change, = self.cloud().correct([reset(1)], lambda change: None)
        self.assertEqual('', change.error)

    def test_wrong_password_is_one_clear_line(self):
        self.standin.keystone_status = 401
        cloud = self.cloud()
        error = self.assertRaises(ConfigError, cloud.check)
        self.assertIn('refuses the credentials', str(error))
        self.assertNotIn('\n', str(error))

    def test_a_password_that_is_no_longer_good(self):
        """A running daemon gets an error like any other, no ConfigError."""
        cloud = self.cloud()
        cloud.check()
        self.standin.keystone_status = 401
        self.standin.expire_tokens()
        change, = cloud.correct([reset(1)], lambda change: None)
        self.assertIn('refuses the credentials', change.error)
        error = self.assertRaises(CloudError, cloud.servers)
        self.assertEqual((401, False), (error.status, error.recoverable))

    def test_tokens_of_others_are_asked_for_once(self):
        cloud = self.cloud()
        cloud.check()
        token = next(iter(self.standin.tokens))
        self.assertEqual('ops', cloud.validate_token(token).project_name)
        self.assertEqual({'admin'}, cloud.validate_token(token).roles)
        self.assertEqual(1, self.standin.count('GET', '/v3/auth/tokens'))
        self.assertRaises(NotFound, cloud.validate_token, 'no-such')
        self.assertRaises(NotFound, cloud.validate_token, 'a\r\nb: c')
        self.assertRaises(NotFound, cloud.validate_token, '')


class TestConnections(CloudTestCase):

    def test_refused_connections_are_tried_again_until_nova_is_back(self):
        cloud = self.cloud()
        cloud.check()
        number = self.standin.port
        self.standin.stop()
        again = StandIn(port=number)
        again.tokens = self.standin.tokens
        timer = threading.Timer(0.5, again.start)
        timer.start()
        self.addCleanup(again.stop)
        self.addCleanup(timer.join)
        changes = cloud.correct([FORCE_DOWN, reset(1)], lambda change: None)
        self.assertEqual(['', ''], [change.error for change in changes])

    def test_nobody_there(self):
        cloud = self.cloud(retry_for_s=0.2)
        self.standin.stop()
        error = self.assertRaises(CloudError, cloud.check)
        self.assertTrue(error.recoverable)
        change, = cloud.correct([reset(1)], lambda change: None)
        self.assertFalse(change.done)
        self.assertNotIn('secret', change.error)

    def test_what_was_seen_of_each_service(self):
        cloud = self.cloud()
        self.assertEqual({}, cloud.contacts())
        cloud.check()
        cloud.ports()
        self.assertEqual(
            {'identity': True, 'compute': True, 'network': True},
            {name: one.answers for name, one in cloud.contacts().items()})
        self.standin.behaviour['/network/v2.0/ports'] = refuse(503)
        self.assertRaises(CloudError, cloud.ports)
        self.standin.stop()
        self.assertRaises(CloudError, cloud.hosts)
        seen = cloud.contacts()
        self.assertEqual(
            {'identity': True, 'compute': False, 'network': False},
            {name: one.answers for name, one in seen.items()})
        self.assertGreater(seen['compute'].silent_s, 0)

    def test_closing_ends_what_is_under_way(self):
        cloud = self.cloud()
        cloud.check()
        self.standin.latency_s = 3.0
        timer = threading.Timer(0.3, cloud.close)
        timer.start()
        self.addCleanup(timer.join)
        self.assertRaises(CloudError, cloud.correct, [reset(1)],
                          lambda change: None)
        cloud.close()

    def test_a_user_without_rights(self):
        self.standin.behaviour['/compute/v2.1/servers'] = refuse(
            403, 'forbidden', 'Policy does not allow it')
        error = self.assertRaises(ConfigError, self.cloud().check)
        self.assertIn('give its user the role admin', str(error))

    def test_a_nova_that_is_too_old(self):
        self.standin.behaviour['/compute/v2.1/servers'] = \
            lambda request: Response(406, json={'errors': [{
                'title': 'Requested microversion is unsupported',
                'detail': 'Version 2.74 is not supported'}]})
        error = self.assertRaises(ConfigError, self.cloud().check)
        self.assertIn('Version 2.74 is not supported', str(error))
        self.assertIn('Train', str(error))


class TestFromConf(CloudTestCase):

    def conf(self):
        conf = cfg.ConfigOpts()
        conf.register_opts(opts.GROUPS['cloud'], group='cloud')
        conf([], project='doctor', default_config_files=[],
             default_config_dirs=[])
        return conf

    def test_an_openrc_without_a_domain(self):
        """Deployments' openrc files may say OS_TENANT_NAME and no more."""
        for name in [name for name in os.environ if name.startswith('OS_')]:
            self.useFixture(fixtures.EnvironmentVariable(name))
        for name, value in (('AUTH_URL', f'{self.standin.url}/v3'),
                            ('USERNAME', 'doctor'), ('PASSWORD', 'secret'),
                            ('TENANT_NAME', 'ops')):
            self.useFixture(fixtures.EnvironmentVariable(f'OS_{name}', value))
        cloud = Cloud.from_conf(self.conf())
        self.addCleanup(cloud.close)
        cloud.check()
        self.assertEqual({'id': 'default'},
                         self.standin.users[0]['domain'])


class TestListings(CloudTestCase):

    def test_hosts_have_their_hypervisors_addresses(self):
        self.assertEqual([Host(HOST, ('192.0.2.1',))], self.cloud().hosts())

    def test_every_page_is_read(self):
        self.standin.page = 3
        self.standin.servers = [
            {'id': f's{i}', 'name': f'n{i}', 'tenant_id': 'p',
             'OS-EXT-SRV-ATTR:host': HOST if i % 2 else 'other',
             'OS-EXT-STS:vm_state': 'active'} for i in range(8)]
        self.assertEqual([f's{i}' for i in range(8)],
                         [server.id for server in self.cloud().servers()])
        self.assertEqual(['s1', 's3', 's5', 's7'],
                         [server.id for server in self.cloud().servers(HOST)])

    def test_a_server_that_does_not_exist(self):
        self.assertRaises(NotFound, self.cloud().server, 'nobody')

    def test_only_the_ports_of_servers(self):
        self.standin.ports = [
            {'id': 'p1', 'device_id': 's1', 'device_owner': 'compute:nova',
             'project_id': 'p', 'binding:host_id': HOST,
             'data_plane_status': None},
            {'id': 'p2', 'device_id': 'r1', 'binding:host_id': HOST,
             'device_owner': 'network:router_interface'}]
        found, = self.cloud().ports(HOST)
        self.assertEqual(('p1', 's1', ''), (found.id, found.server_id,
                                            found.data_plane_status))

    def test_neutron_without_the_extension(self):
        self.standin.behaviour[
            '/network/v2.0/extensions/data-plane-status'] = refuse(
                404, 'NeutronError')
        cloud = self.cloud()
        self.assertFalse(cloud.has_data_plane_status())
        self.assertEqual([], cloud.ports())
        self.assertEqual(0, self.standin.count('GET', '/network/v2.0/ports'))

    def test_an_answer_of_something_else(self):
        for body in ({}, [], {'services': None}, {'services': [{}]}):
            self.standin.behaviour['/compute/v2.1/os-services'] = \
                lambda request, body=body: Response(json=body)
            error = self.assertRaises(CloudError,
                                      self.cloud().compute_services)
            self.assertIn('not an answer of this API', str(error))

    def test_an_answer_that_is_not_json(self):
        for path in ('os-services', 'servers'):
            self.standin.behaviour[f'/compute/v2.1/{path}'] = \
                lambda request: Response(body=b'<html>welcome</html>')
        self.assertRaises(CloudError, self.cloud().compute_services)
        self.assertRaises(CloudError, self.cloud().check)

    def test_another_project(self):
        cloud = self.cloud()
        cloud.get('compute', '/os-services', project_id='p2')
        self.assertEqual({'password': 1, 'token': 1},
                         dict(self.standin.passwords))

    def test_what_the_service_says_is_in_the_error(self):
        self.standin.behaviour['/network/v2.0/ports'] = refuse(
            409, 'NeutronError', 'in use')
        error = self.assertRaises(CloudError, self.cloud().ports)
        self.assertEqual('GET network /ports: 409: in use', str(error))
        self.assertEqual((409, True), (error.status, error.recoverable))

    def test_a_service_that_the_catalogue_lacks(self):
        error = self.assertRaises(CloudError, self.cloud().get, 'image',
                                  '/images')
        self.assertIn('image service in north region', str(error))

    def test_an_unknown_cloud(self):
        path = self.standin.clouds_yaml(self.folder)
        error = self.assertRaises(ConfigError, Cloud.named, path, 'elsewhere')
        self.assertIn('elsewhere', str(error))
        self.assertRaises(ConfigError, Cloud.named, path + 'x', 'standin')

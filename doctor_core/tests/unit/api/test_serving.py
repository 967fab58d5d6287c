import socket
from types import SimpleNamespace

import fixtures
import testtools

from doctor_core.api import serving
from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import configuration
from doctor_core.web import auth
from doctor_core.web.exchange import Route
from doctor_core.web.pools import Pool


class ServerTest(testtools.TestCase):

    def server(self, *routes, **options):
        section = configuration({
            ('inspector', name): value
            for name, value in options.items()}).inspector
        gate = auth.Gate(section, lambda token: None, lambda token: None)
        return serving.server(section, gate, routes,
                              [Pool('mine', threads=1, waiting=1)])

    def test_pools_of_the_routes_and_of_the_gate(self):
        names = [pool.name for pool in self.server().pools]
        self.assertEqual(1, names.count('mine'))
        self.assertEqual(1, names.count('new tokens'))

    def test_every_route_goes_through_the_gate(self):
        error = self.assertRaises(ValueError, self.server, Route(
            'GET', '/anything', lambda request: None))
        self.assertIn('/anything has no rule', str(error))

    def test_a_certificate_that_cannot_be_read(self):
        server = self.server(port=0, tls_cert='/no/such/file')
        self.addCleanup(server.stop)
        error = self.assertRaises(ConfigError, server.start)
        self.assertEqual('inspector: tls_cert = /no/such/file cannot be '
                         'read: No such file or directory', str(error))

    def test_a_key_that_cannot_be_read(self):
        server = self.server(port=0, tls_cert=__file__, tls_key='/no/such')
        error = self.assertRaises(ConfigError, server.start)
        self.assertIn('tls_key = /no/such cannot', str(error))

    def test_what_is_no_certificate(self):
        server = self.server(port=0, tls_cert=__file__)
        error = self.assertRaises(ConfigError, server.start)
        self.assertIn('cannot use tls_cert', str(error))
        self.assertNotIn('tls_key', str(error))

    def test_a_key_without_a_certificate(self):
        """Tokens went over plain HTTP."""
        error = self.assertRaises(ConfigError, self.server, tls_key='/key')
        self.assertIn('[inspector] tls_cert', str(error))

    def test_tokens_that_travel_for_anybody_to_read(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.server(host='127.0.0.1', auth_strategy='keystone')
        self.server(host='192.0.2.1', auth_strategy='keystone',
                    tls_cert='/cert')
        self.assertEqual('', log.output)
        self.server(host='192.0.2.1', auth_strategy='keystone')
        self.assertIn('without tls_cert tokens travel', log.output)


class FreeTest(testtools.TestCase):
    """What a run asks before it makes anything."""

    def check(self, error=None):
        tried = []

        def bind(address, family):
            tried.append((address, family))
            if error:
                raise error
            return socket.socket()

        self.useFixture(fixtures.MonkeyPatch('socket.create_server', bind))
        for host in ('127.0.0.1', '::1'):
            serving.check_free(SimpleNamespace(host=host, port=7))
        return tried

    def test_free(self):
        self.assertEqual([(('127.0.0.1', 7), socket.AF_INET),
                          (('::1', 7), socket.AF_INET6)], self.check())

    def test_taken(self):
        """It was found out when all servers were made."""
        error = self.assertRaises(
            ConfigError, self.check, OSError(98, 'Address already in use'))
        self.assertEqual(
            'inspector: cannot listen on 127.0.0.1 port 7: Address already '
            'in use: is doctor-inspector running?', str(error))

    def test_any_port_is_free(self):
        serving.check_free(SimpleNamespace(host='nowhere', port=0))

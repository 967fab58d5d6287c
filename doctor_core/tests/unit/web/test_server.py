"""The HTTP server before it serves; served requests are functional tests."""

import asyncio
from types import SimpleNamespace

import fixtures
import testtools

from doctor_core.api.serving import check_free
from doctor_core.exceptions import ConfigError, StoreError
from doctor_core.web import auth
from doctor_core.web.addresses import is_loopback
from doctor_core.web.pools import Pool
from doctor_core.web.server import Response, Route, Server


def handler(_request):
    return Response()


class ServerTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.gate = auth.Gate(SimpleNamespace(
            auth_strategy='none', host='127.0.0.1', auth_roles=['admin']),
            None, None)

    def test_route_without_a_rule_is_not_served(self):
        """What lay below a path was open to any tenant, by its path."""
        Server([Route('GET', '/', handler, rule='known')], gate=self.gate)
        self.assertRaises(ValueError, Server, [Route('GET', '/', handler)],
                          gate=self.gate)

    def test_without_a_gate_rules_do_not_matter(self):
        served = [Route('GET', '/', handler)]
        self.assertEqual(served, Server(served)._routes)

    def test_pools_are_those_of_the_routes_and_others(self):
        one, other = Pool('a'), Pool('b')
        server = Server([Route(method, '/', handler, one)
                         for method in ('GET', 'PUT')], pools=[other])
        self.assertEqual([other, one], server.pools)

    def test_an_empty_address(self):
        """It listened on all of them, at "http://:80"."""
        error = self.assertRaises(ConfigError, Server, [], host='',
                                  name='embedded-cloud')
        self.assertIn('embedded-cloud: the address', str(error))

    def test_an_address_that_cannot_be(self):
        """The start ended with a traceback."""
        host = 'h' * 64
        for start in (Server([], host=host).start,
                      lambda: check_free(SimpleNamespace(host=host, port=1))):
            error = self.assertRaises(ConfigError, start)
            self.assertIn(f'cannot listen on {host}', str(error))


class FullDiskTest(testtools.TestCase):
    def test_why_is_answered(self):
        """It was a 500 with a traceback."""
        async def handler(_request):
            raise StoreError('Cannot keep state in /x: the disk is full')

        log = self.useFixture(fixtures.FakeLogger())
        answer = asyncio.run(Server([])._answered(None, handler))
        self.assertEqual(503, answer.status)
        self.assertIn('/x: the disk is full', answer.text)
        self.assertEqual('', log.output)


class LoopbackTest(testtools.TestCase):
    def test_addresses(self):
        self.assertEqual([True, True, True, False, False, False], [
            is_loopback(host) for host in (
                '127.0.0.1', '::1', 'localhost', '0.0.0.0', '127.0.0',
                'host')])

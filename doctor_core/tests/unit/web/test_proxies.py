import asyncio
import contextlib
import os

import fixtures
import requests
import testtools
from requests.utils import select_proxy

from doctor_core.exceptions import HttpError
from doctor_core.web.client import Client
from doctor_core.web.proxies import Proxies

URLS = ('http://nova.test:8774/v2.1', 'https://nova.test/compute',
        'http://127.0.0.1:9696/', 'http://[::1]/', 'https://10.0.0.7:1/x')


class ProxiesTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        for name in os.environ:
            if name.lower().endswith('_proxy'):
                self.useFixture(fixtures.EnvironmentVariable(name))
        self.session = requests.Session()
        self.addCleanup(self.session.close)

    def set_env(self, **variables):
        for name, value in variables.items():
            self.useFixture(fixtures.EnvironmentVariable(name, value))

    def found(self, *urls):
        proxies = Proxies(self.session)
        return [proxies.of(url) for url in urls or URLS]


class TestProxies(ProxiesTestCase):

    def test_none(self):
        self.assertEqual([''] * len(URLS), self.found())
        self.assertEqual('', self.log.output)

    def test_as_the_session(self):
        """Lists came through the proxy, and corrections did not."""
        self.session.proxies['http://127.0.0.1'] = ''
        for env in (
                {'http_proxy': 'http://p:3128'},
                {'https_proxy': 'http://p:3128', 'no_proxy': 'nova.test'},
                {'all_proxy': 'http://p:1', 'http_proxy': 'http://q:2'},
                {'all_proxy': 'http://p:1', 'no_proxy': '10.0.0.0/8,::1'},
                {'HTTPS_PROXY': 'https://u:pw@p:3128', 'no_proxy': '.test'},
                {'http_proxy': 'http://p', 'no_proxy': '*'}):
            with self.environment(env):
                self.assertEqual(
                    [select_proxy(
                        url, self.session.merge_environment_settings(
                            url, {}, None, None, None)['proxies']) or ''
                     for url in URLS], self.found(), env)

    @contextlib.contextmanager
    def environment(self, variables):
        with contextlib.ExitStack() as stack:
            for name, value in variables.items():
                stack.enter_context(fixtures.EnvironmentVariable(name, value))
            yield

    def test_a_scheme_is_not_needed(self):
        self.set_env(http_proxy='p:3128')
        self.assertEqual(['http://p:3128'], self.found(URLS[0]))

    def test_said_once_without_a_password(self):
        self.set_env(http_proxy='http://u:s3cret@p:3128')
        proxies = Proxies(self.session)
        for _ in range(2):
            proxies.of(URLS[0])
        self.assertEqual(
            'http://nova.test:8774 is asked through the proxy '
            'http://p:3128\n', self.log.output)

    def test_one_that_cannot_be_asked(self):
        self.set_env(http_proxy='socks5://u:s3cret@p:1080')
        error = self.assertRaises(HttpError, self.found, URLS[0])
        self.assertIn('socks5://p:1080 is no http', str(error))
        self.assertNotIn('s3cret', str(error))


class TestClient(ProxiesTestCase):
    """A proxy on loopback, which alone knows the peer's name."""

    async def ask(self, url, answer):
        """The head that the proxy gets, and what the client makes of it."""
        heads = []

        async def serve(reader, writer):
            heads.append((await reader.readuntil(b'\r\n\r\n')).decode())
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, '127.0.0.1', 0)
        port = server.sockets[0].getsockname()[1]
        self.set_env(http_proxy=f'http://u:s3cret@127.0.0.1:{port}',
                     https_proxy=f'http://127.0.0.1:{port}')
        client = Client(proxies=Proxies(self.session))
        try:
            return heads, await client.request('GET', url)
        except HttpError as error:
            return heads, error
        finally:
            await client.close()
            server.close()

    def test_a_request_goes_through_it(self):
        heads, reply = asyncio.run(self.ask(
            URLS[0], b'HTTP/1.1 204 No Content\r\n\r\n'))
        self.assertEqual(204, reply.status)
        self.assertThat(heads[0], testtools.matchers.StartsWith(
            f'GET {URLS[0]} HTTP/1.1'))
        self.assertIn('Proxy-Authorization: Basic', heads[0])

    def test_it_refuses_to_connect(self):
        heads, error = asyncio.run(self.ask(
            URLS[1], b'HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n'
                     b'\r\n'))
        self.assertThat(heads[0], testtools.matchers.StartsWith(
            'CONNECT nova.test:443 HTTP/1.1'))
        self.assertRegex(str(error), r'^GET https://nova.test/compute through '
                         r'http://127.0.0.1:\d+: the proxy answered 407$')
        self.assertTrue(error.recoverable)

    def test_nobody_is_there(self):
        self.set_env(http_proxy='http://u:s3cret@127.0.0.1:1')
        error = self.assertRaises(HttpError, asyncio.run, self.asked())
        self.assertEqual(f'GET {URLS[0]} through http://127.0.0.1:1: '
                         'Connection refused', str(error))

    async def asked(self):
        client = Client(proxies=Proxies(self.session))
        try:
            await client.request('GET', URLS[0])
        finally:
            await client.close()

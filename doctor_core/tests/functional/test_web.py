import asyncio
import json
import socket
import threading
import urllib.error
import urllib.request

import testtools

from doctor_core.exceptions import ConfigError, HttpError
from doctor_core.loop import LoopThread
from doctor_core.web import client
from doctor_core.web.server import Refused, Response, Route, Server

PATIENCE_S = 60


class ServerTestCase(testtools.TestCase):
    def serve(self, *routes, **options):
        server = Server(routes, name='test', **options)
        self.addCleanup(server.stop)
        return server.start()

    def ask(self, url, method='GET', body=None):
        request = urllib.request.Request(url, method=method, data=body)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as got:
                return got.status, got.read(), got.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    def error(self, *args, **kwargs):
        status, body, _headers = self.ask(*args, **kwargs)
        return status, json.loads(body)['error']['message']


class ServerTest(ServerTestCase):
    def test_handler_gets_the_request(self):
        seen = []

        def handler(request):
            seen.append(request)
            return Response(201, {'ok': True}, headers={'X-A': 'b'})

        url = self.serve(Route('POST', '/a/{id}', handler))
        status, body, headers = self.ask(f'{url}/a/7?x=1', 'POST', b'[1]')
        self.assertEqual((201, b'{"ok": true}', 'b', 'application/json'),
                         (status, body, headers['X-A'],
                          headers['Content-Type']))
        request, = seen
        self.assertEqual(
            ('POST', '/a/7', '7', '1', [1]),
            (request.method, request.path, request.params['id'],
             request.query['x'], request.json()))

    def test_coroutine_as_a_handler(self):
        async def handler(_request):
            await asyncio.sleep(0)
            return Response(body=b'later')

        url = self.serve(Route('GET', '/', handler))
        self.assertEqual(b'later', self.ask(f'{url}/')[1])

    def test_blocking_handler_holds_up_no_other(self):
        gate = threading.Event()

        def slow(_request):
            gate.wait(PATIENCE_S)
            return Response()

        url = self.serve(Route('GET', '/slow', slow, blocking=True),
                         Route('GET', '/quick', lambda _: Response()))
        waiting = threading.Thread(target=self.ask, args=(f'{url}/slow',))
        waiting.start()
        self.assertEqual(200, self.ask(f'{url}/quick')[0])
        self.assertTrue(waiting.is_alive())
        gate.set()
        waiting.join(PATIENCE_S)
        self.assertFalse(waiting.is_alive())

    def test_errors_are_json(self):
        def refuse(_request):
            raise Refused(409, 'Not now.', field='a')

        def fail(_request):
            raise RuntimeError('secret detail')

        url = self.serve(
            Route('GET', '/refuse', refuse), Route('GET', '/fail', fail),
            Route('POST', '/json', lambda request: Response(
                json=request.json())))
        status, body, _headers = self.ask(f'{url}/refuse')
        self.assertEqual((409, {'error': {
            'code': 409, 'message': 'Not now.', 'field': 'a'}}),
            (status, json.loads(body)))
        self.assertEqual((500, 'Internal error; see the log.'),
                         self.error(f'{url}/fail'))
        self.assertEqual(400, self.error(f'{url}/json', 'POST', b'{')[0])
        self.assertEqual(404, self.error(f'{url}/none')[0])
        status, _body, headers = self.ask(f'{url}/refuse', 'PUT', b'')
        self.assertEqual((405, 'GET'),
                         (status, headers['Allow'].partition(',')[0]))

    def test_body_that_is_too_large(self):
        url = self.serve(Route('POST', '/', lambda _: Response()),
                         max_body=10)
        self.assertEqual(413, self.ask(f'{url}/', 'POST', b'x' * 100)[0])

    def test_middleware_may_answer_instead(self):
        async def middleware(request, inner):
            if request.query.get('key') != 'k':
                raise Refused(401, 'Who are you?')
            return await inner(request)

        url = self.serve(Route('GET', '/', lambda _: Response()),
                         middlewares=[middleware])
        self.assertEqual(401, self.ask(f'{url}/')[0])
        self.assertEqual(200, self.ask(f'{url}/?key=k')[0])

    def test_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(('127.0.0.1', 0))
            taken.listen()
            port = taken.getsockname()[1]
            error = self.assertRaises(ConfigError, self.serve, port=port)
        self.assertIn(str(port), str(error))

    def test_certificate_that_is_not_there(self):
        self.assertRaises(ConfigError, self.serve, tls=('/no', '/no'))

    def test_stop_may_be_called_again(self):
        server = Server([], name='test')
        server.stop()
        server.start()
        server.stop()
        server.stop()
        self.assertIn(str(server.port), server.url)


class ClientTest(ServerTestCase):
    def setUp(self):
        super().setUp()
        self.loop = LoopThread('test')
        self.addCleanup(self.loop.stop)

    def client(self, **options):
        made = client.Client(**options)
        self.addCleanup(lambda: self.loop.run(made.close()))
        return made

    def request(self, url, method='GET', body=None, **options):
        return self.loop.run(
            self.client(**options).request(method, url, body=body),
            PATIENCE_S)

    def failure(self, url, **options):
        return self.assertRaises(HttpError, self.request, url, **options)

    def test_sends_and_reads_json(self):
        url = self.serve(Route('PUT', '/', lambda request: Response(
            203, {'got': request.json()})))
        reply = self.request(f'{url}/', 'PUT', {'a': 1})
        self.assertEqual((203, {'got': {'a': 1}}),
                         (reply.status, reply.json()))

    def test_answer_that_is_no_json(self):
        url = self.serve(Route('GET', '/', lambda _: Response(body=b'<')))
        self.assertRaises(HttpError, self.request(f'{url}/').json)

    def test_nobody_there_is_recoverable(self):
        with socket.socket() as unused:
            unused.bind(('127.0.0.1', 0))
            url = f'http://127.0.0.1:{unused.getsockname()[1]}/'
            self.assertTrue(self.failure(url).recoverable)

    def test_no_answer_is_recoverable(self):
        with socket.create_server(('127.0.0.1', 0)) as silent:
            url = f'http://127.0.0.1:{silent.getsockname()[1]}/'
            error = self.failure(url, timeout_s=0.2)
        self.assertTrue(error.recoverable)
        self.assertIn('in time', str(error))

    def test_url_that_is_none_is_final(self):
        for url in ('http://', 'nonsense', 'http://[::1'):
            self.assertFalse(self.failure(url).recoverable)

    def test_errors_keep_secrets(self):
        with socket.socket() as unused:
            unused.bind(('127.0.0.1', 0))
            port = unused.getsockname()[1]
            error = self.failure(
                f'http://user:hidden@127.0.0.1:{port}/a?token=hidden')
        self.assertNotIn('hidden', str(error))
        self.assertIn(f'127.0.0.1:{port}/a', str(error))

    def test_redirects_are_not_followed(self):
        url = self.serve(Route('GET', '/', lambda _: Response(
            302, headers={'Location': 'http://127.0.0.1:1/'})))
        self.assertEqual(302, self.request(f'{url}/').status)

    def test_answer_without_end_is_cut(self):
        url = self.serve(Route('GET', '/', lambda _: Response(
            body=b'x' * (8 << 20))))
        self.assertLess(len(self.request(f'{url}/').body), 2 << 20)

    def test_files_that_are_not_there(self):
        error = self.assertRaises(ConfigError, client.tls_context,
                                  cafile='/no/ca.pem')
        self.assertIn('/no/ca.pem', str(error))

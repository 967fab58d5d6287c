import asyncio
import contextlib
import http.client
import json
import socket
import threading
import urllib.error
import urllib.request
from types import SimpleNamespace

import fixtures
import testtools

from doctor_core import clock
from doctor_core.api.waiting import Outcomes
from doctor_core.cli import inspector_api
from doctor_core.exceptions import ConfigError, HttpError
from doctor_core.loop import LoopThread
from doctor_core.web import auth, client
from doctor_core.web.pools import Pool
from doctor_core.web.server import Refused, Response, Route, Server

PATIENCE_S = 60


class ServerTestCase(testtools.TestCase):
    def serve(self, *routes, **options):
        server = Server(routes, name='test', **options)
        self.addCleanup(server.stop)
        return server.start()

    def ask(self, url, method='GET', body=None, **headers):
        request = urllib.request.Request(url, method=method, data=body,
                                         headers=headers)
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

        url = self.serve(Route('GET', '/slow', slow, Pool('slow')),
                         Route('GET', '/quick', lambda _: Response()))
        waiting = threading.Thread(target=self.ask, args=(f'{url}/slow',))
        waiting.start()
        self.assertEqual(200, self.ask(f'{url}/quick')[0])
        self.assertTrue(waiting.is_alive())
        gate.set()
        waiting.join(PATIENCE_S)
        self.assertFalse(waiting.is_alive())

    def test_answer_of_a_pool_is_written_there(self):
        """A long list held up the loop, and all who asked anything else."""
        seen = []

        class Noted(dict):
            def items(self):
                seen.append(threading.current_thread().name)
                return super().items()

        pool = Pool('mine', threads=1)
        url = self.serve(Route('GET', '/', lambda _: Response(
            json=Noted(a=[1])), pool))
        status, body, headers = self.ask(f'{url}/')
        self.assertEqual((200, b'{"a": [1]}', 'application/json'),
                         (status, body, headers['Content-Type']))
        self.assertEqual({'mine'}, set(seen))

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
        """It was refused in words of HTTP, and nobody but the sender knew."""
        log = self.useFixture(fixtures.FakeLogger())
        url = self.serve(Route('POST', '/{name}', lambda _: Response()),
                         max_body=10)
        text = 'The body is larger than 10 bytes; send it in parts.'
        self.assertEqual((413, text), self.error(f'{url}/a%0Ab', 'POST',
                                                 b'x' * 100))
        self.assertIn('test: POST /a\\u000ab of 127.0.0.1 is refused: '
                      + text, log.output)

    def test_body_that_cannot_be_unpacked(self):
        """Some encodings of nonsense could end in 500."""
        url = self.serve(Route('POST', '/', lambda _: Response()))
        for encoding in ('gzip', 'deflate', 'br', 'zstd'):
            status = self.ask(f'{url}/', 'POST', b'nonsense', **{
                'Content-Encoding': encoding})[0]
            self.assertIn(status, (200, 400), encoding)

    def test_body_that_cannot_be_unpacked_is_told_of_in_a_line(self):
        """Anybody could fill the log with tracebacks."""
        log = self.useFixture(fixtures.FakeLogger())
        url = self.serve(Route('POST', '/', lambda _: Response()))
        text = 'The body cannot be read: Can not decode content-encoding: gzip'
        self.assertEqual((400, text), self.error(
            f'{url}/', 'POST', b'nonsense', **{'Content-Encoding': 'gzip'}))
        self.assertNotIn('Traceback', log.output)
        self.assertLess(len(log.output.splitlines()), 2)

    def test_what_cannot_be_stored_is_escaped(self):
        """The store raised, and the sender got 500."""
        seen = []

        def take(request):
            seen.append((request.params['id'], request.query['q'],
                         request.headers['X-A'], request.json()))
            return Response()

        url = self.serve(Route('POST', '/{id}', take))
        with socket.create_connection(
                ('127.0.0.1', int(url.rpartition(':')[2]))) as peer:
            peer.sendall(b'POST /a%ED%A0%80?q=%FF HTTP/1.1\r\nHost: a\r\n'
                         b'Connection: close\r\n'
                         b'X-A: \xff\r\nContent-Length: 10\r\n\r\n'
                         b'["\\ud800"]')
            while peer.recv(1000):
                pass
        (path, query, header, body), = seen
        self.assertEqual(('\\udcff', ['\\ud800']), (header, body))
        f'{path}{query}'.encode()

    def test_log_line_of_a_failure_is_one(self):
        """A line break in a path forged a line of the log."""
        log = self.useFixture(fixtures.FakeLogger())

        def fail(_request):
            raise RuntimeError('detail')

        url = self.serve(Route('GET', '/{name}', fail))
        self.assertEqual(500, self.ask(f'{url}/a%0Aforged')[0])
        self.assertIn('GET /a\\u000aforged failed', log.output)

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


class WaitingTest(ServerTestCase):
    """Nobody who waits holds up another."""

    def setUp(self):
        super().setUp()
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)

    def block(self, _request):
        self.gate.wait(PATIENCE_S)
        return Response()

    def hang(self, url, count):
        threads = [threading.Thread(target=self.try_to_ask, args=(url,),
                                    daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads

    def try_to_ask(self, url):
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.ask(url)

    def test_full_pool_refuses_at_once_and_is_seen(self):
        pool, other = Pool('a', threads=1, waiting=1), Pool('b')
        server = Server([Route('GET', '/slow', self.block, pool),
                         Route('GET', '/quick', lambda _: Response(), other)],
                        name='test')
        self.addCleanup(server.stop)
        url = server.start()
        self.assertEqual([pool, other], server.pools)
        self.hang(f'{url}/slow', 2)
        clock.wait_for(lambda: pool.is_full, clock.Deadline(PATIENCE_S),
                       what='the pool to be full')
        status, _body, headers = self.ask(f'{url}/slow')
        self.assertEqual((503, '1'), (status, headers['Retry-After']))
        self.assertEqual(200, self.ask(f'{url}/quick')[0])

    def test_hundreds_who_wait_hold_up_nobody(self):
        """Six who waited blocked all others, and the end, for 300 s."""
        outcomes = Outcomes()
        arrived = threading.Semaphore(0)

        async def wait(_request):
            arrived.release()
            await outcomes.wait('never', PATIENCE_S)
            return Response(202)

        server = Server([Route('GET', '/wait', wait),
                         Route('GET', '/quick', lambda _: Response())],
                        name='test')
        url = server.start()
        threads = self.hang(f'{url}/wait', 100)
        for _ in threads:
            self.assertTrue(arrived.acquire(timeout=PATIENCE_S))
        self.assertEqual(200, self.ask(f'{url}/quick')[0])
        outcomes.close()
        server.stop()
        for thread in threads:
            thread.join(PATIENCE_S)
            self.assertFalse(thread.is_alive())

    def test_end_is_not_delayed_by_what_blocks(self):
        pool = Pool('a', threads=1, waiting=5)
        server = Server([Route('GET', '/', self.block, pool)], name='test')
        self.hang(server.start(), 3)
        clock.wait_for(lambda: pool.taken == 3, clock.Deadline(PATIENCE_S),
                       what='the requests to arrive')
        began = clock.monotonic()
        server.stop()
        self.assertLess(clock.monotonic() - began, 10)


class DawdlingTest(ServerTestCase):
    """Who begins a request and does not go on holds up nobody."""

    def dawdle(self, url, text):
        port = int(url.rpartition(':')[2])
        peer = socket.create_connection(('127.0.0.1', port), PATIENCE_S)
        self.addCleanup(peer.close)
        peer.sendall(text)
        return peer

    def test_hundreds_of_begun_bodies(self):
        """They took all descriptors, and events timed out."""
        server = Server([Route('POST', '/', lambda _: Response())],
                        name='test', connections=20)
        self.addCleanup(server.stop)
        url = server.start()
        self.assertFalse(server.is_crowded)
        peers = [self.dawdle(url, b'POST / HTTP/1.1\r\nHost: a\r\n'
                             b'Content-Length: 9\r\n\r\n{')
                 for _ in range(100)]
        self.assertEqual(200, self.ask(f'{url}/', 'POST', b'whole')[0])
        self.assertTrue(server.is_crowded)
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual(b'', peers[0].recv(1000))
        peers[-1].sendall(b'rest-of-')
        self.assertIn(b' 200 ', peers[-1].recv(1000))

    def test_body_that_never_comes(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.web.server.BODY_S', 0.1))
        url = self.serve(Route('POST', '/', lambda _: Response()))
        peer = self.dawdle(url, b'POST / HTTP/1.1\r\nHost: a\r\n'
                           b'Content-Length: 9\r\n\r\n{')
        answer = b''.join(iter(lambda: peer.recv(1000), b''))
        self.assertIn(b' 408 ', answer)

    def test_head_that_never_comes(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.web.connections.HEAD_S', 0.1))
        url = self.serve(Route('GET', '/', lambda _: Response()))
        for text in (b'', b'GET / HT'):
            peer = self.dawdle(url, text)
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(b'', peer.recv(1000))

    def test_who_shows_no_token_need_not_send_the_body(self):
        """The body was read before anybody asked for a token."""
        gate = auth.Gate(SimpleNamespace(
            auth_strategy='keystone', host='0.0.0.0', auth_roles=['a']),
            None, None)
        url = self.serve(Route('POST', '/', lambda _: Response(), rule='r'),
                         gate=gate)
        peer = self.dawdle(url, b'POST / HTTP/1.1\r\nHost: a\r\n'
                           b'Content-Length: 9\r\n\r\n{')
        self.assertIn(b' 401 ', peer.recv(1000))


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
        """It was said to be no JSON."""
        url = self.serve(Route('GET', '/', lambda _: Response(
            json='x' * (8 << 20))))
        reply = self.request(f'{url}/')
        self.assertEqual(1 << 20, len(reply.body))
        error = self.assertRaises(HttpError, reply.json)
        self.assertIn('longer than 1048576 bytes', str(error))

    def test_limit_of_an_answer(self):
        url = self.serve(Route('GET', '/', lambda _: Response(json='x' * 8)))
        self.assertEqual('x' * 8, self.request(
            f'{url}/', max_answer=10).json())
        self.assertRaises(
            HttpError, self.request(f'{url}/', max_answer=9).json)

    def test_command_takes_a_long_answer(self):
        """With some 1500 faults, the list of them was said to be no JSON."""
        url = self.serve(Route('GET', '/faults', lambda _: Response(
            json={'faults': ['x' * (8 << 20)]})))
        self.assertEqual(8 << 20, len(inspector_api.ask(
            url, 'GET', '/faults')['faults'][0]))

    def test_files_that_are_not_there(self):
        error = self.assertRaises(ConfigError, client.tls_context,
                                  cafile='/no/ca.pem')
        self.assertIn('/no/ca.pem', str(error))

"""Webhooks' answers and names that are odd, on real sockets."""

import asyncio
import contextlib
import dataclasses
import socket
import ssl
import threading
import zlib

import fixtures

from doctor_core import clock
from doctor_core.fixtures import NotifierContract
from doctor_core.notifiers.http import HttpNotifier
from doctor_core.tests.functional import peers, test_notifiers
from doctor_core.tests.functional.test_notifiers import LONG_S, notice
from doctor_core.web.client import Client
from doctor_core.web.names import Names

CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
SECRETS = ('ann', 's3cret', 't0ken')


def endlessly(piece, head=CHUNKED):
    """A behaviour: the head, and pieces until somebody hangs up."""
    def answer(connection):
        connection.sendall(head)
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(piece)

    return answer


def badly(connection):
    """What is no chunk, some time after the head."""
    connection.sendall(CHUNKED)
    clock.sleep(0.1)
    connection.sendall(b'zz t0ken\r\n')


def bomb(connection):
    """A gigabyte, packed; the beginning is enough."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b''.join(packer.compress(bytes(1 << 20)) for _ in range(99))
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n'
                       b'Content-Length: 999999\r\n\r\n' + data)


class HttpContractTest(NotifierContract, test_notifiers.NotifierTestCase):
    plugin = HttpNotifier
    scheme = 'http'
    urls = ('http://host:80/path', 'http://[::1]/path')

    def setUp(self):
        super().setUp()
        self.unreachable = peers.refused_url()


class TestBodies(test_notifiers.NotifierTestCase):

    def test_the_head_tells(self):
        """What comes behind it was read, up to a megabyte of it."""
        for behaviour in (
                peers.half_an_answer, bomb, endlessly(b'1\r\na\r\n' * 5000),
                endlessly(b'x' * 65536, b'HTTP/1.1 200 OK\r\n\r\n'),
                CHUNKED, badly,
                b'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n'
                b'Content-Length: 3\r\n\r\nabc'):
            peer = self.peer(behaviour)
            began = clock.monotonic()
            self.assertIsNone(self.outcome(peer.url), behaviour)
            self.assertLess(clock.monotonic() - began, 5.0)
            self.assertEqual(1, len(peer.requests), behaviour)

    def test_a_refusal_needs_no_body_either(self):
        peer = self.peer(b'HTTP/1.1 404 x\r\nContent-Length: 9\r\n\r\n')
        self.assertIn('answered 404', str(self.outcome(peer.url)))

    def test_a_connection_serves_again(self):
        for answer in (
                peers.OK, CHUNKED + b'2\r\nok\r\n0\r\n\r\n',
                b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
                b'HTTP/1.1 204 x\r\n\r\n'):
            peer = self.peer(answer)
            deliverer = self.deliverer()
            for _ in range(5):
                self.assertIsNone(deliverer.deliver(
                    peer.url, notice()).exception(LONG_S))
            self.assertEqual(1, peer.connections(), answer)

    def test_one_with_more_to_say_does_not(self):
        peer = self.peer(b'HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n'
                         + b'x' * 9000)
        deliverer = self.deliverer()
        for _ in range(2):
            self.assertIsNone(deliverer.deliver(
                peer.url, notice()).exception(LONG_S))
        self.assertEqual(2, peer.connections())


class TestSecrets(test_notifiers.NotifierTestCase):

    def test_what_is_no_http(self):
        """The URL's query stood in the log and in GET /faults."""
        for answer in (
                b'HTTP/1.1 200 OK\r\nContent-Length: t0ken\r\n\r\n',
                b'SSH-2.0-s3cret\r\n', b't0ken\n', peers.reset,
                b'HTTP/1.1 200 OK\r\nX: \x1b[31mt0ken\x00\r\n\r\n',
                b'HTTP/1.1 200 OK\r\nX: t0ken' + b'a' * 20000 + b'\r\n\r\n',
                b'HTTP/1.1 307 X\r\nLocation: http://ann:s3cret@127.0.0.1:1/'
                b'?t0ken\r\nContent-Length: 0\r\n\r\n'):
            said = []
            peer = self.peer(answer)
            url = peer.url.replace('http://', 'http://ann:s3cret@')
            error = self.deliverer(deadline_s=0.3, retry_max_s=0.05).deliver(
                f'{url}?k=t0ken', dataclasses.replace(
                    notice(), failed=said.append)).exception(LONG_S)
            self.assertTrue(error.recoverable, answer)
            self.assertNotEqual([], said)
            for text in (str(error), *said, self.log.output):
                for secret in SECRETS:
                    self.assertNotIn(secret, text)
            self.assertTrue(''.join(said).isprintable())


class TestNames(test_notifiers.NotifierTestCase):

    def setUp(self):
        super().setUp()
        self.goes_on = threading.Event()
        self.addCleanup(self.goes_on.set)
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.web.names._by_the_system', self._look_up))

    def _look_up(self, host):
        if host.startswith('slow'):
            self.goes_on.wait(LONG_S)
            raise socket.gaierror(socket.EAI_AGAIN, 'Try again')
        return ['127.0.0.1']

    def test_those_that_nobody_answers_keep_nobody_waiting(self):
        """The owner of another project was never told."""
        peer = self.peer()
        deliverer = self.deliverer()
        slow = [deliverer.deliver(f'http://slow{number}.example/',
                                  dataclasses.replace(notice(),
                                                      project_id='a'))
                for number in range(100)]
        good = deliverer.deliver(
            peer.url.replace('127.0.0.1', 'good.example'),
            dataclasses.replace(notice(), project_id='b'))
        self.assertIsNone(good.exception(LONG_S))
        self.assertEqual([], [one for one in slow if one.done()])
        began = clock.monotonic()
        deliverer.close(0)
        self.assertLess(clock.monotonic() - began, 5.0)

    def test_a_redirect_by_name(self):
        peer = self.peer()
        port = peer.url.rpartition(':')[2]
        first = self.peer(peers.answer(
            307, f'Location: http://good.example:{port}'))
        self.assertIsNone(self.outcome(first.url))
        self.assertIn(b'Host: good.example:', peer.requests[0][0])


class TestClient(test_notifiers.NotifierTestCase):

    def test_it_goes_to_the_addresses_that_it_is_given(self):
        """Whatever the name means by then, and whoever was there before."""
        peer = self.peer()
        url = peer.url.replace('127.0.0.1', 'h.example')

        async def ask():
            client = Client(names=Names(lambda _: ['127.0.0.1']))
            try:
                replies = [await client.request('POST', url, at=at)
                           for at in ((), (), ['127.0.0.1'], ['127.0.0.1'])]
                return [reply.peer for reply in replies]
            finally:
                await client.close()

        self.assertEqual(['127.0.0.1'] * 4, asyncio.run(ask()))
        self.assertEqual(3, peer.connections())


class TestTls(test_notifiers.TlsTestCase):

    def consumer(self, *troubles):
        """One that is well after some troubles: its URL."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listener.close)

        def serve():
            for trouble in troubles:
                with listener.accept()[0] as connection:
                    connection.recv(65536)
                    connection.sendall(trouble)
            with contextlib.suppress(OSError), \
                    listener.accept()[0] as plain, \
                    context.wrap_socket(plain, server_side=True) as secret:
                secret.recv(65536)
                secret.sendall(peers.OK)
                secret.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        return f'https://127.0.0.1:{listener.getsockname()[1]}/'

    def test_troubles_that_pass(self):
        """One alert of a server that was just starting was final."""
        for trouble in (b'\x15\x03\x03\x00\x02\x02\x50',
                        b'\x15\x03\x03\x00\x02\x02\x28',
                        b'\x15\x03\x03\x00\x02\x02\x70',
                        b'HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n', b''):
            self.assertIsNone(self.outcome(
                self.consumer(trouble, trouble), retry_min_s=0.01,
                notifier_https__ca_file=self.cert), trouble)

    def test_a_certificate_that_is_not_trusted_is_final(self):
        error = self.outcome(self.consumer(), deadline_s=LONG_S)
        self.assertFalse(error.recoverable)
        self.assertIn('its certificate is not trusted', str(error))

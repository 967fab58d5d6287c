"""The server over TLS: silent peers, and the limit on connections."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import urllib.request

import fixtures
import testtools

from doctor_core import clock
from doctor_core.exceptions import ConfigError
from doctor_core.web.server import Response, Route, Server

PATIENCE_S = 60


def self_signed(certificate, key):
    """Write a new certificate of 127.0.0.1, and its key."""
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
         'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
         '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
         '-keyout', key, '-out', certificate],
        check=True, capture_output=True)


@testtools.skipUnless(shutil.which('openssl'),
                      'the command openssl is needed: install openssl')
class TlsTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.useFixture(fixtures.TempDir())
        self.key = folder.join('key.pem')
        self.tls = folder.join('cert.pem'), self.key
        self_signed(*self.tls)
        self.context = ssl.create_default_context(cafile=self.tls[0])

    def serve(self, **options):
        self.server = Server(
            [Route('POST', '/', lambda request: Response(body=request.body))],
            name='test', tls=self.tls, **options)
        self.addCleanup(self.server.stop)
        return self.server.start()

    def ask(self, url, body=b'x'):
        with urllib.request.urlopen(url, body, timeout=PATIENCE_S,
                                    context=self.context) as answer:
            return answer.read()

    def connect(self):
        peer = socket.create_connection(
            ('127.0.0.1', self.server.port), PATIENCE_S)
        self.addCleanup(peer.close)
        return peer

    def assert_closed(self, peer):
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual(b'', peer.recv(1000))

    def test_what_is_sent_is_received(self):
        url = self.serve()
        for body in (b'x', b'y' * (1 << 20)):
            self.assertEqual(body, self.ask(url, body))

    def test_one_file_with_certificate_and_key(self):
        self.tls = self.tls[0], ''
        with open(self.tls[0], 'a', encoding='utf-8') as both, \
                open(self.key, encoding='utf-8') as key:
            both.write(key.read())
        self.assertEqual(b'x', self.ask(self.serve()))

    def test_key_that_nobody_can_use_without_its_password(self):
        """The terminal was asked for it."""
        locked = f'{self.key}.locked'
        subprocess.run(['openssl', 'pkey', '-in', self.key, '-aes256',
                        '-passout', 'pass:secret', '-out', locked],
                       check=True, capture_output=True)
        self.tls = self.tls[0], locked
        error = self.assertRaises(ConfigError, self.serve)
        self.assertIn(f'tls_key = {locked}', str(error))

    def shown(self):
        """The certificate, as whoever connects gets to see it."""
        return ssl.get_server_certificate(('127.0.0.1', self.server.port),
                                          timeout=PATIENCE_S)

    def read(self, path):
        with open(path, encoding='utf-8') as file:
            return file.read()

    def test_a_certificate_that_was_replaced(self):
        """It was shown at the next start only."""
        url = self.serve()
        before = self.connect()
        with self.context.wrap_socket(before, server_hostname='127.0.0.1') \
                as open_one:
            self_signed(*self.tls)
            self.assertEqual(self.tls[0], self.server.renew_certificate())
            self.assertEqual(self.read(self.tls[0]), self.shown())
            self.context = ssl.create_default_context(cafile=self.tls[0])
            self.assertEqual(b'x', self.ask(url))
            open_one.sendall(b'POST / HTTP/1.1\r\nHost: a\r\n'
                             b'Content-Length: 1\r\n\r\nx')
            self.assertIn(b' 200 ', open_one.recv(1000))

    def test_a_pair_that_does_not_fit_yet(self):
        """Certificate and key are replaced one after the other."""
        url = self.serve()
        shown = self.shown()
        self_signed(self.tls[0], f'{self.key}.new')
        error = self.assertRaises(ConfigError, self.server.renew_certificate)
        self.assertIn(f'tls_cert = {self.tls[0]} with tls_key', str(error))
        self.assertNotIn('\n', str(error))
        self.assertEqual(shown, self.shown())
        self.assertEqual(b'x', self.ask(url))

    def test_request_that_comes_with_the_end_of_the_handshake(self):
        self.serve()
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        side = self.context.wrap_bio(received, sent,
                                     server_hostname='127.0.0.1')
        peer = self.connect()
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
        while True:
            peer.sendall(sent.read())
            received.write(peer.recv(1 << 16))
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
                break
        side.write(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n'
                   b'\r\nx')
        peer.sendall(sent.read())
        answer = b''
        while not answer.endswith(b'\r\n\r\nx'):
            received.write(peer.recv(1 << 16))
            with contextlib.suppress(ssl.SSLWantReadError):
                answer += side.read(1 << 16)
        self.assertIn(b' 200 ', answer)

    def test_silent_ones_are_counted(self):
        """They held a descriptor each, however many there were."""
        url = self.serve(connections=5)
        peers = [self.connect() for _ in range(60)]
        self.assertEqual(b'x', self.ask(url))
        self.assertTrue(self.server.is_crowded)
        for peer in peers[:55]:
            self.assert_closed(peer)

    def test_handshake_that_never_comes(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.web.connections.HEAD_S', 0.1))
        self.serve()
        self.assert_closed(self.connect())

    def test_what_is_no_handshake(self):
        url = self.serve(connections=5)
        for _ in range(20):
            peer = self.connect()
            peer.sendall(b'GET / HTTP/1.1\r\n\r\n')
            with contextlib.suppress(ConnectionResetError):
                while peer.recv(1000):  # an alert, perhaps
                    pass
        self.assertEqual(b'x', self.ask(url))
        self.assertFalse(self.server.is_crowded)

    def test_the_end_in_a_handshake(self):
        url = self.serve()
        peer = self.connect()
        self.ask(url)
        began = clock.monotonic()
        self.server.stop()
        self.assertLess(clock.monotonic() - began, 10)
        self.assert_closed(peer)

import contextlib
import dataclasses
import gzip
import itertools
import json
import socket
import threading
import types

import fixtures
import testtools
from keystoneauth1 import identity, session
from testtools import matchers

from doctor_core import clock
from doctor_core.cloud import adapter, bounds, credentials
from doctor_core.cloud.rest import Rest
from doctor_core.exceptions import CloudError

TOKEN = 'the-token'
TIMEOUT_S = 0.2
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'


class Peer(fixtures.Fixture):
    """Answers each connection with the next of some answers.

    :param answers: each one piece, or several that are sent one by one.
    :ivar heard: the heads of requests.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.heard = []
        self.ended = threading.Event()

    def _setUp(self):
        self._listening = socket.create_server(('127.0.0.1', 0))
        self.address = self._listening.getsockname()
        self.url = f'http://127.0.0.1:{self.address[1]}'
        thread = threading.Thread(target=self._serve)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self._listening.close)
        self.addCleanup(self._listening.shutdown, socket.SHUT_RDWR)
        self.addCleanup(self.ended.set)

    def _serve(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connection = connection
            with connection:
                self.heard.append(connection.recv(1 << 16))
                answer = self.answers.pop(0)
                try:
                    for piece in [answer] if isinstance(answer, bytes) \
                            else answer:
                        connection.sendall(piece)
                except OSError:
                    continue


def dripping(*head):
    """An answer of which there is always another piece, in time."""
    yield from head
    while True:
        clock.sleep(TIMEOUT_S / 8)
        yield b'x'


def redirect(location, status=302):
    return (f'HTTP/1.1 {status} Found\r\nLocation: {location}\r\n'
            'Content-Length: 0\r\nConnection: close\r\n\r\n').encode()


class Auth(identity.Password):
    """A user whom Keystone has given a token already."""

    def get_access(self, session, **kwargs):
        return types.SimpleNamespace(auth_token=TOKEN, project_id='p')


class AdapterTestCase(testtools.TestCase):

    def opened(self, peer, timeout_s=10.0, auth=Auth):
        """A cloud all of which is one peer."""
        user = auth(auth_url=f'{peer.url}/v3', username='doctor',
                    password='secret')
        return credentials._opened(
            session.Session(auth=user), None, 'public', timeout_s=timeout_s,
            source='here', override=lambda _service_type: peer.url)

    def peer(self, *answers):
        return self.useFixture(Peer(*answers))

    def refused(self, work, *args):
        error = self.assertRaises(CloudError, work, *args)
        self.assertTrue(error.recoverable)
        return str(error)


class TestRedirects(AdapterTestCase):

    def test_not_to_another(self):
        """A page to log in was sent the administrator's token."""
        other = self.peer(OK)
        for location in (f'{other.url}/login?ticket=hidden',
                         other.url.replace('http:', ''),
                         f'{other.url}\\@127.0.0.1/'):
            for method in ('GET', 'PUT'):
                error = self.refused(
                    Rest(self.opened(self.peer(redirect(location)))).send,
                    method, 'compute', '/servers')
                self.assertIn('instead of Nova: it leads to', error)
                self.assertNotIn('hidden', error)
        self.assertEqual([], other.heard)

    def test_nor_to_another_port_scheme_or_name(self):
        peer = self.peer()
        port = peer.address[1]
        for place in (f'https://127.0.0.1:{port}/', 'http://127.0.0.1/',
                      f'http://localhost:{port}/', 'http://[', 'ftp://x/',
                      f'http://127.0.0.1:{port}@other/'):
            peer.answers.append(redirect(place))
            self.assertIn('it leads to', self.refused(
                Rest(self.opened(peer)).get, 'compute', '/x'))
        self.assertEqual(6, len(peer.heard))

    def test_credentials_not_to_another(self):
        other = self.peer(OK)
        for status in (302, 307, 308):
            opened = self.opened(self.peer(redirect(other.url, status)),
                                 auth=identity.V3Password)
            self.assertIn('instead of Keystone: it leads to',
                          self.refused(opened.token))
        self.assertEqual([], other.heard)

    def test_within_the_same_service(self):
        peer = self.peer()
        for location in (f'{peer.url}/there', '/there'):
            peer.answers += [redirect(location), OK]
            self.assertEqual({}, Rest(self.opened(peer)).get('compute', '/x'))
            self.assertTrue(peer.heard[-1].startswith(b'GET /there '))
            self.assertIn(TOKEN.encode(), peer.heard[-1])

    def test_not_for_ever(self):
        peer = self.peer(*[redirect('/x')] * 9)
        opened = self.opened(peer)
        self.refused(Rest(opened.with_auth(opened.session.auth)).get,
                     'compute', '/x')
        self.assertEqual(4, len(peer.heard))

    def test_changes_are_not_asked_elsewhere_in_the_service(self):
        peer = self.peer()
        peer.answers.append(redirect(f'{peer.url}/there'))
        self.refused(Rest(self.opened(peer)).put, 'compute', '/x', {})
        self.assertEqual(1, len(peer.heard))


HEAD = b'HTTP/1.1 200 OK\r\n'
ENDLESS = HEAD + b'\r\n'


class TestBounds(AdapterTestCase):

    def test_an_answer_that_drips(self):
        """It was waited for without an end, as each piece was in time."""
        chunked = b'Transfer-Encoding: chunked\r\n\r\nffff\r\n'
        for head in (b'', HEAD, HEAD + b'X-', ENDLESS, HEAD + chunked,
                     b'HTTP/1.1 500 No\r\n\r\n'):
            for method in ('GET', 'PUT'):
                peer = self.peer(dripping(head))
                cloud = Rest(self.opened(peer, TIMEOUT_S))
                began = clock.monotonic()
                error = self.refused(cloud.send, method, 'compute', '/x?y=z')
                self.assertThat(clock.monotonic() - began,
                                matchers.LessThan(3 * TIMEOUT_S))
                self.assertIn('/x: no whole answer within 0.2 s', error)
                self.assertFalse(cloud.contacts()['compute'].answers)
                self.assertEqual(1, len(peer.heard))

    def test_no_answer_is_not_asked_for_twice(self):
        peer = self.peer([])
        peer.answers[0] = (b'' for _ in iter(peer.ended.is_set, True)
                           if clock.sleep(TIMEOUT_S / 8) is None)
        self.assertIn('no whole answer', self.refused(
            Rest(self.opened(peer, TIMEOUT_S)).get, 'compute', '/x'))
        self.assertEqual(1, len(peer.heard))

    def test_a_token_that_drips(self):
        """No other thread got a token any more."""
        peer = self.peer(dripping(ENDLESS), dripping(ENDLESS))
        opened = self.opened(peer, TIMEOUT_S, auth=identity.V3Password)
        for _ in range(2):
            self.assertIn('no whole answer', self.refused(opened.token))
        self.assertFalse(opened.contacts.seen()['identity'].answers)
        self.assertTrue(peer.heard[1].startswith(b'POST /v3/auth/tokens '))

    def test_an_answer_without_an_end(self):
        """It was kept in memory as far as that went."""
        piece = b'x' * (1 << 16)
        squeezed = gzip.compress(b'x' * (4 << 20))
        for answer in (
                itertools.chain([ENDLESS], itertools.repeat(piece)),
                [HEAD + b'Content-Encoding: gzip\r\n\r\n', squeezed]):
            opened = self.opened(self.peer(answer))
            session = opened.session.session
            for scheme in list(session.adapters):
                session.mount(scheme, adapter.Adapter(most=1 << 20))
            self.assertIn('longer than 1 MiB', self.refused(
                Rest(opened).get, 'compute', '/x'))

    def test_a_long_answer_in_pieces(self):
        text = json.dumps(list(range(100000))).encode()
        pieces = [text[at:at + 4000] for at in range(0, len(text), 4000)]
        peer = self.peer([b'%sContent-Length: %d\r\n\r\n' % (
            HEAD, len(text)), *pieces])
        self.assertEqual(100000, len(
            Rest(self.opened(peer)).get('compute', '/x')))

    def test_one_of_two_addresses_does_not_answer(self):
        """A silent one may not use up the time of the other."""
        peer = self.peer(OK)
        with contextlib.ExitStack() as stack:
            silent = stack.enter_context(
                socket.create_server(('127.0.0.1', 0), backlog=0))
            for _ in range(3):  # nobody else is let in
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(silent.getsockname())
            self.useFixture(fixtures.MonkeyPatch(
                'socket.getaddrinfo', lambda *_: [
                    (socket.AF_INET, socket.SOCK_STREAM, 6, '', address)
                    for address in (silent.getsockname(), peer.address)]))
            self.assertEqual({}, Rest(self.opened(peer, 3 * TIMEOUT_S)).get(
                'compute', '/x'))

    def test_the_connection_serves_again(self):
        peer = self.peer()

        def twice():
            yield OK
            peer.heard.append(peer.connection.recv(1 << 16))
            yield OK
        peer.answers.append(twice())
        cloud = Rest(self.opened(peer))
        for _ in range(2):
            self.assertEqual({}, cloud.get('compute', '/x'))
        self.assertEqual(2, len(peer.heard))

    def test_the_next_request_has_all_its_time(self):
        here, there = socket.socketpair()
        with here, there:
            here.settimeout(10.0)
            there.sendall(OK)
            with bounds.by(clock.Deadline(1.0)):
                answer = bounds._Source(here).makefile('rb')
                self.assertEqual(HEAD, answer.readline())
            answer.close()
            self.assertEqual(10.0, here.gettimeout())

    def test_behind_a_proxy(self):
        proxy = self.peer(dripping(HEAD))
        opened = self.opened(proxy, TIMEOUT_S)
        opened.session.session.proxies['http'] = proxy.url
        opened = dataclasses.replace(
            opened, override=lambda _service_type: 'http://nova.example')
        self.assertIn('no whole answer', self.refused(
            Rest(opened).get, 'compute', '/x'))
        self.assertTrue(proxy.heard[0].startswith(b'GET http://nova.ex'))

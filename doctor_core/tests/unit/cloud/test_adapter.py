import socket
import threading
import types

import fixtures
import testtools
from keystoneauth1 import identity, session

from doctor_core.cloud import credentials
from doctor_core.cloud.rest import Rest
from doctor_core.exceptions import CloudError

TOKEN = 'the-token'
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
        port = self._listening.getsockname()[1]
        self.url = f'http://127.0.0.1:{port}'
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
            with connection:
                self.heard.append(connection.recv(1 << 16))
                answer = self.answers.pop(0)
                try:
                    for piece in [answer] if isinstance(answer, bytes) \
                            else answer:
                        connection.sendall(piece)
                except OSError:
                    continue


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
        port = int(peer.url.rpartition(':')[2])
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

    def test_changes_are_not_asked_elsewhere_in_the_service(self):
        peer = self.peer()
        peer.answers.append(redirect(f'{peer.url}/there'))
        self.refused(Rest(self.opened(peer)).put, 'compute', '/x', {})
        self.assertEqual(1, len(peer.heard))

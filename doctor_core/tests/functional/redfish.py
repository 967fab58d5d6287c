"""A BMC of the tests' own: as much of Redfish as sushy wants to see."""

import contextlib
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fixtures

_ROOT = '/redfish/v1'
_SYSTEM = f'{_ROOT}/Systems/1'


class RedfishServer(fixtures.Fixture):
    """Keeps the power of one system, or of several.

    :ivar url: its address.
    :ivar on: whether the system has power.
    :ivar sessions: how many are logged in.
    :ivar asked: the resets that it was asked for.
    :ivar looks: how often a system was looked at.
    :ivar slow: how many looks at the system a reset takes.
    :ivar elsewhere: where it sends who asks it for anything; empty when it
        answers by itself.
    :ivar mood: ``nothing``: it takes connections and never answers;
        ``once``: so with the next one; ``nonsense``: what it says is not
        Redfish; seconds: so late it is.
    :param tls: the files of a certificate and its key; None for none.
    """

    def __init__(self, systems=1, tls=None):
        super().__init__()
        self.mood = 0.0
        self.elsewhere = ''
        self.going = threading.Event()
        self._tls = tls
        self.on = True
        self.asked = []
        self.slow = 2
        self.sessions = 0
        self.looks = 0
        self._pending = 0
        self._systems = systems

    def _setUp(self):
        handler = type('Handler', (_Handler,), {'bmc': self})
        server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._tls)
            server.socket = context.wrap_socket(
                server.socket, server_side=True,
                do_handshake_on_connect=False)
            # Who does not trust it hangs up.
            server.handle_error = lambda *_words: None
        thread = threading.Thread(target=server.serve_forever,
                                  kwargs={'poll_interval': 0.05})
        thread.start()
        self.url = f'http{"s" if self._tls else ""}://127.0.0.1:' \
            f'{server.server_port}'
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.addCleanup(self.going.set)

    def look(self, path):
        """The resource at a path; None when there is none."""
        if path == _ROOT:
            return {'Id': 'RootService', 'Name': 'Root',
                    'RedfishVersion': '1.6.0', 'UUID': 'x',
                    'Systems': {'@odata.id': f'{_ROOT}/Systems'},
                    'SessionService': {'@odata.id': f'{_ROOT}/Sessions'},
                    'Links': {'Sessions': {
                        '@odata.id': f'{_ROOT}/Sessions/Sessions'}}}
        if path == f'{_ROOT}/Systems':
            return {'Name': 'Systems', 'Members': [
                {'@odata.id': f'{_ROOT}/Systems/{number + 1}'}
                for number in range(self._systems)]}
        if path.startswith(f'{_ROOT}/Systems/'):
            self.looks += 1
            if self._pending:
                self._pending -= 1
                self.on = self.on if self._pending else not self.on
            return {'Id': '1', 'Name': 'System', 'UUID': 'x',
                    'PowerState': 'On' if self.on else 'Off',
                    'Actions': {'#ComputerSystem.Reset': {
                        'target': f'{_SYSTEM}/Actions/ComputerSystem.Reset',
                        'ResetType@Redfish.AllowableValues': [
                            'On', 'ForceOff']}}}
        return None

    def reset(self, what):
        """Do it some looks later."""
        self.asked.append(what)
        if self.on == (what == 'ForceOff'):
            self._pending = self.slow


class _Handler(BaseHTTPRequestHandler):

    protocol_version = 'HTTP/1.1'

    def log_message(self, *_words):
        pass

    def parse_request(self):
        """What was asked is answered by its method, in another mood not."""
        if not super().parse_request():
            return False
        mood = self.bmc.mood
        if mood == 'nonsense':
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n'
                             b'<html/>')
        elif mood in ('nothing', 'once'):
            self.bmc.mood = 0.0 if mood == 'once' else mood
            self.bmc.going.wait()
        else:
            self.bmc.going.wait(mood)
            return True
        self.close_connection = True
        return False

    def _answer(self, status, body=None, **headers):
        content = b'' if body is None else json.dumps(body).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace('_', '-'), value)
            if self.close_connection:
                # Else who asks sends the next question into the end of it.
                self.send_header('Connection', 'close')
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def _refused(self):
        if self.bmc.elsewhere:
            self._answer(307, Location=self.bmc.elsewhere + self.path)
            return True
        known = self.path.rstrip('/') in (_ROOT,) or self.headers.get(
            'X-Auth-Token') == 'token'
        if not known:
            self._answer(401, {'error': {'message': 'who are you?'}})
        return not known

    def do_GET(self):
        if self._refused():
            return
        found = self.bmc.look(self.path.rstrip('/'))
        self._answer(200 if found else 404, found or {})

    def do_POST(self):
        body = json.loads(self.rfile.read(
            int(self.headers['Content-Length'])) or b'{}')
        if self.path.endswith('/Sessions') and not self.bmc.elsewhere:
            if body.get('Password') != 'xyzzy':
                self._answer(401, {'error': {'message': 'no'}})
                return
            self.bmc.sessions += 1
            self._answer(201, {'Id': '1'}, X_Auth_Token='token',
                         Location=f'{_ROOT}/Sessions/Sessions/1')
        elif not self._refused():
            self.bmc.reset(body['ResetType'])
            self._answer(204)

    def do_DELETE(self):
        self.bmc.sessions -= 1
        self._answer(204)

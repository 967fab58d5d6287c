import http.server
import json
import threading
from typing import ClassVar

import testtools

from doctor_core import plugins
from doctor_core.exceptions import BackendError
from doctor_core.fixtures import EvidenceContract
from doctor_core.model import Host
from doctor_core.model.evidence import EvidenceKind


class Switch(http.server.BaseHTTPRequestHandler):
    """Tells of the ports of hosts by their names."""

    ports: ClassVar[dict[str, str]] = {}

    def do_GET(self):
        name = self.path.removeprefix('/ports/')
        self.send_response(200 if name in self.ports else 404)
        self.end_headers()
        self.wfile.write(self.ports.get(name, '').encode())

    def log_message(self, *_what):
        pass


class SwitchCorroboratorTest(EvidenceContract, testtools.TestCase):

    hosts = (Host('compute-1'), Host('compute-2'))
    kinds = (EvidenceKind.LINK_DOWN,)

    def setUp(self):
        super().setUp()
        self.plugin = plugins.load('corroborators', 'switch')
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Switch)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.values = {'url': f'http://127.0.0.1:{server.server_port}'}
        for host in self.hosts:
            self.set_port(host, json.dumps({'link': 'up'}))

    def set_port(self, host, said):
        Switch.ports[host.name] = said

    def show(self, host):
        self.set_port(host, json.dumps({'link': 'down'}))

    def test_what_cannot_be_read_says_nothing(self):
        corroborator = self.begin()
        for said in ('', '[]', '{}'):
            self.set_port(self.hosts[0], said)
            self.assertRaises(BackendError, corroborator.ask, self.hosts[0],
                              ())

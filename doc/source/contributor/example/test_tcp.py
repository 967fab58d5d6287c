import socket

import testtools

from doctor_core import plugins
from doctor_core.fixtures import WatchContract
from doctor_core.model import Host


class TcpMonitorTest(WatchContract, testtools.TestCase):
    """Hosts are addresses of the loopback on which a socket listens."""

    hosts = tuple(Host(f'compute-{number}', (f'127.91.0.{number}',))
                  for number in (1, 2, 3))

    def setUp(self):
        super().setUp()
        self.plugin = plugins.load('monitors', 'tcp')
        self.listening = {}
        self.port = 0
        for host in self.hosts:
            self.heal(host)
            self.addCleanup(self.fail, host)
        self.values = {'port': self.port, 'interval_s': 0.05, 'misses': 2,
                       'soak_s': 0.0, 'hold_down_s': 0.0}

    def fail(self, host):
        if host in self.listening:
            self.listening.pop(host).close()

    def heal(self, host):
        server = socket.create_server((host.address, self.port),
                                      backlog=1000)
        self.port = server.getsockname()[1]
        self.listening[host] = server

"""Hosts in network namespaces, behind a switch, with links to cut."""

import itertools
import os
import subprocess

import fixtures

from doctor_core.tests.functional import requirements

_COUNTER = itertools.count()


class Namespaces(fixtures.Fixture):
    """A monitor's namespace, a switch, and so many hosts.

    :ivar monitor: the monitor's namespace.
    :ivar hosts: (IPv4 address, IPv6 address) by host name.
    """

    def __init__(self, test, count):
        super().__init__()
        requirements.need_root(test)
        self._ip = requirements.need_command(
            test, 'ip', 'apt-get install iproute2')
        requirements.require(
            test, self._works(), 'network namespaces',
            'a kernel with CONFIG_NET_NS, and CAP_SYS_ADMIN')
        self._prefix = f'dct{os.getpid()}n{next(_COUNTER)}'
        self.monitor = f'{self._prefix}m'
        self._switch = f'{self._prefix}s'
        self.hosts = {f'h{i}': (f'10.90.0.{i}', f'fd90::{i}')
                      for i in range(1, count + 1)}

    def _works(self):
        return subprocess.run(['unshare', '-n', 'true'], check=False,
                              capture_output=True).returncode == 0

    def ip(self, *lines, space=None):
        """Run ``ip`` commands, in a namespace or here."""
        where = ['-n', space] if space else []
        subprocess.run([self._ip, *where, '-batch', '-'], check=True,
                       text=True, input='\n'.join(lines),
                       capture_output=True)

    def _setUp(self):
        for name in (self.monitor, self._switch, *self._host_spaces()):
            self.ip(f'netns add {name}')
            self.addCleanup(self.ip, f'netns del {name}')
        self.ip('link add br0 type bridge', 'link set br0 up',
                space=self._switch)
        self._plug('mon', self.monitor, '10.90.1.1', 'fd90::1:1')
        for name, addresses in self.hosts.items():
            self._plug(name, f'{self._prefix}{name}', *addresses)

    def _host_spaces(self):
        return [f'{self._prefix}{name}' for name in self.hosts]

    def _plug(self, port, space, address, address6):
        """A cable from the switch to a namespace."""
        self.ip(f'link add {port} type veth peer name eth0 netns {space}',
                f'link set {port} master br0 up', space=self._switch)
        self.ip('link set lo up', 'link set eth0 up',
                f'addr add {address}/16 dev eth0',
                f'addr add {address6}/64 dev eth0 nodad', space=space)

    def cut(self, port):
        """Pull the cable of a host, or of the monitor (``mon``)."""
        self.ip(f'link set {port} down', space=self._switch)

    def plug(self, port):
        """Put it back."""
        self.ip(f'link set {port} up', space=self._switch)

    def enter(self):
        """What to put in front of a command for the monitor's namespace."""
        return [self._ip, 'netns', 'exec', self.monitor]

"""A machine that is reached through a cable, which may be cut."""

import contextlib
import itertools
import os
import subprocess

from doctor_core import clock
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.machines import Machine

WAIT_S = 60
_COUNTER = itertools.count()


class LinkedMachine(Machine):
    """A machine in a network namespace, with two cables to this one.

    It is reached at ``address`` through its ``eth0`` and at ``other``
    through its ``eth1``, and has routes of all kinds through ``eth0``.

    :ivar space: the name of its namespace.
    """

    def __init__(self, test):
        super().__init__(test, port=22)
        self._ip_command = requirements.need_command(
            test, 'ip', 'apt-get install iproute2')
        requirements.require(
            test, subprocess.run(['unshare', '-n', 'true'], check=False,
                                 capture_output=True).returncode == 0,
            'network namespaces', 'a kernel with CONFIG_NET_NS, and '
            'CAP_SYS_ADMIN')
        number = next(_COUNTER)
        self.space = f'dcl{os.getpid()}n{number}'
        self._cables = [f'dcl{os.getpid()}{letter}{number}'[-15:]
                        for letter in 'ab']
        high, low = 64 + os.getpid() // 250 % 64, os.getpid() % 250
        self._nets = [f'10.{high}.{low}.{16 * (number % 16) + offset}'
                      for offset in (0, 8)]
        self.address, self.other = (self._at(net, 2) for net in self._nets)

    @staticmethod
    def _at(net, host):
        start, _, last = net.rpartition('.')
        return f'{start}.{int(last) + host}'

    def ip(self, line, inside=True):
        """Run an ``ip`` command there, or here; what it writes."""
        where = ['-n', self.space] if inside else []
        return subprocess.run(
            [self._ip_command, *where, *line.split()], check=True,
            text=True, capture_output=True).stdout

    def _setUp(self):
        self.ip(f'netns add {self.space}', inside=False)
        self.addCleanup(self._remove)
        self.ip('link set lo up')
        for index, (cable, net) in enumerate(zip(
                self._cables, self._nets, strict=True)):
            self.ip(f'link add {cable} type veth peer name eth{index} '
                    f'netns {self.space}', inside=False)
            self.ip(f'link set {cable} up', inside=False)
            self.ip(f'addr add {self._at(net, 1)}/29 dev {cable}',
                    inside=False)
            self.ip(f'link set eth{index} up')
            self.ip(f'addr add {self._at(net, 2)}/29 dev eth{index}')
            self.ip(f'addr add fd91:0:0:{index}::2/64 dev eth{index} nodad')
        gateway = self._at(self._nets[0], 1)
        for route in (f'default via {gateway}',
                      f'10.99.0.0/16 via {gateway} metric 7',
                      f'10.98.0.0/16 via {gateway} table 77',
                      'blackhole 10.97.0.0/16', 'default via fd91::1',
                      'fd99::/48 via fd91::1 table 77'):
            self.ip(f'route add {route}')
        super()._setUp()

    def _remove(self):
        """The namespace, and what still waits in it to restore a link."""
        pids = self.ip(f'netns pids {self.space}', inside=False).split()
        subprocess.run(['kill', '-KILL', *pids], check=False,
                       capture_output=True)
        self.ip(f'netns del {self.space}', inside=False)
        for cable in self._cables:
            # A connection that still ends may keep the namespace.
            with contextlib.suppress(subprocess.CalledProcessError):
                self.ip(f'link del {cable}', inside=False)

    def _config(self):
        return [*super()._config(), f'ListenAddress {self.other}:22']

    def _command(self, config):
        return [self._ip_command, 'netns', 'exec', self.space,
                *super()._command(config)]

    def cut(self):
        """Pull the first cable, at this end."""
        self.ip(f'link set {self._cables[0]} down', inside=False)

    def network(self):
        """Its addresses and routes, line by line, sorted."""
        said = [self.ip(what) for what in (
            '-o addr show', '-4 route show table all',
            '-6 route show table all')]
        return sorted(line.split('valid_lft')[0].strip()
                      for line in ''.join(said).splitlines())

    def settled(self):
        """The same, when no address is new to the network any more."""
        return clock.wait_for(
            lambda: not any('tentative' in line for line in self.network())
            and self.network(), clock.Deadline(WAIT_S),
            what='the addresses to settle')

    def is_up(self, device='eth0'):
        """Whether a link is up, as its administrator sees it."""
        return bool(self.ip(f'-o link show dev {device} up'))

    def listens(self, port):
        """Whether somebody listens on a port of its IPv4 loopback."""
        with open(f'/proc/{self._process.pid}/net/tcp',
                  encoding='ascii') as file:
            return any(line.split()[1] == f'0100007F:{port:04X}'
                       and line.split()[3] == '0A' for line in file)

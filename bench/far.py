"""Thousands of hosts in one network namespace, to be cut in a millisecond.

One namespace answers for a whole prefix; a host is cut by a blackhole route
for its address, all of them by the cable of the monitor's namespace.
"""

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from doctor_core.exceptions import ConfigError

_COUNTER = itertools.count()
#: So often is a route made and removed that leads nowhere: some 4 ms.
_BLINK = 100


class Far:
    """The namespaces of the monitor and of the hosts; a context manager.

    :param count: how many hosts.
    :param networks: on how many networks each host has an address; a network
        has a cable of its own.
    :ivar addresses: of the hosts on the first network.
    :ivar networks: of the hosts on each network.
    :ivar witnesses: an address on each network that is none of a host.
    :raises ConfigError: namespaces cannot be made here.
    """

    def __init__(self, count: int, networks: int = 1) -> None:
        self.networks = [[f'10.{78 + net}.{i // 250}.{1 + i % 250}'
                          for i in range(count)] for net in range(networks)]
        self.addresses = self.networks[0]
        self.witnesses = [f'10.77.{net}.2' for net in range(networks)]
        prefix = f'bench{os.getpid()}n{next(_COUNTER)}'
        self.near, self.far = f'{prefix}near', f'{prefix}far'
        if os.geteuid() or not shutil.which('ip'):
            raise ConfigError(
                'This bench needs root, or a user namespace (unshare -Urn is '
                'not enough: ip netns needs a writable /run), and the '
                'command ip (apt-get install iproute2).')

    def __enter__(self) -> 'Far':
        self._ip(f'netns add {self.near}', f'netns add {self.far}')
        self._ip('link set lo up', space=self.far)
        self._ip('link set lo up', space=self.near)
        for net in range(len(self.networks)):
            self._connect(net)
        # Started before it is needed: a process takes longer than a cut.
        self._cutter = subprocess.Popen(
            ['stdbuf', '-oL', 'ip', '-n', self.far, '-force', '-batch', '-'],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            bufsize=1)
        # A cut lasts as long as it should on a busy machine, too.
        os.sched_setscheduler(self._cutter.pid, os.SCHED_FIFO,
                              os.sched_param(50))
        return self

    def _connect(self, net: int) -> None:
        cable, middle = f'eth{net}', f'10.77.{net}'
        hosts = f'10.{78 + net}.0.0/16'
        self._ip(f'link add {cable} type veth peer name {cable} '
                 f'netns {self.near}', f'link set {cable} up',
                 f'addr add {middle}.2/24 dev {cable}',
                 f'route add local {hosts} dev lo', space=self.far)
        self._ip(f'link set {cable} up',
                 f'addr add {middle}.1/24 dev {cable}',
                 f'route add {hosts} via {middle}.2', space=self.near)

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._cutter.communicate('')
        self._ip(f'netns del {self.near}', f'netns del {self.far}')

    def _ip(self, *lines: str, space: str = '') -> None:
        where = ['-n', space] if space else []
        subprocess.run(['ip', *where, '-batch', '-'], check=True, text=True,
                       input='\n'.join(lines), capture_output=True)

    def _tell(self, line: str) -> None:
        assert self._cutter.stdin
        self._cutter.stdin.write(f'{line}\n')
        self._cutter.stdin.flush()

    def settled(self) -> None:
        """Return when all that was told is done."""
        assert self._cutter.stdout
        self._tell('route get 127.0.0.1')
        while not self._cutter.stdout.readline().startswith('local 127.'):
            pass

    def cut(self, *addresses: str) -> None:
        """Let hosts answer no more, there."""
        self._route('add', addresses)

    def heal(self, *addresses: str) -> None:
        """Let them answer again."""
        self._route('del', addresses)

    def _route(self, what: str, addresses: Iterable[str]) -> None:
        self._tell('\n'.join(self._routes(what, addresses)))

    def _routes(self, what: str, addresses: Iterable[str]) -> Iterator[str]:
        return (f'route {what} blackhole {address}/32 table 255'
                for address in addresses)

    def blink(self, *addresses: str) -> None:
        """Let hosts not answer for some milliseconds: for less than a process
        that is told twice may take.
        """
        nothing = '10.77.0.0/31 dev lo table 99'
        self._tell('\n'.join((
            *self._routes('add', addresses),
            *(f'route {what} {nothing}' for _ in range(_BLINK)
              for what in ('add', 'del')),
            *self._routes('del', addresses))))

    def cut_uplink(self) -> None:
        """Pull the monitor's own cables."""
        self._uplink('down')

    def heal_uplink(self) -> None:
        """Put them back."""
        self._uplink('up')

    def _uplink(self, state: str) -> None:
        self._tell('\n'.join(f'link set eth{net} {state}'
                             for net in range(len(self.networks))))

    @contextlib.contextmanager
    def jittered(self, jitter_ms: float) -> Iterator[None]:
        """Answer each probe up to so much later, so that answers overtake
        each other.
        """
        self._sysctl('net.ipv4.icmp_echo_ignore_all=1')
        responder = subprocess.Popen(
            ['ip', 'netns', 'exec', self.far, sys.executable, '-m',
             'bench.responder', str(jitter_ms)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            cwd=Path(__file__).parent.parent)
        try:
            assert responder.stdout
            responder.stdout.readline()
            yield
        finally:
            self._sysctl('net.ipv4.icmp_echo_ignore_all=0')
            responder.communicate('')

    def _sysctl(self, setting: str) -> None:
        subprocess.run(['ip', 'netns', 'exec', self.far, 'sysctl', '-qw',
                        setting], check=True)

    def lose(self, percent: int) -> None:
        """Lose so many of a hundred probes, at random.

        :raises ConfigError: nftables is not installed.
        """
        if not shutil.which('nft'):
            raise ConfigError('Loss needs nft (apt-get install nftables).')
        subprocess.run(
            ['ip', 'netns', 'exec', self.far, 'nft', '-f', '-'], check=True,
            text=True, input=(
                'table ip bench { chain lost { type filter hook prerouting '
                f'priority 0; numgen random mod 100 < {percent} drop; }}; }}'
            ))


def end(process: 'subprocess.Popen[str]') -> None:
    """End a process that does when its standard input ends, or at once."""
    assert process.stdin
    process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""Thousands of hosts in one network namespace, to be cut in a millisecond.

One namespace answers for a whole prefix; a host is cut by a blackhole route
for its address, all of them by the cable of the monitor's namespace.
"""

import itertools
import os
import shutil
import subprocess
from types import TracebackType

from doctor_core.exceptions import ConfigError

_COUNTER = itertools.count()


class Far:
    """The namespaces of the monitor and of the hosts; a context manager.

    :param count: how many hosts.
    :raises ConfigError: namespaces cannot be made here.
    """

    def __init__(self, count: int) -> None:
        self.addresses = [f'10.78.{i // 250}.{1 + i % 250}'
                          for i in range(count)]
        prefix = f'bench{os.getpid()}n{next(_COUNTER)}'
        self.near, self.far = f'{prefix}near', f'{prefix}far'
        if os.geteuid() or not shutil.which('ip'):
            raise ConfigError(
                'This bench needs root, or a user namespace (unshare -Urn is '
                'not enough: ip netns needs a writable /run), and the '
                'command ip (apt-get install iproute2).')

    def __enter__(self) -> 'Far':
        self._ip(f'netns add {self.near}', f'netns add {self.far}')
        self._ip('link set lo up',
                 f'link add eth0 type veth peer name eth0 netns {self.near}',
                 'link set eth0 up', 'addr add 10.77.0.2/24 dev eth0',
                 'route add local 10.78.0.0/16 dev lo', space=self.far)
        self._ip('link set lo up', 'link set eth0 up',
                 'addr add 10.77.0.1/24 dev eth0',
                 'route add 10.78.0.0/16 via 10.77.0.2', space=self.near)
        # Started before it is needed: a process takes longer than a cut.
        self._cutter = subprocess.Popen(
            ['ip', '-n', self.far, '-force', '-batch', '-'], text=True,
            stdin=subprocess.PIPE, bufsize=1)
        return self

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

    def cut(self, address: str) -> None:
        """Let a host answer no more."""
        self._tell(f'route add blackhole {address}/32 table 255')

    def heal(self, address: str) -> None:
        """Let it answer again."""
        self._tell(f'route del blackhole {address}/32 table 255')

    def cut_uplink(self) -> None:
        """Pull the monitor's own cable."""
        self._tell('link set eth0 down')

    def heal_uplink(self) -> None:
        """Put it back."""
        self._tell('link set eth0 up')

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

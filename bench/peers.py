"""Detectors of others, as processes that write like :mod:`.watch`.

``python -m bench.peers NAME INTERVAL_MS TIMEOUT_MS < ADDRESSES``.
A peer takes one missed probe for down, as it comes.
"""

import asyncio
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from bench.watch import say
from doctor_core.monitors.probing.icmp import checksum

_ECHO = struct.Struct('!BBHHH')


class Told:
    """Writes who changed."""

    def __init__(self) -> None:
        self._down: set[str] = set()

    def __call__(self, address: str, alive: bool) -> None:
        if alive and address in self._down:
            self._down.discard(address)
            say(f'up {address} {time.monotonic()}')
        elif not alive and address not in self._down:
            self._down.add(address)
            say(f'down {address} {time.monotonic()}')


def fping(addresses: Sequence[str], interval_s: float, timeout_s: float,
          told: Told) -> None:
    """Debian's fping, in a loop, its output read."""
    process = subprocess.Popen(
        ['fping', '-l', '-p', f'{interval_s * 1000:g}',
         '-t', f'{timeout_s * 1000:g}', '-i', '0', *addresses], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    say('ready')
    threading.Thread(target=_end_with_input, args=(process,),
                     daemon=True).start()
    assert process.stdout
    for line in process.stdout:
        address, _colon, rest = line.partition(' :')
        told(address.strip(), 'timed out' not in rest)


def _end_with_input(process: 'subprocess.Popen[str]') -> None:
    sys.stdin.read()
    process.terminate()


def icmplib(addresses: Sequence[str], interval_s: float, timeout_s: float,
            told: Told) -> None:
    """icmplib's asynchronous ping of many, round after round."""
    from icmplib import async_multiping

    async def watch() -> None:
        say('ready')
        while True:
            began = time.monotonic()
            for host in await async_multiping(
                    list(addresses), count=1, timeout=timeout_s,
                    concurrent_tasks=len(addresses)):
                told(host.address, host.is_alive)
            await asyncio.sleep(
                max(0.0, began + interval_s - time.monotonic()))

    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)),
                     daemon=True).start()
    asyncio.run(watch())


def threads(addresses: Sequence[str], interval_s: float, timeout_s: float,
            told: Told) -> None:
    """A thread and a raw socket for each host; the source is checked."""
    for index, address in enumerate(addresses):
        threading.Thread(target=_watch_one, daemon=True, args=(
            address, index, interval_s, timeout_s, told)).start()
    say('ready')
    sys.stdin.read()


def _watch_one(address: str, index: int, interval_s: float,
               timeout_s: float, told: Told) -> None:
    pinger = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                           socket.IPPROTO_ICMP)
    while True:
        packet = _ECHO.pack(8, 0, 0, index & 0xffff, 0)
        pinger.sendto(_ECHO.pack(8, 0, checksum(packet), index & 0xffff, 0),
                      (address, 0))
        deadline = time.monotonic() + timeout_s
        told(address, _answered(pinger, address, deadline))
        time.sleep(interval_s)


def _answered(pinger: socket.socket, address: str, deadline: float) -> bool:
    while (left_s := deadline - time.monotonic()) > 0:
        if select.select([pinger], [], [], left_s)[0] \
                and pinger.recvfrom(256)[1][0] == address:
            return True
    return False


_Peer = Callable[[Sequence[str], float, float, Told], None]
PEERS: dict[str, _Peer] = {
    'fping': fping, 'icmplib': icmplib, 'threads': threads}


def missing(name: str) -> str:
    """Why a peer cannot run here; empty when it can."""
    if name == 'fping' and not shutil.which('fping'):
        return 'apt-get install fping'
    if name == 'icmplib':
        try:
            import icmplib  # noqa: F401  # type: ignore[import-untyped]
        except ImportError:
            return 'pip install icmplib'
    return ''


def main() -> None:
    """Run one peer until the input ends."""
    name, interval_ms, timeout_ms = sys.argv[1:]
    addresses = sys.stdin.readline().split()
    if not all(re.fullmatch(r'[0-9.]+', address) for address in addresses):
        raise SystemExit('not an IPv4 address')
    PEERS[name](addresses, float(interval_ms) / 1000,
                float(timeout_ms) / 1000, Told())


if __name__ == '__main__':
    main()

"""Who listens at a port or is connected to it."""

import contextlib
import os
import socket
from pathlib import Path

from openstack_bed import processes

#: State of a connection in /proc/net/tcp.
_ESTABLISHED = '01'


def is_free(port: int) -> bool:
    """Whether a local port can be listened at."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(('127.0.0.1', port))
        except OSError:
            return False
    return True


def connected(group: int, port: int) -> bool:
    """Whether a process of a group has a connection to a local port."""
    wanted = {f'socket:[{inode}]' for inode in _inodes(port)}
    return any(_links(member) & wanted for member in processes.members(group))


def _inodes(port: int) -> set[str]:
    """The sockets that are connected to a port, at this end."""
    found = set()
    for line in Path('/proc/net/tcp').read_text().splitlines()[1:]:
        fields = line.split()
        if (fields[3] == _ESTABLISHED
                and int(fields[2].rpartition(':')[2], 16) == port):
            found.add(fields[9])
    return found


def _links(process: int) -> set[str]:
    folder = f'/proc/{process}/fd'
    found = set()
    # It may have just ended, or closed something.
    with contextlib.suppress(OSError):
        for number in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                found.add(os.readlink(f'{folder}/{number}'))
    return found

"""What ``ip link`` and ``ip address`` do, of which many machines have none.

Formats: linux/netlink.h, linux/rtnetlink.h, linux/if_link.h and
linux/veth.h; ``man 7 rtnetlink``.
"""

import errno
import os
import socket
import struct
from typing import Final

_HEADER = struct.Struct('=IHHII')
_LINK = struct.Struct('=BxHiII')
_ADDRESS = struct.Struct('=BBBBI')
_ATTRIBUTE = struct.Struct('=HH')
_ERROR: Final = 2
_NEW_LINK, _NEW_ADDRESS = 16, 20
_REQUEST, _ACKNOWLEDGE, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x200, 0x400
_UP: Final = 1
#: Attributes of links, of what kind they are, of pairs, and of addresses.
_NAME, _MASTER, _INFO, _NAMESPACE = 3, 10, 18, 28
_KIND, _DATA = 1, 2
_PEER: Final = 1
_WHOLE, _LOCAL = 1, 2


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, filled up to a multiple of four bytes."""
    return (_ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value
            + bytes(-len(value) % 4))


def _number(value: int) -> bytes:
    return struct.pack('=I', value)


def _link(index: int = 0, flags: int = 0, change: int = 0) -> bytes:
    return _LINK.pack(socket.AF_UNSPEC, 0, index, flags, change)


def _named(name: str) -> bytes:
    return attribute(_NAME, name.encode() + b'\0')


class Netlink:
    """A line to the kernel, on the network namespace that it was made in.

    One thread at a time. All methods wait for the kernel's answer, some
    milliseconds, and raise OSError when it refuses.

    :param line: who answers; the kernel when None.
    """

    def __init__(self, line: socket.socket | None = None) -> None:
        self._socket = line or socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)

    def close(self) -> None:
        """Let go of the line; may be called again."""
        self._socket.close()

    def add_bridge(self, name: str) -> None:
        """Make a bridge that is up."""
        self._ask(_NEW_LINK, _CREATE | _EXCLUSIVE,
                  _link(flags=_UP, change=_UP) + _named(name)
                  + attribute(_INFO, attribute(_KIND, b'bridge')))

    def add_cable(self, name: str, bridge: int, far: str, space: int) -> None:
        """Make a pair of interfaces that are joined by a cable.

        :param name: of the near one, which is up.
        :param bridge: the index of the bridge that it is a port of.
        :param far: the name of the other one.
        :param space: a descriptor of the network namespace of that.
        """
        peer = _link() + _named(far) + attribute(_NAMESPACE, _number(space))
        self._ask(_NEW_LINK, _CREATE | _EXCLUSIVE,
                  _link(flags=_UP, change=_UP) + _named(name)
                  + attribute(_MASTER, _number(bridge))
                  + attribute(_INFO, attribute(_KIND, b'veth')
                              + attribute(_DATA, attribute(_PEER, peer))))

    def set_up(self, index: int, *, up: bool = True) -> None:
        """Switch an interface on, or off."""
        self._ask(_NEW_LINK, 0, _link(index, _UP if up else 0, _UP))

    def add_address(self, index: int, address: str, prefix: int) -> None:
        """Give an interface an IPv4 address.

        :param prefix: how many bits of it are the network's.
        """
        packed = socket.inet_aton(address)
        self._ask(_NEW_ADDRESS, _CREATE | _EXCLUSIVE,
                  _ADDRESS.pack(socket.AF_INET, prefix, 0, 0, index)
                  + attribute(_LOCAL, packed) + attribute(_WHOLE, packed))

    def _ask(self, kind: int, flags: int, body: bytes) -> None:
        self._socket.send(_HEADER.pack(
            _HEADER.size + len(body), kind, _REQUEST | _ACKNOWLEDGE | flags,
            0, 0) + body)
        answer = self._socket.recv(1 << 16)
        if _HEADER.unpack_from(answer)[1] != _ERROR:
            raise OSError(errno.EPROTO, os.strerror(errno.EPROTO))
        number, = struct.unpack_from('=i', answer, _HEADER.size)
        if number:
            raise OSError(-number, os.strerror(-number))

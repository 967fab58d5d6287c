"""ICMP echo over one socket per address family.

A raw socket with CAP_NET_RAW; without it the ping socket that Linux grants
to the groups of ``net.ipv4.ping_group_range`` (``man 7 icmp``). Formats: RFC
792 and RFC 4443, echo and echo reply.
"""

import dataclasses
import random
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from doctor_core.exceptions import ConfigError
from doctor_core.monitors.probing import routes
from doctor_core.monitors.probing.datagrams import Datagrams, Salvo
from doctor_core.monitors.probing.wire import Address, Answer

_ECHO = struct.Struct('!BBHHH')
#: Absent from the ``socket`` module: linux/in.h.
_SOL_RAW = 255
_PAYLOAD = b'doctor monitor  '
_SIZE = _ECHO.size + len(_PAYLOAD)
#: An IPv4 header without options, as those of echo replies are.
_PLAIN_HEADER = 0x45


@dataclasses.dataclass(frozen=True)
class _Family:
    """What differs between ICMP and ICMPv6.

    :ivar only_replies: the socket option that lets no other type through,
        from linux/icmp.h and linux/icmpv6.h.
    :ivar name: ``struct sockaddr_in`` or ``sockaddr_in6``: the family, the
        port and the flow, then address and scope together.
    :ivar received: a version, type, id and sequence, where a raw socket
        hands out the IP header too.
    """

    family: socket.AddressFamily
    protocol: int
    request: int
    reply: int
    only_replies: tuple[int, int, bytes]
    name: str
    received: struct.Struct

    def sockaddr(self, address: bytes) -> bytes:
        """An address as the kernel writes it."""
        return struct.pack('=H', self.family) + struct.pack(
            f'=2x{self.name}', address)


_WITHOUT_HEADER = struct.Struct('!BxxxHH')
_V4 = _Family(
    socket.AF_INET, socket.IPPROTO_ICMP, 8, 0,
    (_SOL_RAW, 1, struct.pack('=I', ~1 & 0xffffffff)),
    '4s8x', struct.Struct('!B19xBxxxHH'))
_V6 = _Family(
    socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, 129,
    (socket.IPPROTO_ICMPV6, 1,
     struct.pack('=8I', *(0xffffffff ^ (2 if word == 4 else 0)
                          for word in range(8)))),
    '4x20s', _WITHOUT_HEADER)
#: By the length of an address; that of IPv6 has its scope with it.
_FAMILIES = {4: _V4, 20: _V6}


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def _packet(family: _Family, ident: int, sequence: int) -> bytes:
    packet = _ECHO.pack(family.request, 0, 0, ident, sequence) + _PAYLOAD
    if family is _V6:
        # The kernel has to, as it alone knows the addresses to be summed.
        return packet
    return packet[:2] + struct.pack('!H', checksum(packet)) + packet[4:]


class _RawEcho:
    """A raw socket: sees the replies to everybody's pings."""

    def __init__(self, family: _Family) -> None:
        self._family = family
        self._ident = 0
        self._datagrams = _open(family, socket.SOCK_RAW, family.received)

    def renew(self, ident: int) -> None:
        """Send with this id from now on."""
        self._ident = ident

    def send(self, salvo: Salvo, sequence: int) -> list[bytes]:
        """Send; returns to whom there was no room to."""
        return self._datagrams.send(
            salvo, _packet(self._family, self._ident, sequence))

    def receive(self) -> Iterator[Answer]:
        """What has come."""
        reply = self._family.reply
        if self._family is _V4:
            for source, (version, kind, ident,
                         sequence) in self._datagrams.receive():
                if kind == reply and version == _PLAIN_HEADER:
                    yield source, ident, sequence
        else:
            for source, (kind, ident, sequence) in self._datagrams.receive():
                if kind == reply:
                    yield source, ident, sequence

    def close(self) -> None:
        """Close the sockets."""
        self._datagrams.close()


class _PingEcho:
    """Ping sockets: the kernel owns the id, it is the socket's port.

    A new id takes a new socket; the one before stays open for what is still
    on its way.
    """

    def __init__(self, family: _Family) -> None:
        self._family = family
        self._sockets = [(self._new(), 0)]

    def _new(self) -> Datagrams:
        return _open(self._family, socket.SOCK_DGRAM, _WITHOUT_HEADER)

    def renew(self, ident: int) -> None:
        """Send with a new id from now on, which is called this here."""
        self._sockets.append((self._new(), ident))
        for old, _ident in self._sockets[:-2]:
            old.close()
        del self._sockets[:-2]

    def send(self, salvo: Salvo, sequence: int) -> list[bytes]:
        """Send; returns to whom there was no room to."""
        return self._sockets[-1][0].send(
            salvo, _packet(self._family, 0, sequence))

    def receive(self) -> Iterator[Answer]:
        """What has come."""
        for datagrams, ident in self._sockets:
            for source, (kind, _kernels, sequence) in datagrams.receive():
                if kind == self._family.reply:
                    yield source, ident, sequence

    def close(self) -> None:
        """Close the sockets."""
        for datagrams, _ident in self._sockets:
            datagrams.close()


def _open(family: _Family, kind: socket.SocketKind,
          received: struct.Struct) -> Datagrams:
    opened = socket.socket(family.family, kind | socket.SOCK_NONBLOCK,
                           family.protocol)
    if kind is socket.SOCK_RAW:
        opened.setsockopt(*family.only_replies)
    return Datagrams(opened, struct.Struct(f'=4x{family.name}'), received,
                     received.size, received.size)


_Echo = _RawEcho | _PingEcho


class IcmpWire:
    """Pings hosts: the :class:`~doctor_core.monitors.wire.Wire` of ICMP.

    :param unprivileged: never try a raw socket.
    :raises ConfigError: the kernel grants neither kind of socket.
    """

    def __init__(self, *, unprivileged: bool = False) -> None:
        self._kinds: list[type[_Echo]] = [_RawEcho, _PingEcho]
        if unprivileged:
            del self._kinds[0]
        self._ident = 0
        self._echoes: dict[int, _Echo] = {}
        self._echo(4)
        self.renew()

    def _echo(self, length: int) -> _Echo:
        """Who pings addresses of a length."""
        if length in self._echoes:
            return self._echoes[length]
        for kind in self._kinds:
            try:
                echo = kind(_FAMILIES[length])
            except PermissionError:
                continue
            echo.renew(self._ident)
            self._echoes[length] = echo
            return echo
        raise ConfigError(
            'Hosts cannot be pinged: give the monitor the capability '
            'CAP_NET_RAW (AmbientCapabilities=CAP_NET_RAW in its systemd '
            'unit), or its group ping sockets (sysctl -w '
            'net.ipv4.ping_group_range="<first gid> <last gid>").')

    def resolve(self, name: str) -> Address:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_RAW)
        for family, _type, _protocol, _name, given in found:
            address = _packed(family, given)
            if address:
                self._echo(len(address))
                return address
        raise OSError(f'{name} has neither an IPv4 nor an IPv6 address')

    def is_own(self, address: Any) -> bool:
        return routes.is_own(address[:16])

    def prepare(self, addresses: Sequence[Any]) -> Any:
        shares: dict[int, list[bytes]] = {}
        for address in addresses:
            shares.setdefault(len(address), []).append(address)
        return [(length, Salvo(share, [_FAMILIES[length].sockaddr(address)
                                       for address in share], _SIZE))
                for length, share in shares.items()]

    def renew(self) -> int:
        self._ident = random.randrange(0x10000)
        for echo in list(self._echoes.values()):
            echo.renew(self._ident)
        return self._ident

    def send(self, prepared: Any, sequence: int) -> Sequence[Address]:
        unsent: list[Address] = []
        for length, salvo in prepared:
            unsent += self._echo(length).send(salvo, sequence)
        return unsent

    def receive(self) -> Iterator[Answer]:
        # A copy, as another thread may resolve an address of a new family.
        for echo in list(self._echoes.values()):
            yield from echo.receive()

    def close(self) -> None:
        for echo in self._echoes.values():
            echo.close()


def _packed(family: int, given: Any) -> bytes:
    """An address of the resolver as one key; empty for other families."""
    if family == socket.AF_INET:
        return socket.inet_aton(given[0])
    if family == socket.AF_INET6:
        return socket.inet_pton(family, given[0].partition('%')[0]) \
            + struct.pack('=I', given[3])
    return b''

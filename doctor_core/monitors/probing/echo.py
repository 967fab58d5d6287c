"""UDP echo: probes that need no privilege, for hosts that send them back."""

import random
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from doctor_core.monitors.probing.datagrams import Datagrams, Salvo
from doctor_core.monitors.probing.wire import Address, Answer

_PROBE = struct.Struct('!4sHH')
#: One byte more, so that a longer datagram is not taken for a probe.
_RECEIVED = struct.Struct('!4sHHx')
_MARK = b'drpb'
#: ``struct sockaddr_in``: the family, then port and address together.
_NAME = struct.Struct('=2x6s8x')
_FAMILY = struct.Struct('=H6s8x')


class UdpEchoWire:
    """The :class:`~doctor_core.monitors.wire.Wire` of UDP echo, over IPv4.

    :param port: where every host echoes.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._ident = 0
        self._datagrams = Datagrams(
            socket.socket(socket.AF_INET,
                          socket.SOCK_DGRAM | socket.SOCK_NONBLOCK),
            _NAME, _RECEIVED, _PROBE.size, _PROBE.size)

    def resolve(self, name: str) -> Address:
        found = socket.getaddrinfo(name, self._port, socket.AF_INET,
                                   socket.SOCK_DGRAM)
        host, port = found[0][4][:2]
        return struct.pack('!H', port) + socket.inet_aton(str(host))

    def is_own(self, address: Address) -> bool:
        """Never: it is for hosts on loopback, which are made up."""
        return False

    def prepare(self, addresses: Sequence[Any]) -> Salvo:
        return Salvo(addresses, [_FAMILY.pack(socket.AF_INET, address)
                                 for address in addresses], _PROBE.size)

    def renew(self) -> int:
        self._ident = random.randrange(0x10000)
        return self._ident

    def send(self, prepared: Salvo, sequence: int) -> Sequence[Address]:
        return self._datagrams.send(
            prepared, _PROBE.pack(_MARK, self._ident, sequence))

    def receive(self) -> Iterator[Answer]:
        for source, (mark, ident, sequence) in self._datagrams.receive():
            if mark == _MARK:
                yield source, ident, sequence

    def close(self) -> None:
        self._datagrams.close()

"""Where a datagram to an address would go: asked of the kernel (Linux).

Formats: rtnetlink(7) and netlink(7), ``linux/rtnetlink.h``.
"""

import socket
import struct

_HEADER = struct.Struct('=IHHII')
_ROUTE = struct.Struct('=8BI')
_ATTRIBUTE = struct.Struct('=HH')
_GET_ROUTE, _NEW_ROUTE = 26, 24
_REQUEST = 1
_DESTINATION = 1
#: Of a route: that it ends at this machine.
_LOCAL = 2
_ANSWER_S = 1.0
_LONGEST = 4096


def is_own(address: bytes) -> bool:
    """Whether an address is one of this machine, as that of a loopback is.

    Asks the kernel, and nobody on the network.

    :param address: of IPv4 or IPv6, as its 4 or 16 bytes.
    :returns: False, too, when the kernel does not say.
    """
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                           socket.NETLINK_ROUTE) as asked:
            asked.settimeout(_ANSWER_S)
            asked.send(_question(address))
            return _ends_here(asked.recv(_LONGEST))
    except (AttributeError, OSError):
        return False


def _question(address: bytes) -> bytes:
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    body = _ROUTE.pack(family, 8 * len(address), 0, 0, 0, 0, 0, 0, 0) \
        + _ATTRIBUTE.pack(_ATTRIBUTE.size + len(address), _DESTINATION) \
        + address
    return _HEADER.pack(_HEADER.size + len(body), _GET_ROUTE, _REQUEST, 1,
                        0) + body


def _ends_here(answer: bytes) -> bool:
    if len(answer) < _HEADER.size + _ROUTE.size:
        return False
    _length, kind, _flags, _sequence, _port = _HEADER.unpack_from(answer)
    return bool(kind == _NEW_ROUTE
                and _ROUTE.unpack_from(answer, _HEADER.size)[7] == _LOCAL)

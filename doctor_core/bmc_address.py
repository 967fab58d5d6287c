"""Where a management controller is: what is one, and whether two are one."""

import ipaddress
import posixpath
import socket
import urllib.parse
from collections.abc import Collection
from typing import NamedTuple

from doctor_core.exceptions import ConfigError

IPMI_PORT = 623
_PORTS = {'http': 80, 'https': 443}


class Place(NamedTuple):
    """Whom an address leads to.

    :ivar name: of a machine, or an address of it.
    :ivar port: 0 for the usual one, with TLS and without.
    :ivar path: of one of its systems; empty for its only one.
    """

    name: str
    port: int
    path: str = ''

    def may_be(self, other: 'Place') -> bool:
        """Whether both lead to the same system."""
        return self[:2] == other[:2] and (
            not self.path or not other.path or self.path == other.path)


def refuse_user(address: str) -> None:
    """Addresses are shown and logged: none may have a password in it.

    :raises ConfigError: it has a user; does not repeat it.
    """
    if '@' in address:
        raise ConfigError('The address of a management controller has an "@" '
                          'in it: whom to log in as does not belong there, '
                          'but into the options for user and password.')


def ipmi(address: str) -> tuple[str, int]:
    """The name or the address, and the port, of a controller.

    :raises ConfigError: it is no address.
    """
    refuse_user(address)
    try:
        return str(ipaddress.ip_address(address)), IPMI_PORT
    except ValueError:
        pass
    try:
        parts = urllib.parse.urlsplit(f'//{address}')
        name, port = parts.hostname, parts.port
    except ValueError:
        name = port = None
    if not name or parts.path:
        raise ConfigError(f'{address} is not the name or the address of a '
                          'BMC, with ":port" or without.')
    return name, IPMI_PORT if port is None else port


def redfish(url: str) -> tuple[str, str]:
    """The base of a URL, and the path of the system.

    :raises ConfigError: it is no URL.
    """
    refuse_user(url)
    try:
        parts = urllib.parse.urlsplit(url)
        is_one = parts.scheme in _PORTS and parts.hostname \
            and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise ConfigError(f'{url} is not http:// or https://, as Redfish '
                          'needs it.')
    return f'{parts.scheme}://{parts.netloc}', parts.path.rstrip('/')


def origin(url: str) -> tuple[str, str, int]:
    """The scheme, the machine and the port of a URL.

    :raises ValueError: it is none.
    """
    parts = urllib.parse.urlsplit(url)
    if any(sign in url for sign in '\\@') or parts.scheme not in _PORTS:
        # Others may read another machine out of it.
        raise ValueError(f'{url} is no plain URL')
    return parts.scheme, _plain(parts.hostname or ''), \
        parts.port or _PORTS[parts.scheme]


def place(kind: str, address: str) -> Place:
    """Whom it leads to, as far as its text goes; does not block.

    :param kind: ``redfish`` or ``ipmi``.
    :raises ConfigError: it is no address.
    """
    if kind == 'ipmi':
        name, port = ipmi(address)
        return Place(_plain(name), 0 if port == IPMI_PORT else port)
    base, path = redfish(address)
    scheme, name, port = origin(base)
    path = urllib.parse.unquote(path)
    return Place(_plain(name), 0 if port == _PORTS[scheme] else port,
                 posixpath.normpath(f'/{path.lstrip("/")}') if path else '')


def _plain(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower().rstrip('.')


def resolved(where: Place) -> Collection[Place]:
    """The same by the addresses of its name; blocks while that is looked up.

    :returns: none when nobody knows the name.
    """
    try:
        found = socket.getaddrinfo(where.name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return {where._replace(name=_plain(str(address[0])))
            for *_words, address in found}

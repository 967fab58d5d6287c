"""Where a management controller is: what is one, and whether two are one."""

import ipaddress
import posixpath
import socket
import threading
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
    """
    try:
        if kind == 'ipmi':
            name, port = ipmi(address)
            return Place(_plain(name), 0 if port == IPMI_PORT else port)
        base, path = redfish(address)
        scheme, name, port = origin(base)
    except (ConfigError, ValueError):
        return Place(address, 0)  # of who makes something else of it
    path = urllib.parse.unquote(path)
    return Place(_plain(name), 0 if port == _PORTS[scheme] else port,
                 posixpath.normpath(f'/{path.lstrip("/")}') if path else '')


def _plain(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower().rstrip('.')


class Owners:
    """Whose a controller is: it speaks for one host only. Any thread may use
    it; does not block.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._addresses: dict[str, str] = {}
        self._places: dict[str, frozenset[Place]] = {}
        #: Who leads to a machine and a port.
        self._near: dict[tuple[str, int], set[str]] = {}

    def claim(self, owner: str, address: str, where: Place) -> None:
        """It is his.

        :raises ConfigError: it is another's, too.
        """
        with self._lock:
            self._addresses[owner] = address
            self._take(owner, frozenset((where,)))
        self.check(owner)

    def learn(self, owner: str, places: Collection[Place]) -> None:
        """His address, which he has claimed, leads to these by now.

        :raises ConfigError: so does another's.
        """
        with self._lock:
            if places and owner in self._places:
                self._take(owner, frozenset(places))
        self.check(owner)

    def check(self, owner: str) -> None:
        """Whether it is only his.

        :raises ConfigError: it is another's, too. It says the same of both.
        """
        with self._lock:
            mine = self._places.get(owner, frozenset())
            both = sorted({owner, *(
                other for where in mine for other in self._near[where[:2]]
                if any(map(where.may_be, self._places[other])))})
            if len(both) > 1:
                named = [f'{one} ({self._addresses[one]})' for one in both]
                raise ConfigError(
                    'There is one management controller for '
                    f'{", ".join(named[:-1])} and {named[-1]}: none of them '
                    'is asked.')

    def keep(self, owners: Collection[str]) -> None:
        """All others are gone."""
        with self._lock:
            for gone in self._places.keys() - set(owners):
                self._take(gone, frozenset())
                del self._places[gone], self._addresses[gone]

    def _take(self, owner: str, places: frozenset[Place]) -> None:
        for where in self._places.get(owner, ()):
            self._near[where[:2]].discard(owner)
            if not self._near[where[:2]]:
                del self._near[where[:2]]
        self._places[owner] = places
        for where in places:
            self._near.setdefault(where[:2], set()).add(owner)


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

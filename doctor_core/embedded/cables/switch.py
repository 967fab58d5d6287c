"""A switch with a cable for each host, to be pulled."""

import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from doctor_core.embedded.cables import spaces
from doctor_core.embedded.cables.netlink import Netlink
from doctor_core.exceptions import BackendError, ConfigError

_PREFIX = 24
#: Of the monitor's side; hosts count from 1.
_LAST = 254
_BRIDGE = 'switch'
_CARD = 'eth0'


class Switch:
    """Joins hosts, each in a network namespace of its own, with the network
    namespace of who made it. They answer pings while their cable is in.

    Whatever it made goes with the process, however that ends. One thread at
    a time.

    :param network: what their addresses begin with: three numbers.
    :ivar port: where hosts echo datagrams: nowhere.
    """

    port = 0

    def __init__(self, network: str) -> None:
        self.network = network
        self._held = ExitStack()
        self._netlink = Netlink()
        self._held.callback(self._netlink.close)
        self._cables: dict[str, int] = {}

    def plug(self, names: Sequence[str]) -> None:
        """Make it and the hosts; this thread is to be alone in a new network
        namespace.

        :param names: of the hosts.
        :raises OSError: the kernel refuses some of it, which it says.
        """
        with _said('loopback'):
            self._netlink.set_up(socket.if_nametoindex('lo'))
        with _said('a bridge'):
            self._netlink.add_bridge(_BRIDGE)
            bridge = socket.if_nametoindex(_BRIDGE)
            self._netlink.add_address(bridge, self._address(_LAST), _PREFIX)
        here = spaces.handle()
        try:
            with _said('a network namespace for each host'):
                for number, _name in enumerate(names, 1):
                    self._join(number, bridge)
        finally:
            spaces.enter(here)
            os.close(here)
        self._cables = {name: socket.if_nametoindex(_port(number))
                        for number, name in enumerate(names, 1)}
        with _said('a raw socket'):
            socket.socket(socket.AF_INET, socket.SOCK_RAW,
                          socket.IPPROTO_ICMP).close()

    def _address(self, number: int) -> str:
        return f'{self.network}.{number}'

    def _join(self, number: int, bridge: int) -> None:
        """Make a host, and its cable to a port of the switch."""
        spaces.another()
        space = spaces.handle()
        self._held.callback(os.close, space)
        self._netlink.add_cable(_port(number), bridge, _CARD, space)
        host = Netlink()
        try:
            card = socket.if_nametoindex(_CARD)
            host.add_address(card, self._address(number), _PREFIX)
            host.set_up(card)
        finally:
            host.close()

    def silence(self, name: str) -> None:
        """Pull a host's cable."""
        self._netlink.set_up(self._cables[name], up=False)

    def restore(self, name: str) -> None:
        """Put it back."""
        self._netlink.set_up(self._cables[name])

    def stop(self) -> None:
        """Let go of the hosts; may be called again."""
        self._held.close()


def _port(number: int) -> str:
    return f'host{number}'


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Have an error say what was refused."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f'{what}: {error.strerror or error}'
                      ) from None


def plugged(names: Sequence[str], network: str) -> Switch:
    """Move this process into a network namespace of its own, for good, and
    plug hosts in there. It is tried in a child process before.

    :param names: of the hosts, 250 at the most.
    :param network: what their addresses begin with: three numbers.
    :raises BackendError: that cannot be done here, and why. Then nothing has
        changed.
    :raises ConfigError: it could be done a moment ago, and the process is of
        no use any more.
    """
    def plug() -> Switch:
        with _said('a new network namespace'):
            spaces.leave()
        switch = Switch(network)
        switch.plug(names)
        return switch

    if sys.platform != 'linux':
        raise BackendError('only Linux has them')
    if not spaces.is_single():
        raise BackendError('the process seems to have several threads')
    reason = spaces.tried(plug)
    if reason:
        raise BackendError(reason)
    try:
        return plug()
    except OSError as error:
        # There is no way back from half of it.
        raise ConfigError('What could be made a moment ago cannot be made '
                          f'now: {error.strerror}') from None

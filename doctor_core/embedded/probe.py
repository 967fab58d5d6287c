"""What answers at the hosts' own addresses, as long as they are up."""

import logging
import selectors
import socket
import threading
from collections.abc import Mapping
from typing import Protocol

from doctor_core.exceptions import ConfigError

LOG = logging.getLogger(__name__)

#: The part of loopback that the hosts' addresses are in.
LOOPBACK = '127.77.0'
_LARGEST = 2048
_TRIES = 20


class Links(Protocol):
    """What joins the hosts with who probes them; for one thread at a time.

    :ivar port: where all hosts send datagrams back; 0 when they answer pings
        instead.
    :ivar network: what their addresses begin with: three numbers.
    """

    port: int
    network: str

    def silence(self, name: str) -> None:
        """Let a host answer nothing from now on."""

    def restore(self, name: str) -> None:
        """Let a host answer again."""

    def stop(self) -> None:
        """Let go of the addresses; may be called again."""


class Responders:
    """Sends every datagram back from the address that it came to.

    A thread of its own, so that a busy API does not make a host look slow.
    All methods are for one other thread.

    :param addresses: host names and their addresses on this machine.
    :raises ConfigError: an address cannot be used here.
    """

    network = LOOPBACK

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._silent: frozenset[str] = frozenset()
        self._selector = selectors.DefaultSelector()
        self._sockets, self.port = _bound(addresses)
        for name, bound in self._sockets.items():
            self._selector.register(bound, selectors.EVENT_READ, name)
        self._waker, self._wake = socket.socketpair()
        self._selector.register(self._waker, selectors.EVENT_READ, None)
        self._thread = threading.Thread(
            target=self._main, name='embedded-hosts', daemon=True)
        self._thread.start()

    def silence(self, name: str) -> None:
        self._silent |= {name}

    def restore(self, name: str) -> None:
        self._silent -= {name}

    def stop(self) -> None:
        if self._thread.is_alive():
            self._wake.send(b'.')
            self._thread.join()

    def _main(self) -> None:
        try:
            while True:
                for key, _events in self._selector.select():
                    if key.data is None:
                        return
                    self._answer(key.data)
        except Exception:  # the thread's outermost frame
            LOG.exception('The hosts of the embedded cloud fell silent')
        finally:
            self._selector.close()
            for bound in (*self._sockets.values(), self._waker, self._wake):
                bound.close()

    def _answer(self, name: str) -> None:
        bound = self._sockets[name]
        try:
            datagram, sender = bound.recvfrom(_LARGEST)
            if name not in self._silent:
                bound.sendto(datagram, sender)
        except OSError as error:
            # E.g. that who asked is gone: it shows at the next receive.
            LOG.debug('Host %s: %s', name, error)


def _bound(addresses: Mapping[str, str]
           ) -> tuple[dict[str, socket.socket], int]:
    """A socket for each host, at one port that is free on all of them."""
    for _ in range(_TRIES):
        sockets: dict[str, socket.socket] = {}
        port = 0
        try:
            for name, address in addresses.items():
                sockets[name] = socket.socket(
                    socket.AF_INET, socket.SOCK_DGRAM)
                sockets[name].bind((address, port))
                sockets[name].setblocking(False)
                port = sockets[name].getsockname()[1]
        except OSError as error:
            for bound in sockets.values():
                bound.close()
            if not port:
                raise ConfigError(
                    f'The embedded cloud cannot use the address {address} '
                    f'for a host: {error.strerror or error}. It needs the '
                    'whole of 127.0.0.0/8 on the loopback interface, as '
                    'Linux has it.') from None
        else:
            return sockets, port
    raise ConfigError('No UDP port is free on all addresses of the embedded '
                      'hosts.')

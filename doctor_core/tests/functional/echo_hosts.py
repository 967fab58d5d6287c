"""Hosts on loopback that echo datagrams, or do something else with them."""

import select
import socket
import threading
import time

import fixtures


class EchoHosts(fixtures.Fixture):
    """So many hosts, each with an address of its own and one port for all.

    :ivar behave: for each address, called with its socket, the datagram and
        its sender; echoes by default.
    """

    def __init__(self, count):
        super().__init__()
        self.addresses = [f'127.90.0.{i}' for i in range(1, count + 1)]
        self.behave = {}
        self.later = []

    def _setUp(self):
        self.sockets = {}
        port = 0
        for address in self.addresses:
            bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(bound.close)
            bound.bind((address, port))
            port = bound.getsockname()[1]
            self.sockets[bound] = address
        self.port = port
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()
        self.addCleanup(self._thread.join)
        self.addCleanup(self._ended.set)

    def _main(self):
        while not self._ended.is_set():
            for ready in select.select(list(self.sockets), [], [], 0.005)[0]:
                datagram, sender = ready.recvfrom(2048)
                self.behave.get(self.sockets[ready], echo)(
                    ready, datagram, sender)
            now = time.monotonic()
            for due in [due for due in self.later if due[0] <= now]:
                self.later.remove(due)
                due[1].sendto(due[2], due[3])

    def silence(self, index):
        """A host that answers nothing from now on."""
        self.behave[self.addresses[index]] = lambda *_args: None

    def restore(self, index):
        """A host that echoes again."""
        self.behave.pop(self.addresses[index], None)

    def delay(self, index, seconds):
        """A host that answers late."""
        self.behave[self.addresses[index]] = (
            lambda *message: self.later.append(
                (time.monotonic() + seconds, *message)))

    def lose(self, share, dice):
        """All hosts lose so large a share of the probes."""
        for address in self.addresses:
            self.behave[address] = lambda *message: (
                None if dice.random() < share else echo(*message))


def echo(bound, datagram, sender):
    """Send it back."""
    bound.sendto(datagram, sender)

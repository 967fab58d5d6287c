"""What carries probes: the line between deciding and sending."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Protocol

#: An address as the wire writes it; equal for a probe and its answer.
Address = Hashable
#: An answer: from where, and the id and sequence of the probe it answers.
Answer = tuple[Address, int, int]


class Wire(Protocol):
    """Sends probes and collects answers; one thread uses it, none blocks."""

    def resolve(self, name: str) -> Address:
        """The address of a name or number; may block on DNS.

        :raises OSError: it has none, or none that can be reached from here.
        :raises ConfigError: probes cannot be sent here at all.
        """

    def is_own(self, address: Address) -> bool:
        """Whether an address is this machine's, loopback among them: what is
        sent there comes back whatever becomes of the network.
        """

    def prepare(self, addresses: Sequence[Address]) -> Any:
        """What :meth:`send` wants, made once for many probes."""

    def renew(self) -> int:
        """Take a new random id; answers to the old one still count.

        :returns: the id that the next probes carry.
        """

    def send(self, prepared: Any, sequence: int) -> Sequence[Address]:
        """Send one probe to each address.

        An address that cannot be reached is like one that does not answer.

        :returns: to whom none was sent for want of room on this machine.
        """

    def receive(self) -> Iterable[Answer]:
        """All answers that have come; empties the socket."""

    def close(self) -> None:
        """Let go of the sockets; may be called again."""

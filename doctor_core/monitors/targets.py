"""What is probed: addresses, and the networks by which they are reached."""

import dataclasses
import random
from collections.abc import Sequence

from doctor_core.monitors.guard import Guard
from doctor_core.monitors.verdict import FAILED, Health, Policy, State
from doctor_core.monitors.wire import Address

_NEVER = float('-inf')


@dataclasses.dataclass(frozen=True)
class Timing:
    """When probes are sent and how long answers may take, in seconds.

    :ivar confirm: how many probes follow a miss at once.
    :ivar spacing_s: the pause between these.
    """

    interval_s: float
    timeout_s: float
    confirm: int
    spacing_s: float


class Network:
    """A network, and whether the monitor itself is still on it.

    :ivar standing: how many of its targets are not known to be down.
    :ivar withheld: those that would be down, had anybody witnessed it.
    :ivar isolated: whether nobody answers who should.
    :ivar suspects: how many of its targets are suspect.
    :ivar shaken: whether these are more than half of those standing.
    :ivar settles_at: until then nobody's silence proves anything.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.guard = Guard()
        self.targets: list[Target] = []
        self.standing = 0
        self.withheld: set[Target] = set()
        self.isolated = False
        self.suspects = 0
        self.shaken = False
        self.settles_at = _NEVER

    def holds(self, targets: Sequence['Target']) -> None:
        """These are its targets from now on."""
        self.targets = list(targets)
        self.withheld &= set(targets)
        self.standing = sum(target.health.state not in FAILED
                            for target in targets)
        self.suspects = sum(target.health.state is State.SUSPECT
                            for target in targets)

    def healthy(self, count: int) -> list['Target']:
        """A few, at random, that should answer now if the link is up."""
        some = random.sample(self.targets, min(2 * count, len(self.targets)))
        return [target for target in some
                if target.health.state is State.HEALTHY][:count]


class Target:
    """One address that is probed.

    :ivar name: for the log.
    :ivar heard_at: when its last answer was taken from the wire.
    :ivar suspect_at: when the first probe that it then missed was sent.
    :ivar near_misses: how often a suspicion was refuted.
    :ivar noted_at: when the log last had one of these.
    :ivar late: how many answers came after their deadline.
    """

    __slots__ = ('address', 'health', 'heard_at', 'late', 'name',
                 'near_misses', 'network', 'noted_at', 'suspect_at')

    def __init__(self, name: str, address: Address, policy: Policy,
                 network: Network) -> None:
        self.name = name
        self.address = address
        self.network = network
        self.health = Health(policy)
        self.heard_at = _NEVER
        self.suspect_at = _NEVER
        self.noted_at = _NEVER
        self.near_misses = 0
        self.late = 0

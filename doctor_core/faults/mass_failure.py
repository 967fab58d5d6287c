"""How many hosts may be down together before a human should look. Pure.

Hosts die one by one. When many seem to be dead at once it is more likely the
network between them and the monitor, and marking them all down would make
of an outage of the network one of the cloud. So beyond a share no host is
corrected at once; those that wait go through one by one, slowly enough for
somebody to step in.
"""

import collections
import dataclasses
import heapq
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

#: What "a minute" is of the budget, and how long a host is held at the least.
MINUTE_S = 60.0
#: Hosts whose minutes end within so many seconds are held because of one
#: thing, and the order in which that was known says nothing.
_TOGETHER_S = 5.0


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a mass failure is, and how fast it goes through by itself.

    :ivar share: more than this share of a group's hosts; 0 for never.
    :ivar hosts: but at least so many of them.
    :ivar budget: how many held hosts go through by themselves in a minute; 0
        for none.
    """

    share: float
    hosts: int
    budget: int = 1

    def exceeded(self, down: int, of: int) -> bool:
        """Whether so many of so many hosts are too many."""
        return (self.share > 0 and self.hosts <= down
                and self.share * of < down)


class Group(NamedTuple):
    """Hosts that fail together if something of theirs does.

    :ivar name: for a person: ``rack r1``; empty for the whole cloud.
    :ivar hosts: None when it is not known which they are: any that is down
        may be one then, and no other.
    """

    name: str
    hosts: frozenset[str] | None

    def may_have(self, host: str) -> bool:
        """Whether a host is in it, for all that is known."""
        return not self.name or self.hosts is None or host in self.hosts


class Down(NamedTuple):
    """A host that is down, and not back yet.

    :ivar since: when it was taken in, in seconds of a clock that does not
        step; 0 when that was before this machine was booted.
    :ivar is_held: nothing was corrected.
    :ivar is_mass: for it was one of too many.
    :ivar is_confirmed: an operator says that it is dead.
    :ivar is_proved: so does a second witness.
    """

    host: str
    since: float
    is_held: bool = False
    is_mass: bool = False
    is_confirmed: bool = False
    is_proved: bool = False


@dataclasses.dataclass(frozen=True)
class MassFailure:
    """Too many hosts at once.

    :ivar down: how many, with the one that is judged.
    :ivar of: how many there are in the group.
    :ivar group: its name; empty for the whole cloud.
    :ivar marked: those that were marked down before it was known.
    :ivar begins: no other host of the group is held as one of too many.
    """

    down: int
    of: int
    group: str
    marked: tuple[str, ...]
    begins: bool


def judge(limits: Limits, down: Collection[Down], host: str,
          groups: Iterable[Group]) -> MassFailure | None:
    """Whether a host that just went down is one of too many.

    It is when more than the share of any of its groups is down, however
    slowly it came to that. Hosts that an operator has confirmed do not count:
    somebody has looked.

    :param down: the hosts that are; with or without the one that is judged.
    :param groups: those that it may be in; the whole cloud is one, in which
        every host is.
    :returns: None when it is not.
    """
    others = [one for one in down if one.host != host]
    for group in groups:
        if not group.may_have(host):
            continue
        counted = [one for one in others if not one.is_confirmed
                   and group.may_have(one.host)]
        count = len({one.host for one in counted}) + 1
        of = max(len(group.hosts or ()), count)
        if limits.exceeded(count, of):
            return MassFailure(
                count, of, group.name,
                tuple(sorted(one.host for one in counted
                             if not one.is_held)),
                not any(one.is_mass for one in counted))
    return None


class Turn(NamedTuple):
    """A held host goes through by itself.

    :ivar at: not before that, by the clock of the hosts.
    """

    host: str
    at: float


def turns(limits: Limits, held: Iterable[Down],
          gone_through: Collection[float], now: float) -> Iterator[Turn]:
    """In which order the held hosts go through by themselves, and when, if
    nothing else happens; nothing when none ever goes.

    Each was held for a minute, and no more than the budget go in one; those
    with a second witness first, then those that are held longest.

    :param gone_through: when hosts went through by themselves, in the last
        minute at least.
    :param now: by the same clock.
    """
    if not limits.budget:
        return
    recent = collections.deque(sorted(gone_through), maxlen=limits.budget)
    # By when they are held since: all, and those that are not ready.
    all_held = collections.deque(sorted(held, key=lambda one: one.since))
    waiting = all_held.copy()
    ready: list[tuple[bool, float, str]] = []
    gone: set[str] = set()
    at = now
    while True:
        while all_held and all_held[0].host in gone:
            all_held.popleft()
        if not all_held:
            return
        at = max(at, all_held[0].since + MINUTE_S)
        if len(recent) == limits.budget:
            at = max(at, recent[0] + MINUTE_S)
        while waiting and waiting[0].since + MINUTE_S <= at + _TOGETHER_S:
            one = waiting.popleft()
            heapq.heappush(ready, (not one.is_proved, one.since, one.host))
        _unproved, since, host = heapq.heappop(ready)
        at = max(at, since + MINUTE_S)
        yield Turn(host, at)
        recent.append(at)
        gone.add(host)

"""How many hosts may fail together before a human should look. Pure.

Hosts die one by one. When many seem to die at once it is more likely the
network between them and the monitor, and marking them all down would make
of an outage of the network one of the cloud.
"""

import dataclasses
from collections.abc import Collection
from typing import NamedTuple


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a mass failure is, and when it is over by itself.

    :ivar share: more than this share of the hosts; 0 for never.
    :ivar hosts: but at least so many of them.
    :ivar window_s: within so many seconds.
    :ivar cool_down_s: over when no host has gone down for so many seconds;
        0 for when an operator says so.
    """

    share: float
    hosts: int
    window_s: float
    cool_down_s: float = 0.0

    def exceeded(self, down: int, of: int) -> bool:
        """Whether so many of so many hosts are too many."""
        return (self.share > 0 and self.hosts <= down
                and self.share * of < down)


class Fall(NamedTuple):
    """A host that went down.

    :ivar at: when, in seconds of a clock that does not step.
    :ivar is_down: it has not come back since.
    :ivar is_held: it was not marked down, for it was one of too many.
    """

    host: str
    at: float
    is_down: bool = True
    is_held: bool = False


@dataclasses.dataclass(frozen=True)
class MassFailure:
    """Too many hosts at once.

    :ivar down: how many, with the one that is judged.
    :ivar of: how many there are.
    :ivar marked: those that were marked down before it was known.
    :ivar begins: no host was held before this one.
    """

    down: int
    of: int
    marked: tuple[str, ...]
    begins: bool


def judge(limits: Limits, falls: Collection[Fall], fallen: Fall, *, of: int,
          decided_at: float = float('-inf')) -> MassFailure | None:
    """Whether a host that just went down is one of too many.

    It is when too many went down within the window; a host that came back
    already counts as well, for that is what a network's outage looks like.
    Once a host is held, it is also when too many are down, however slowly
    they went: the mass failure lasts until somebody has decided on all that
    is held, or hosts come back.

    :param falls: the hosts that are down, or went down within the window.
    :param fallen: the host that is judged.
    :param of: how many hosts there are.
    :param decided_at: what went down until then was looked at, and does not
        count any more.
    :returns: None when it is not.
    """
    since = max(fallen.at - limits.window_s, decided_at)
    others = [fall for fall in falls if fall.host != fallen.host]
    recent = {fall.host for fall in others if since < fall.at}
    down = {fall.host for fall in others if fall.is_down}
    begins = not any(fall.is_held for fall in others)
    if limits.exceeded(len(recent) + 1, of):
        counted = recent
    elif not begins and limits.exceeded(len(down) + 1, of):
        counted = down
    else:
        return None
    return MassFailure(
        len(counted) + 1, of,
        tuple(sorted({fall.host for fall in others if fall.host in counted
                      and fall.is_down and not fall.is_held})), begins)


def over_at(limits: Limits, falls: Collection[Fall]) -> float | None:
    """When what is held may be done without an operator.

    :param falls: as for :func:`judge`.
    :returns: by the clock of the falls; None when nothing is held, or only
        an operator decides.
    """
    if not limits.cool_down_s or not any(fall.is_held for fall in falls):
        return None
    return max(fall.at for fall in falls) + limits.cool_down_s

"""What a monitor said of hosts that were silent for a while: right or not.

All of these hosts live: a path to them is cut. A host counts as rightly lost
when it was silent on every path for longer than the profile's silence, for
then nobody can tell it from a dead one. Pure.
"""

import dataclasses
from collections.abc import Collection, Mapping

from doctor_core.monitors.judgement import SETTLE_S
from doctor_core.monitors.probing.profiles import Profile

#: What a machine that has other work takes longer, in seconds.
_SLACK_S = 0.15


@dataclasses.dataclass(frozen=True)
class Scope:
    """Which paths are cut.

    :ivar name: for the table.
    :ivar hosts: how many hosts are silent; 0 for all.
    :ivar another_path: each of them is heard on another network.
    :ivar uplink: it is the monitor's own cables; nobody is silent to others.
    """

    name: str
    hosts: int
    another_path: bool = False
    uplink: bool = False

    @property
    def is_path(self) -> bool:
        """Whether so many hosts do not die together, so that none of them
        may be marked down without a witness.
        """
        return self.hosts != 1 or self.another_path or self.uplink

    @property
    def may_lose(self) -> bool:
        """Whether a host may be called lost at all."""
        return not self.another_path and not self.uplink


SCOPES = (Scope('one host', 1), Scope('one network of all', 0,
                                      another_path=True),
          Scope('a rack of 20', 20), Scope('all hosts', 0),
          Scope('the monitor\'s own cables', 0, uplink=True))
LENGTHS_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.9, 2.0, 3.6, 25.0)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was said, in hosts.

    :ivar right: lost, and silent for longer than the profile's silence.
    :ivar wrong: lost, and not.
    :ivar late: of the right ones, those later than the profile allows.
    :ivar missed: silent for so long that they should have been lost.
    :ivar felled: marked down in Nova.
    :ivar felled_wrongly: of these, those that were not rightly lost, or whose
        path only could be cut.
    """

    right: int = 0
    wrong: int = 0
    late: int = 0
    missed: int = 0
    felled: int = 0
    felled_wrongly: int = 0

    def __add__(self, other: 'Outcome') -> 'Outcome':
        return Outcome(*(a + b for a, b in zip(
            dataclasses.astuple(self), dataclasses.astuple(other),
            strict=True)))


def limit_s(profile: Profile, scope: Scope) -> float:
    """From the cut to the verdict, where all goes well.

    When most hosts fall silent the monitor doubts itself first, for as long
    as it takes to find neighbours again after its own cable was plugged in.
    """
    return (profile.interval_ms + profile.silence_ms + profile.timeout_ms
            + profile.confirm_probes * profile.confirm_spacing_ms) / 1000 \
        + (0.0 if scope.hosts else SETTLE_S)


def judge(profile: Profile, scope: Scope, length_s: tuple[float, float],
          silent: Collection[str], lost: Mapping[str, float],
          felled: Collection[str]) -> Outcome:
    """What a blackout came to.

    :param length_s: how long it was at the least, and at the most: to cut
        many hosts takes a moment.
    :param silent: the hosts that it was of.
    :param lost: the hosts that were called lost, and how long after the cut.
    :param felled: those that were marked down in Nova.
    """
    shortest_s, longest_s = length_s
    is_right = scope.may_lose and longest_s > profile.silence_ms / 1000
    right = {name for name in lost if is_right and name in silent}
    latest_s = limit_s(profile, scope) + _SLACK_S
    wrongly = [name for name in felled
               if scope.is_path or name not in right]
    return Outcome(
        len(right), len(lost) - len(right),
        sum(lost[name] > latest_s for name in right),
        len(set(silent) - right) if scope.may_lose and shortest_s > latest_s
        else 0,
        len(felled), len(wrongly))


def faults(profile_name: str, outcome: Outcome) -> bool:
    """Whether an outcome is one that a profile must not have; ``lab`` is
    shown, and not judged.
    """
    return profile_name != 'lab' and bool(
        outcome.wrong or outcome.felled_wrongly or outcome.missed)

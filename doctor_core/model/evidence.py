"""What speaks for, or against, the death of a host; and how much."""

import dataclasses
import enum
import math
from collections.abc import Collection


class Weight(enum.IntEnum):
    """How much a piece of evidence says; more is surer of death."""

    #: It lives: another path hears it.
    LIVES = -1
    #: It may be dead, or a path to it is.
    SILENT = 0
    #: Somebody who does not share that path says so, too.
    SECOND = 1
    #: Nothing runs on it any more.
    PROVES = 2


class EvidenceKind(enum.StrEnum):
    """What was seen, by whom.

    :cvar PROBES: a monitor's probes are not answered.
    :cvar NETWORK: nor are those on a network that shares nothing with the
        first.
    :cvar MONITOR: a monitor of another kind says that it is lost.
    :cvar LINK_DOWN: its network port has no link, at the host's side.
    :cvar BMC_OFF: its management controller says that it is off.
    :cvar POWER_LOST: its management controller fell silent with it, and
        those of its neighbours answer.
    :cvar PANICKED: its crash kernel has sent word.
    :cvar OPERATOR: an operator says that it is dead.
    :cvar HEARD: another path hears it.
    :cvar HEARTBEAT: its nova-compute reports to Nova.
    """

    PROBES = 'probes'
    NETWORK = 'network'
    MONITOR = 'monitor'
    LINK_DOWN = 'link-down'
    BMC_OFF = 'bmc-off'
    POWER_LOST = 'power-lost'
    PANICKED = 'panicked'
    OPERATOR = 'operator'
    HEARD = 'heard'
    HEARTBEAT = 'heartbeat'

    @property
    def weight(self) -> Weight:
        """How much it says."""
        return _WEIGHTS[self]


_WEIGHTS = {
    EvidenceKind.PROBES: Weight.SILENT,
    EvidenceKind.NETWORK: Weight.SECOND,
    EvidenceKind.MONITOR: Weight.SECOND,
    EvidenceKind.LINK_DOWN: Weight.SECOND,
    EvidenceKind.BMC_OFF: Weight.PROVES,
    EvidenceKind.POWER_LOST: Weight.PROVES,
    EvidenceKind.PANICKED: Weight.PROVES,
    EvidenceKind.OPERATOR: Weight.PROVES,
    EvidenceKind.HEARD: Weight.LIVES,
    EvidenceKind.HEARTBEAT: Weight.LIVES,
}


@dataclasses.dataclass(frozen=True)
class Evidence:
    """A piece of it.

    :ivar source: who says so: a monitor's kind, a network, an operator.
    :ivar at: when, in epoch seconds.
    :ivar text: in a person's words.
    :raises ValueError: of what no host can be judged by: no kind, no time.
    """

    kind: EvidenceKind
    source: str
    at: float
    text: str = ''

    def __post_init__(self) -> None:
        # A plugin may make it of words.
        object.__setattr__(self, 'kind', EvidenceKind(self.kind))
        if not math.isfinite(self.at):
            raise ValueError(f'evidence was found at {self.at}')


class Certainty(enum.StrEnum):
    """How sure it is that a host is lost, in the words of its owners' notice.

    :cvar UNSAID: its report says not what it rests on.
    :cvar PATH: it fell silent together with others, so that a path to them
        may be what is broken.
    :cvar UNREACHABLE: one monitor does not reach it.
    :cvar LOST: a second witness says so, too.
    :cvar DEAD: nothing runs on it any more.
    """

    UNSAID = ''
    PATH = 'unreachable, path suspected'
    UNREACHABLE = 'unreachable'
    LOST = 'lost'
    DEAD = 'dead'


def certainty(kinds: Collection[EvidenceKind], *, is_path_suspected: bool
              ) -> Certainty:
    """How sure a verdict is that rests on evidence of these kinds."""
    surest = max((kind.weight for kind in kinds), default=Weight.LIVES)
    if surest is Weight.PROVES:
        return Certainty.DEAD
    if is_path_suspected:
        return Certainty.PATH
    if surest is Weight.SECOND:
        return Certainty.LOST
    return Certainty.UNREACHABLE if kinds else Certainty.UNSAID


@dataclasses.dataclass(frozen=True)
class Finding:
    """What was found out of a host after it was reported down.

    :ivar hostname: as in the report.
    """

    hostname: str
    evidence: Evidence

    def __str__(self) -> str:
        return f'{self.evidence.kind} of host {self.hostname}'

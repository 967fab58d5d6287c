"""What is known of one silent host."""

import dataclasses

from doctor_core.model import Fault
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight

#: For so long a sign of life counts, unless there is a newer one: three
#: reports of nova-compute to Nova, or of collectd.
LIVES_S = 30.0
#: For so long after its word a crash kernel may still be at work: it sends one
#: every ten seconds (fence_kdump_send -i).
DUMPS_S = 30.0


@dataclasses.dataclass
class Case:
    """A host that at least one monitor does not hear. All times are seconds
    of one monotonic clock.

    :ivar since: when the first of them said so.
    :ivar asked_at: when the corroborators were asked last.
    :ivar near: who fell silent at about the same time.
    :ivar silent: the kinds of monitors that do not hear it.
    :ivar lost: what those said that have it lost, by their kind.
    :ivar reported: those of them whose word went on, and stands.
    :ivar ever: those of whom any word went on.
    :ivar back: what those said that hear it, while its crash kernel may be all
        that they hear.
    :ivar found: all evidence, and of when it is.
    """

    since: float
    asked_at: float
    near: list[str] = dataclasses.field(default_factory=list)
    silent: set[str] = dataclasses.field(default_factory=set)
    lost: dict[str, Fault] = dataclasses.field(default_factory=dict)
    reported: set[str] = dataclasses.field(default_factory=set)
    ever: set[str] = dataclasses.field(default_factory=set)
    back: dict[str, Fault] = dataclasses.field(default_factory=dict)
    found: list[tuple[float, Evidence]] = dataclasses.field(
        default_factory=list)

    @property
    def held_back(self) -> list[str]:
        """Kinds whose word did not go on."""
        return sorted(self.lost.keys() - self.reported)

    @property
    def suspected(self) -> list[str]:
        """Kinds that do not hear it, and do not have it lost yet."""
        return sorted(self.silent - self.lost.keys())

    @property
    def is_by_rule(self) -> bool:
        """Whether it was reported by an operator's own rule."""
        return any(self.lost[kind].is_by_rule for kind in self.reported)

    def lives(self, now: float) -> Evidence | None:
        """The newest sign of life that counts still."""
        signs = [(at, one) for at, one in self.found
                 if one.kind.weight is Weight.LIVES and now - at < LIVES_S]
        return max(signs, key=lambda sign: sign[0])[1] if signs else None

    def dumps(self, now: float) -> bool:
        """Whether a crash kernel may be all that runs there. It answers
        probes, too, but nova-compute does not run in it.
        """
        panicked_at = self._newest(EvidenceKind.PANICKED)
        return now - panicked_at < DUMPS_S \
            and self._newest(EvidenceKind.HEARTBEAT) < panicked_at

    def _newest(self, kind: EvidenceKind) -> float:
        return max((at for at, one in self.found if one.kind is kind),
                   default=float('-inf'))

    def deaths(self) -> list[Evidence]:
        """What speaks for its death, beside monitors' own silence."""
        return [one for _at, one in self.found
                if one.kind.weight >= Weight.SECOND]

    def heard_at(self, kind: str) -> float:
        """When the monitor of a kind heard it last; no sooner than the
        silence of others began.
        """
        return max((at for at, one in self.found
                    if one.kind is EvidenceKind.HEARD and one.source == kind),
                   default=self.since)

    def keep(self, evidence: Evidence, at: float) -> bool:
        """Keep a piece of evidence, and not what its source said before.

        :returns: whether that source had not said so yet.
        """
        others = [(when, one) for when, one in self.found
                  if (one.kind, one.source)
                  != (evidence.kind, evidence.source)]
        is_new = len(others) == len(self.found)
        self.found = [*others, (at, evidence)]
        return is_new

    def hears_no_more(self, kind: str) -> None:
        """A monitor that heard it has it lost now, too."""
        self.found = [(at, one) for at, one in self.found
                      if one.kind is not EvidenceKind.HEARD
                      or one.source != kind]


def as_evidence(kind: str, fault: Fault) -> Evidence:
    """What one monitor's verdict is to another one."""
    surest = max(fault.evidence, default=None,
                 key=lambda one: one.kind.weight)
    if surest is not None and surest.kind.weight > Weight.SECOND:
        return surest
    return Evidence(EvidenceKind.MONITOR, kind, fault.detected_at,
                    fault.cause)


def written(evidence: Evidence) -> str:
    """A piece of evidence, for the log."""
    text = f': {evidence.text}' if evidence.text else ''
    return f'{evidence.kind} ({evidence.source}{text})'

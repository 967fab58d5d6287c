"""Hosts that fell silent together: first a path to them is suspected.

Until they have been silent for as long as the failover of a path may take
nobody is alarmed but the owners of their servers. Pure.
"""

from collections.abc import Iterable

from doctor_core.model import Fault
from doctor_core.model.evidence import EvidenceKind, Weight
from doctor_core.model.states import FaultState
from doctor_core.store import Fallen

#: Silences that began so close to each other are together.
_WITHIN_S = 1.0
#: What a pair of routers takes to fail over with the defaults of VRRP: three
#: advertisements, one a second, and the skew of priority 100 (RFC 9568, 6.1).
SILENCE_S = 3.6

_WHY = ('other hosts fell silent with it, so a path to them is suspected '
        'first')
#: The reason of faults of such hosts until then, and from then on.
WAITING = f'waiting for a witness: {_WHY}'
HELD = f'held: {_WHY}'


class Lately:
    """Hosts that were lost a moment ago, and not as some of many: the first
    that a broken path takes are told from the dead only by those that follow.
    For one thread at a time.
    """

    def __init__(self) -> None:
        #: By fault, its source, and since when the host is silent.
        self._lost: dict[str, tuple[str, float]] = {}

    def add(self, fault: Fault, since: float) -> None:
        """A host was lost.

        :param since: as far as is known; by a clock that does not step.
        """
        self._lost = {known: lost for known, lost in self._lost.items()
                      if since - lost[1] < SILENCE_S}
        self._lost[fault.id] = fault.source, since

    def pop_with(self, fault: Fault, since: float) -> list[str]:
        """The faults of hosts that fell silent together with another, by the
        word of the same source; each once.
        """
        found = [known for known, (source, at) in self._lost.items()
                 if source == fault.source and abs(at - since) <= _WITHIN_S]
        for known in found:
            del self._lost[known]
        return found


def is_doubted(fault: Fault) -> bool:
    """Whether a witness has to prove the death of a host before anything is
    corrected.
    """
    return fault.is_path_suspected \
        and not proofs(one.kind for one in fault.evidence)


def proofs(kinds: Iterable[EvidenceKind]) -> list[EvidenceKind]:
    """Those of these kinds that prove a death."""
    return sorted(kind for kind in kinds if kind.weight is Weight.PROVES)


def silent_s(fault: Fault) -> float:
    """For how long a host had been silent when it was reported, as far as
    that was said and matters here.
    """
    last = fault.details.get('last_answer_at')
    if not isinstance(last, int | float) \
            or not 0.0 <= last <= fault.detected_at:
        return 0.0
    return min(fault.detected_at - last, SILENCE_S)


def held_since(fallen: Fallen) -> float:
    """When a host was one to be held, in seconds of the monotonic clock; 0
    when that was before this machine was booted.
    """
    if fallen.at is None:
        return 0.0
    return fallen.at + (SILENCE_S if fallen.is_path_suspected else 0.0)


def is_held(fallen: Fallen, *reasons: str) -> bool:
    """Whether a host is held for one of these reasons."""
    return fallen.state == FaultState.HELD and fallen.reason in reasons

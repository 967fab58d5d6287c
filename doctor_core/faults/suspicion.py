"""Hosts that fell silent together: first a path to them is suspected.

Until they have been silent for as long as the failover of a path may take
nobody is alarmed but the owners of their servers. Pure.
"""

from collections.abc import Iterable

from doctor_core.model import Fault
from doctor_core.model.evidence import EvidenceKind, Weight
from doctor_core.model.states import FaultState
from doctor_core.store import Fallen

#: What a pair of routers takes to fail over with the defaults of VRRP: three
#: advertisements, one a second, and the skew of priority 100 (RFC 9568, 6.1).
SILENCE_S = 3.6

_WHY = ('other hosts fell silent with it, so a path to them is suspected '
        'first')
#: The reason of faults of such hosts until then, and from then on.
WAITING = f'waiting for a witness: {_WHY}'
HELD = f'held: {_WHY}'


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
    if not isinstance(last, int | float):
        return 0.0
    return max(0.0, min(fault.detected_at - last, SILENCE_S))


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

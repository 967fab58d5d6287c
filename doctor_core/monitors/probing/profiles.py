"""How sure a monitor is before it calls a host lost: figures that go together.

A host is lost when a probe that was sent ``silence_ms`` after the first one
without an answer is not answered either: so whatever breaks a path for a
shorter time is ridden through. Cut to verdict takes up to ``interval_ms +
silence_ms + timeout_ms``.
"""

import dataclasses
from types import MappingProxyType


@dataclasses.dataclass(frozen=True)
class Profile:
    """The figures of a profile, in milliseconds; what they are is said of the
    options of the same names.

    :ivar purpose: for the help.
    """

    purpose: str
    interval_ms: float
    timeout_ms: float
    confirm_probes: int
    confirm_spacing_ms: float
    silence_ms: float
    agreed_silence_ms: float


#: The profile where none is chosen.
DEFAULT = 'datacentre'

PROFILES = MappingProxyType({
    'lab': Profile(
        'As fast as can be; a path that fails over is taken for a dead host.',
        interval_ms=40.0, timeout_ms=12.0, confirm_probes=3,
        confirm_spacing_ms=1.0, silence_ms=0.0, agreed_silence_ms=0.0),
    # The failover of a bond (100 to 200 ms), a copper port that notices late
    # (300 to 400 ms), BFD as most set it (450 to 600 ms).
    DEFAULT: Profile(
        'Rides through what is silent for up to 600 ms, as bonds and routes '
        'that fail over are.',
        interval_ms=75.0, timeout_ms=50.0, confirm_probes=3,
        confirm_spacing_ms=25.0, silence_ms=600.0,
        agreed_silence_ms=300.0),
    # And VRRP with its defaults (3.6 s).
    'cautious': Profile(
        'Rides through what is silent for up to 4 s.',
        interval_ms=250.0, timeout_ms=150.0, confirm_probes=3,
        confirm_spacing_ms=100.0, silence_ms=4000.0,
        agreed_silence_ms=2000.0),
})


def figures(name: str) -> str:
    """What a figure is in each profile, for the help of its option."""
    return ', '.join(f'{getattr(profile, name):g} ({profile_name})'
                     for profile_name, profile in PROFILES.items())

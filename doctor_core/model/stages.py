"""How far a fault has come, when, and how a scenario ended."""

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any


class Stage(enum.StrEnum):
    """The points of the way from a lost host to a told owner, and to a cloud
    that shows what is so. All but the last are those of OPNFV Doctor.

    :cvar PORTS_DOWN: Neutron shows a port of a server as down.
    """

    LINK_DOWN = 'T00'
    DETECTED = 'T01'
    AFFECTED_FOUND = 'T02'
    SERVER_ERROR = 'T03'
    HOST_DOWN = 'T04'
    NOVA_NOTIFIED = 'T05'
    EVENT_TRANSFORMED = 'T06'
    ALARM_EVALUATED = 'T07'
    ALARM_FIRED = 'T08'
    OWNER_TOLD = 'T09'
    PORTS_DOWN = 'T10'


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A stage reached, for a host or for one of its servers.

    :ivar server_id: empty when the stage is the whole host's.
    """

    stage: Stage
    at: float
    host: str
    server_id: str = ''
    fault_id: str = ''


@dataclasses.dataclass(frozen=True)
class Stamp:
    """When something happened, as well as that is known.

    :ivar at: by this machine's clock.
    :ivar uncertainty_s: how wrong that may be; None when nobody knows.
    :ivar clock: whose clock it was read from; empty for this machine's.
    """

    at: float
    uncertainty_s: float | None = 0.0
    clock: str = ''


class Verdict(enum.StrEnum):
    """How a scenario ended."""

    PASSED = 'PASSED'
    FAILED = 'FAILED'
    SKIPPED = 'SKIPPED'


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A scenario's verdict, and why."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)

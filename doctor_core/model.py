"""The words of Doctor: frozen values that travel through it.

Times whose names end in ``_at`` are seconds since the epoch.
"""

import dataclasses
import enum
import uuid
from collections.abc import Mapping
from typing import Any


def new_id() -> str:
    """A random identifier, as OpenStack writes them."""
    return str(uuid.uuid4())


@dataclasses.dataclass(frozen=True)
class Host:
    """A compute host: the name Nova knows it by and where it answers."""

    name: str
    addresses: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The first address; the name when none is known."""
        return self.addresses[0] if self.addresses else self.name


@dataclasses.dataclass(frozen=True)
class Node:
    """A machine of the deployment, as its installer knows it."""

    name: str
    role: str
    address: str


@dataclasses.dataclass(frozen=True)
class ComputeService:
    """Nova's view of one nova-compute.

    :ivar state: ``up`` or ``down``: heartbeat and forced_down together.
    :ivar status: ``enabled`` or ``disabled``, by an administrator.
    """

    id: str
    host: str
    state: str
    status: str
    forced_down: bool


@dataclasses.dataclass(frozen=True)
class Server:
    """A virtual machine, and what its owner may be told of it.

    :ivar state: Nova's vm_state: ``active``, ``error``, ``stopped``, ...
    :ivar launched_at: as Nova writes it, without a zone; UTC.
    """

    id: str
    name: str
    project_id: str
    host: str
    state: str = 'active'
    user_id: str = ''
    flavor: str = ''
    vcpus: int | None = None
    memory_mb: int | None = None
    disk_gb: int | None = None
    launched_at: str = ''


@dataclasses.dataclass(frozen=True)
class Port:
    """A Neutron port of a server."""

    id: str
    server_id: str
    project_id: str
    host: str
    data_plane_status: str = ''


class FaultStatus(enum.StrEnum):
    """Whether a fault is raised or cleared."""

    DOWN = 'down'
    UP = 'up'


@dataclasses.dataclass(frozen=True)
class Fault:
    """What a monitor says of a host.

    :ivar hostname: as the monitor knows the host; Nova may know it by its
        long or short form.
    :ivar type: the dotted event type, e.g. ``compute.host.down``.
    :ivar detected_at: when the monitor saw it, by the monitor's clock.
    :ivar received_at: when Doctor heard of it.
    :ivar details: everything else that the event said, untouched.
    """

    hostname: str
    type: str
    status: FaultStatus
    detected_at: float
    received_at: float
    id: str = dataclasses.field(default_factory=new_id)
    source: str = ''
    cause: str = ''
    severity: str = ''
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Action(enum.StrEnum):
    """What Doctor can correct in Nova's and Neutron's picture."""

    FORCE_DOWN = 'force-down'
    RESET_STATE = 'reset-state'
    DATA_PLANE_STATUS = 'data-plane-status'


@dataclasses.dataclass(frozen=True)
class Correction:
    """One thing to be set right.

    :ivar target_id: the compute service, server or port.
    :ivar host: the host it is on.
    :ivar old: the value before, as far as it is known.
    :ivar new: ``true``/``false`` for FORCE_DOWN, ``error``/``active`` for
        RESET_STATE, ``DOWN``/``ACTIVE`` for DATA_PLANE_STATUS.
    """

    action: Action
    target_id: str
    host: str
    old: str
    new: str


@dataclasses.dataclass(frozen=True)
class StateChange:
    """A correction that was tried.

    :ivar at: when the API had answered.
    :ivar error: why it failed; empty when it succeeded.
    :ivar remark: what went otherwise than it should although it succeeded.
    """

    correction: Correction
    at: float
    error: str = ''
    remark: str = ''

    @property
    def done(self) -> bool:
        return not self.error


class TraitType(enum.IntEnum):
    """The type codes of event traits, as Ceilometer and Aodh write them."""

    STRING = 1
    INTEGER = 2
    FLOAT = 3
    DATETIME = 4


@dataclasses.dataclass(frozen=True)
class Trait:
    """A named, typed value of an event."""

    name: str
    type: TraitType
    value: str | int | float


@dataclasses.dataclass(frozen=True)
class Event:
    """An event as Ceilometer hands it to Aodh.

    :ivar generated: ISO 8601 in UTC without a zone, as oslo.messaging
        stamps notifications.
    """

    event_type: str
    generated: str
    traits: tuple[Trait, ...] = ()
    message_id: str = dataclasses.field(default_factory=new_id)

    def trait(self, name: str) -> str | int | float | None:
        """The value of a trait; None when there is none of that name."""
        for trait in self.traits:
            if trait.name == name:
                return trait.value
        return None


class Severity(enum.StrEnum):
    """Aodh's scale."""

    LOW = 'low'
    MODERATE = 'moderate'
    CRITICAL = 'critical'


class AlarmState(enum.StrEnum):
    """Aodh's alarm states."""

    OK = 'ok'
    ALARM = 'alarm'
    INSUFFICIENT_DATA = 'insufficient data'


@dataclasses.dataclass(frozen=True)
class Condition:
    """One condition of an event alarm's query.

    :ivar field: ``traits.<name>``: any other field never matches in Aodh.
    :ivar type: ``''``, ``string``, ``integer``, ``float`` or ``datetime``.
    """

    field: str
    value: str
    op: str = 'eq'
    type: str = ''


@dataclasses.dataclass(frozen=True)
class AlarmRule:
    """What the owner of a server wants to be told, and where.

    :ivar event_type: may hold shell-style wildcards.
    :ivar query: all conditions have to hold.
    :ivar actions: URLs; the scheme chooses the notifier.
    """

    name: str
    project_id: str
    event_type: str
    actions: tuple[str, ...]
    query: tuple[Condition, ...] = ()
    severity: Severity = Severity.MODERATE
    repeat_actions: bool = False
    description: str = ''
    enabled: bool = True
    user_id: str = ''


@dataclasses.dataclass(frozen=True)
class Alarm:
    """A rule that somebody evaluates.

    :ivar state_at: when it came into that state.
    """

    id: str
    rule: AlarmRule
    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    state_at: float = 0.0


@dataclasses.dataclass(frozen=True)
class Notice:
    """What an owner is told: the body of Aodh's alarm webhook.

    :ivar body: the JSON object, field for field as Aodh writes it.
    :ivar received_at: when a consumer got it; 0 before.
    """

    body: Mapping[str, Any]
    received_at: float = 0.0

    def trait(self, name: str) -> Any:
        """The value of a trait of the event told of; None without it."""
        data = self.body.get('reason_data')
        event = data.get('event') if isinstance(data, dict) else None
        traits = event.get('traits') if isinstance(event, dict) else None
        for trait in traits if isinstance(traits, list) else ():
            if isinstance(trait, list) and len(trait) == 3 \
                    and trait[0] == name:
                return trait[2]
        return None

    @property
    def server_id(self) -> str:
        """The server told of; empty when the notice names none."""
        return str(self.trait('instance_id') or '')


class Stage(enum.StrEnum):
    """The points of the way from a lost host to a told owner."""

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


class Need(enum.StrEnum):
    """What somebody needs of a deployment.

    :cvar NOTIFICATIONS: Nova tells every change of a server on its bus.
    :cvar EVENT_ALARMS: Ceilometer hands events to Aodh, and Aodh sees a new
        alarm at once.
    :cvar HOST_STATUS: an owner sees the state of the host in Nova.
    :cvar DATA_PLANE_STATUS: Neutron's ports have a data plane status.
    :cvar MAINTENANCE: no host is overbooked, and owners are told of planned
        maintenance.
    :cvar CONGRESS: Congress takes events of Doctor.
    :cvar VITRAGE: Vitrage takes events of Doctor.
    :cvar SERVICE_USER: Keystone knows Doctor's own user and endpoints.
    """

    NOTIFICATIONS = 'notifications'
    EVENT_ALARMS = 'event-alarms'
    HOST_STATUS = 'host-status'
    DATA_PLANE_STATUS = 'data-plane-status'
    MAINTENANCE = 'maintenance'
    CONGRESS = 'congress'
    VITRAGE = 'vitrage'
    SERVICE_USER = 'service-user'

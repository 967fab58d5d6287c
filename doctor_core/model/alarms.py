"""What owners of servers ask for, and what they are told."""

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any

from doctor_core.model.ids import new_id


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


def _always() -> bool:
    """Nobody takes it back."""
    return True


@dataclasses.dataclass(frozen=True)
class Event:
    """An event as Ceilometer hands it to Aodh.

    :ivar generated: ISO 8601 in UTC without a zone, as oslo.messaging
        stamps notifications.
    :ivar is_wanted: whether it is still to be told; asked before each
        attempt, from any thread, and never blocks.
    :ivar since: when what it tells of was detected, in seconds since the
        epoch; None where that is not known.
    """

    event_type: str
    generated: str
    traits: tuple[Trait, ...] = ()
    message_id: str = dataclasses.field(default_factory=new_id)
    is_wanted: Callable[[], bool] = dataclasses.field(
        default=_always, compare=False, repr=False)
    since: float | None = dataclasses.field(
        default=None, compare=False, repr=False)

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


def _ignore(_why: str) -> None:
    """Nobody wants to know."""


@dataclasses.dataclass(frozen=True)
class Notice:
    """What an owner is told: the body of Aodh's alarm webhook.

    :ivar body: the JSON object, field for field as Aodh writes it.
    :ivar received_at: when a consumer got it; 0 before.
    :ivar id: names it, in each attempt to deliver it.
    :ivar project_id: whose alarm it is of; empty where that is not known.
    :ivar fault_id: because of which fault; empty where that is not known.
    :ivar is_wanted: as that of the event.
    :ivar failed: called with why an attempt to deliver it failed that is
        followed by another one; never blocks.
    :ivar since: as that of the event.
    """

    body: Mapping[str, Any]
    received_at: float = 0.0
    id: str = dataclasses.field(default_factory=new_id, compare=False)
    project_id: str = dataclasses.field(default='', compare=False)
    fault_id: str = dataclasses.field(default='', compare=False)
    is_wanted: Callable[[], bool] = dataclasses.field(
        default=_always, compare=False, repr=False)
    failed: Callable[[str], object] = dataclasses.field(
        default=_ignore, compare=False, repr=False)
    since: float | None = dataclasses.field(
        default=None, compare=False, repr=False)

    def _event(self) -> Mapping[str, Any]:
        data = self.body.get('reason_data')
        event = data.get('event') if isinstance(data, dict) else None
        return event if isinstance(event, dict) else {}

    @property
    def event_id(self) -> str:
        """Of the event told of; empty when there is none."""
        return str(self._event().get('message_id') or '')

    def trait(self, name: str) -> Any:
        """The value of a trait of the event told of; None without it."""
        traits = self._event().get('traits')
        for trait in traits if isinstance(traits, list) else ():
            if isinstance(trait, list) and len(trait) == 3 \
                    and trait[0] == name:
                return trait[2]
        return None

    @property
    def server_id(self) -> str:
        """The server told of; empty when the notice names none."""
        return str(self.trait('instance_id') or '')


@dataclasses.dataclass(frozen=True)
class Delivered:
    """That somebody has taken a notice.

    :ivar alarm_id: the alarm that it is of.
    :ivar alarm: that alarm's name.
    :ivar url: where, without user, password and query.
    :ivar at: when that was known here.
    :ivar attempt: which one it was, from 1 on.
    :ivar answer: what answered, in the words of the notifier; empty when it
        says nothing.
    """

    alarm_id: str
    alarm: str
    url: str
    at: float
    attempt: int = 1
    answer: str = ''


@dataclasses.dataclass(frozen=True)
class Reached:
    """Whom an event has reached: of alarms that are evaluated here.

    :ivar told: the alarms by which somebody was told.
    :ivar failures: a line for each of whom nobody was.
    :ivar silent: the alarms whose rule it meets and that did not go off, and
        why.
    :ivar deliveries: the notices that were taken, as far as is known.
    """

    told: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    deliveries: tuple[Delivered, ...] = ()

"""What Ceilometer makes of Nova's notifications: events with traits."""

import datetime
from collections.abc import Mapping
from typing import Any

from doctor_core import wire
from doctor_core.model import Event, Trait, TraitType

_PREFIX = 'compute.instance.'
#: Stands for the sender among the members of a payload: the trait ``host``
#: is not the server's host, but that of the process that told of it.
_SENDER = ''
#: Ceilometer's definition of these events, in its order: trait, the member
#: of the payload, type. Recorded of Ceilometer 27 in front of Nova 34.
_TRAITS = (
    ('project_id', 'tenant_id', TraitType.STRING),
    ('user_id', 'user_id', TraitType.STRING),
    ('tenant_id', 'tenant_id', TraitType.STRING),
    ('instance_id', 'instance_id', TraitType.STRING),
    ('display_name', 'display_name', TraitType.STRING),
    ('resource_id', 'instance_id', TraitType.STRING),
    ('cell_name', 'cell_name', TraitType.STRING),
    ('host', _SENDER, TraitType.STRING),
    ('memory_mb', 'memory_mb', TraitType.INTEGER),
    ('disk_gb', 'disk_gb', TraitType.INTEGER),
    ('root_gb', 'root_gb', TraitType.INTEGER),
    ('ephemeral_gb', 'ephemeral_gb', TraitType.INTEGER),
    ('vcpus', 'vcpus', TraitType.INTEGER),
    ('instance_type_id', 'instance_type_id', TraitType.STRING),
    ('instance_flavor_id', 'instance_flavor_id', TraitType.STRING),
    ('instance_type', 'instance_type', TraitType.STRING),
    ('state', 'state', TraitType.STRING),
    ('launched_at', 'launched_at', TraitType.DATETIME),
    ('deleted_at', 'deleted_at', TraitType.DATETIME),
    ('old_state', 'old_state', TraitType.STRING),
)


def to_event(event_type: str, payload: Mapping[str, Any], at: float,
             sender: str) -> Event | None:
    """The event of a notification; None when it is not of a server.

    :param at: when it was sent, in seconds since the epoch.
    :param sender: the host of the process that sent it.
    """
    if not event_type.startswith(_PREFIX):
        return None
    traits = [Trait('service', TraitType.STRING, 'compute')]
    for name, member, kind in _TRAITS:
        value = sender if member == _SENDER else payload.get(member)
        if value is None or (kind is TraitType.DATETIME and not value):
            continue
        traits.append(Trait(name, kind, _typed(value, kind)))
    return Event(event_type, wire.iso(at), tuple(traits))


def _typed(value: Any, kind: TraitType) -> str | int:
    if kind is TraitType.STRING:
        return str(value)[:wire.TRAIT_TEXT_LIMIT]
    if kind is TraitType.DATETIME:
        return datetime.datetime.fromisoformat(value).isoformat()
    return int(value)


def from_bus(payload: object) -> list[Event]:
    """The events of a message to Aodh's own topic.

    What is not an event is left out, as Aodh leaves it out.
    """
    entries = payload if isinstance(payload, list) else [payload]
    return [event for entry in entries
            if (event := _parsed(entry)) is not None]


def _parsed(entry: object) -> Event | None:
    try:
        assert isinstance(entry, dict)
        return Event(
            event_type=str(entry['event_type']),
            message_id=str(entry['message_id']),
            generated=str(entry.get('generated', '')),
            traits=tuple(Trait(str(name), TraitType(kind), value)
                         for name, kind, value in entry.get('traits', ())))
    except (AssertionError, KeyError, ValueError, TypeError):
        return None

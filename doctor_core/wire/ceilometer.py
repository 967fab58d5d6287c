"""Events as Ceilometer makes them and as Aodh takes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from doctor_core.model import Event, Server, Trait, TraitType
from doctor_core.wire import times
from doctor_core.wire.names import INSTANCE_UPDATE

#: How Ceilometer cuts a string trait.
TRAIT_TEXT_LIMIT = 255

#: The traits that an event of ours may have; no other ever does.
TRAIT_NAMES = frozenset({
    'state', 'old_state', 'instance_id', 'resource_id', 'tenant_id',
    'project_id', 'user_id', 'display_name', 'host', 'instance_type',
    'service', 'vcpus', 'memory_mb', 'disk_gb', 'launched_at',
    # What was not corrected, and why; the state before.
    'corrected', 'state_before', 'verified', 'reason',
    # How sure it is that the host is lost, and by what.
    'certainty', 'evidence'})
#: The types of events of ours.
EVENT_TYPES = (INSTANCE_UPDATE,)


def instance_update(server: Server, state: str, at: float,
                    more: Mapping[str, str] | None = None) -> Event:
    """The event that tells of a server's new state.

    It has the traits that Ceilometer makes of Nova's notification
    ``compute.instance.update``, as far as the server tells them, so that a
    rule written for Aodh matches it.

    :param state: the new vm_state.
    :param at: when it came about, in seconds since the epoch.
    :param more: further traits, which Ceilometer does not make: texts by
        name; and ``old_state``, when the old vm_state is not the server's
        own.
    """
    further = {'old_state': server.state, **(more or {})}
    texts: Sequence[tuple[str, str]] = (
        ('state', state), ('old_state', further.pop('old_state')),
        ('instance_id', server.id), ('resource_id', server.id),
        ('tenant_id', server.project_id), ('project_id', server.project_id),
        ('user_id', server.user_id), ('display_name', server.name),
        ('host', server.host), ('instance_type', server.flavor),
        ('service', 'compute'), *further.items())
    numbers: Sequence[tuple[str, int | None]] = (
        ('vcpus', server.vcpus), ('memory_mb', server.memory_mb),
        ('disk_gb', server.disk_gb))
    traits = [Trait(name, TraitType.STRING, value[:TRAIT_TEXT_LIMIT])
              for name, value in texts if value]
    traits += [Trait(name, TraitType.INTEGER, number)
               for name, number in numbers if number is not None]
    if server.launched_at:
        traits.append(Trait('launched_at', TraitType.DATETIME,
                            server.launched_at))
    return Event(INSTANCE_UPDATE, times.iso(at), tuple(traits))


def event_to_payload(event: Event) -> dict[str, Any]:
    """An event as Aodh's listener takes it and its webhook repeats it."""
    return {
        'message_id': event.message_id,
        'event_type': event.event_type,
        'generated': event.generated,
        'traits': [[trait.name, int(trait.type), trait.value]
                   for trait in event.traits],
        'raw': {},
        'message_signature': '',
    }

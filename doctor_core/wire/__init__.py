"""The names on the wire, and payload <-> model, in both directions."""

from doctor_core.wire.alertmanager import (
    HOST_LABELS,
)
from doctor_core.wire.bodies import (
    Parsed,
    parse_faults,
)
from doctor_core.wire.bus import (
    fault_from_payload,
    fault_to_payload,
    glimpse,
    heard_from_payload,
    heard_to_payload,
    witnessed_from_payload,
    witnessed_to_payload,
)
from doctor_core.wire.ceilometer import (
    EVENT_TYPES,
    TRAIT_NAMES,
    TRAIT_TEXT_LIMIT,
    event_to_payload,
    instance_update,
)
from doctor_core.wire.decoding import (
    decoded,
)
from doctor_core.wire.escaping import (
    described,
    escaped,
    in_short,
    one_line,
    shortened,
    storable,
)
from doctor_core.wire.names import (
    AODH_EVENT_TYPE,
    AODH_PRIORITY,
    AODH_TOPIC,
    FAULTS_TOPIC,
    HEARD,
    HOST_DEGRADED,
    HOST_DOWN,
    HOST_UP,
    INSTANCE_UPDATE,
    KNOWN_TYPES,
    MAINTENANCE_HOST,
    MAINTENANCE_SCHEDULED,
    NOVA_TOPIC,
    PING,
    WITNESSED,
)
from doctor_core.wire.times import (
    iso,
    known_time,
    sent_at,
    utc,
)

__all__ = [
    'EVENT_TYPES',
    'AODH_EVENT_TYPE',
    'AODH_PRIORITY',
    'AODH_TOPIC',
    'FAULTS_TOPIC',
    'HEARD',
    'HOST_DEGRADED',
    'HOST_DOWN',
    'HOST_LABELS',
    'HOST_UP',
    'INSTANCE_UPDATE',
    'KNOWN_TYPES',
    'MAINTENANCE_HOST',
    'MAINTENANCE_SCHEDULED',
    'NOVA_TOPIC',
    'PING',
    'Parsed',
    'TRAIT_NAMES',
    'TRAIT_TEXT_LIMIT',
    'WITNESSED',
    'decoded',
    'described',
    'escaped',
    'event_to_payload',
    'fault_from_payload',
    'fault_to_payload',
    'glimpse',
    'heard_from_payload',
    'heard_to_payload',
    'in_short',
    'instance_update',
    'iso',
    'known_time',
    'one_line',
    'parse_faults',
    'sent_at',
    'shortened',
    'storable',
    'utc',
    'witnessed_from_payload',
    'witnessed_to_payload',
]

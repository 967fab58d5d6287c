"""The names on the wire, and payload <-> model, in every dialect there is.

Faults come in as OPNFV Doctor's southbound event: an object with ``time``,
``type`` and ``details``. Deployments send it bare, in a list, as
``{"event": ...}``, as ``{"events": [...]}`` (each entry bare or wrapped), and,
since Brahmaputra, flat: ``{"type": ..., "hostname": ...}``.

Or as Prometheus Alertmanager's alerts: in its webhook's ``{"alerts": [...]}``,
or in the list that its API takes and that collectd's write_http sends.
"""

import dataclasses
import datetime
import math
from collections.abc import Mapping, Sequence
from typing import Any

from doctor_core.exceptions import InvalidEvent
from doctor_core.model import (
    Event,
    Fault,
    FaultStatus,
    Server,
    Trait,
    TraitType,
    new_id,
)

HOST_DOWN = 'compute.host.down'
HOST_UP = 'compute.host.up'
#: Something is wrong with a host that lives; recorded, and nothing done.
HOST_DEGRADED = 'compute.host.degraded'
INSTANCE_UPDATE = 'compute.instance.update'
#: What a project is told of a maintenance of the hosts of its servers.
MAINTENANCE_SCHEDULED = 'maintenance.scheduled'
#: What administrators are told of a host under maintenance.
MAINTENANCE_HOST = 'maintenance.host'
#: Fault types that Doctor acts on.
KNOWN_TYPES = frozenset({HOST_DOWN, HOST_UP})

#: What a daemon sends at its start, so that the way is open and known to
#: work before the first fault; nobody acts on it.
PING = 'doctor.ping'

FAULTS_TOPIC = 'doctor.faults'
#: Where Nova's unversioned notifications travel.
NOVA_TOPIC = 'notifications'
#: Where Aodh's listener takes events, as a notification of this priority
#: and event type, with a list of events as its payload.
AODH_TOPIC = 'alarm.all'
AODH_PRIORITY = 'sample'
AODH_EVENT_TYPE = 'event'

#: How Ceilometer cuts a string trait.
TRAIT_TEXT_LIMIT = 255

#: Labels of an alert that name the host, best first. Prometheus itself sets
#: ``instance`` on every alert, so whoever sets another one means that.
HOST_LABELS = ('hostname', 'host', 'instance')
#: Severities that, by convention, mean no outage.
_MILD = frozenset({'warning', 'info', 'none'})

_TEXT_DETAILS = ('status', 'source', 'cause', 'severity')


def parse_faults(body: object, received_at: float,
                 host_labels: Sequence[str] = HOST_LABELS) -> list[Fault]:
    """The faults of a request body, in any dialect.

    :param body: the decoded JSON.
    :param received_at: when it came; the time of an event that has none.
    :param host_labels: labels of an alert that name its host, best first.
    :returns: at least one fault, in the order of the body.
    :raises InvalidEvent: what is wrong, and the path of the field.
    """
    if isinstance(body, list):
        entries, path = body, ''
    elif isinstance(body, dict) and ('events' in body or 'alerts' in body):
        path = 'events' if 'events' in body else 'alerts'
        entries = body[path]
        if not isinstance(entries, list):
            raise InvalidEvent(path, f'must be a list of {path}')
    else:
        return [_parse_one(body, '', received_at)]
    if not entries:
        raise InvalidEvent(path or 'body', 'holds no event')
    return [_parse_alert(entry, f'{path}[{index}]', received_at, host_labels)
            if path == 'alerts' or _is_alert(entry)
            else _parse_one(entry, f'{path}[{index}]', received_at)
            for index, entry in enumerate(entries)]


def _parse_one(entry: object, path: str, received_at: float) -> Fault:
    def at(field: str) -> str:
        return f'{path}.{field}' if path else field

    if isinstance(entry, dict) and 'event' in entry:
        entry, path = entry['event'], at('event')
    if not isinstance(entry, dict):
        raise InvalidEvent(path or 'body', 'must be an object')
    fault_type = _text(entry, 'type', at('type'))
    if not fault_type:
        raise InvalidEvent(at('type'), 'is missing')
    if 'details' in entry:
        details, where = entry['details'], at('details')
        if not isinstance(details, dict):
            raise InvalidEvent(where, 'must be an object')
        hostname_at = f'{where}.hostname'
    else:
        details = {key: value for key, value in entry.items()
                   if key not in ('id', 'time', 'type')}
        where, hostname_at = path, at('hostname')
    hostname = _text(details, 'hostname', hostname_at).strip()
    if not hostname:
        raise InvalidEvent(hostname_at, 'is missing')
    texts = {name: _text(details, name, f'{where}.{name}' if where else name)
             for name in _TEXT_DETAILS}
    monitor = _text(details, 'monitor', f'{where}.monitor') \
        or _text(details, 'monitor_id', f'{where}.monitor_id')
    return Fault(
        id=new_id(),
        hostname=hostname,
        type=fault_type,
        status=_status(fault_type, texts['status']),
        detected_at=_time(entry.get('time'), at('time'), received_at),
        received_at=received_at,
        source=texts['source'] or monitor,
        cause=texts['cause'],
        severity=texts['severity'],
        details=details)


def _is_alert(entry: object) -> bool:
    return isinstance(entry, dict) and 'labels' in entry \
        and not {'event', 'type'} & set(entry)


def _parse_alert(entry: object, path: str, received_at: float,
                 host_labels: Sequence[str]) -> Fault:
    if not isinstance(entry, dict):
        raise InvalidEvent(path, 'must be an object')
    labels, annotations = (entry.get(name) or {}
                           for name in ('labels', 'annotations'))
    for name, texts in (('labels', labels), ('annotations', annotations)):
        if not isinstance(texts, dict):
            raise InvalidEvent(f'{path}.{name}', 'must be an object')
    hostname = next(filter(None, (
        _hostname(_text(labels, name, f'{path}.labels.{name}'))
        for name in host_labels)), '')
    if not hostname:
        raise InvalidEvent(f'{path}.labels', 'names no host; looked for '
                           + ', '.join(host_labels))
    severity = _text(labels, 'severity', f'{path}.labels.severity')
    starts_at, ends_at = (
        # The year 1 stands for "not yet".
        max(0.0, _time(entry.get(name), f'{path}.{name}', 0.0))
        for name in ('startsAt', 'endsAt'))
    resolved = _text(entry, 'status', f'{path}.status') == 'resolved' \
        or severity == 'OKAY' or 0 < ends_at <= received_at
    return Fault(
        id=new_id(),
        hostname=hostname,
        type=HOST_DEGRADED if severity.lower() in _MILD
        else HOST_UP if resolved else HOST_DOWN,
        status=FaultStatus.UP if resolved else FaultStatus.DOWN,
        detected_at=(ends_at if resolved else 0) or starts_at or received_at,
        received_at=received_at,
        source=_text(labels, 'service', f'{path}.labels.service')
        or _text(labels, 'job', f'{path}.labels.job') or 'alertmanager',
        cause=_text(labels, 'alertname', f'{path}.labels.alertname'),
        severity=severity,
        details={'hostname': hostname, 'labels': labels,
                 'annotations': annotations, 'monitor_event_id':
                 _text(entry, 'fingerprint', f'{path}.fingerprint')})


def _hostname(label: str) -> str:
    """A host's name, of ``name``, ``name:port`` or ``[address]:port``."""
    name, colon, port = label.strip().rpartition(':')
    if colon and port.isdigit() and (':' not in name or name[:1] == '['):
        label = name
    return label.strip().strip('[]')


def _text(entry: Mapping[str, Any], name: str, path: str) -> str:
    value = entry.get(name)
    if value is None:
        return ''
    if not isinstance(value, str):
        raise InvalidEvent(path, 'must be a string')
    return value


def _status(fault_type: str, text: str) -> FaultStatus:
    # As Vitrage reads it: whatever is not up is a fault.
    if fault_type == HOST_UP or text.lower() == 'up':
        return FaultStatus.UP
    return FaultStatus.DOWN


def _time(value: object, path: str, default: float) -> float:
    """Seconds since the epoch; a time without a zone is local time."""
    if value is None or value == '':
        return default
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if math.isfinite(value) and value >= 0:
            return float(value)
        raise InvalidEvent(path, 'must be a time')
    if not isinstance(value, str):
        raise InvalidEvent(path, 'must be an ISO 8601 time')
    try:
        return datetime.datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        raise InvalidEvent(
            path, f'{value!r} is not an ISO 8601 time') from None


def fault_to_payload(fault: Fault) -> dict[str, Any]:
    """A fault as it travels on the bus: the southbound event, plus an id."""
    return {
        'id': fault.id,
        'time': iso(fault.detected_at, zone=True),
        'type': fault.type,
        'received_at': fault.received_at,
        'details': {**fault.details,
                    'hostname': fault.hostname,
                    'status': str(fault.status),
                    'source': fault.source,
                    'cause': fault.cause,
                    'severity': fault.severity},
    }


def fault_from_payload(payload: object, received_at: float) -> Fault:
    """A fault as the bus delivered it.

    :raises InvalidEvent: it is not one.
    """
    fault = _parse_one(payload, '', received_at)
    assert isinstance(payload, dict)
    changes: dict[str, Any] = {}
    if isinstance(payload.get('id'), str) and payload['id']:
        changes['id'] = payload['id']
    if isinstance(payload.get('received_at'), (int, float)):
        changes['received_at'] = float(payload['received_at'])
    return dataclasses.replace(fault, **changes)


def iso(at: float, *, zone: bool = False) -> str:
    """A time as ISO 8601 in UTC.

    :param at: seconds since the epoch.
    :param zone: whether to write ``+00:00``; oslo.messaging and Ceilometer
        write UTC without it.
    """
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return (moment if zone else moment.replace(tzinfo=None)).isoformat(
        timespec='microseconds')


def sent_at(metadata: Mapping[str, Any], default: float) -> float:
    """When a notification was sent, by the clock of who sent it.

    :param metadata: of oslo.messaging: ``timestamp`` is UTC without a zone.
    :param default: taken when it does not say.
    """
    try:
        moment = datetime.datetime.fromisoformat(str(metadata['timestamp']))
    except (KeyError, ValueError):
        return default
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.timestamp()


def instance_update(server: Server, state: str, at: float) -> Event:
    """The event that tells of a server's new state.

    It has the traits that Ceilometer makes of Nova's notification
    ``compute.instance.update``, as far as the server tells them, so that a
    rule written for Aodh matches it.

    :param state: the new vm_state; the server's own is the old one.
    :param at: when it came about, in seconds since the epoch.
    """
    texts: Sequence[tuple[str, str]] = (
        ('state', state), ('old_state', server.state),
        ('instance_id', server.id), ('resource_id', server.id),
        ('tenant_id', server.project_id), ('project_id', server.project_id),
        ('user_id', server.user_id), ('display_name', server.name),
        ('host', server.host), ('instance_type', server.flavor),
        ('service', 'compute'))
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
    return Event(INSTANCE_UPDATE, iso(at), tuple(traits))


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

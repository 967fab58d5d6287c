"""Alerts of Prometheus Alertmanager as faults.

They come in its webhook's ``{"alerts": [...]}``, or in the list that its API
takes and that collectd's write_http sends.
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from doctor_core.exceptions import InvalidEvent
from doctor_core.model import Fault, FaultStatus, new_id
from doctor_core.wire import checking, escaping, southbound, times
from doctor_core.wire.names import HOST_DEGRADED, HOST_DOWN, HOST_UP

#: Labels of an alert that name the host, best first. Prometheus itself sets
#: ``instance`` on every alert, so whoever sets another one means that.
HOST_LABELS = ('hostname', 'host', 'instance')
#: Severities that, by convention, mean no outage.
_MILD = frozenset({'warning', 'info', 'none'})
#: With these collectd says in one label what an alert's status is for.
_OF_COLLECTD = frozenset({'OKAY', 'WARNING', 'FAILURE'})
#: How Go writes that there is no time.
_NEVER = '0001-01-01'
#: Longer ones are told apart by a hash.
_RECEIVER_LENGTH = 128
_FINGERPRINT_LENGTH = 64

_ALERT = checking.Schema({
    'labels': {'type': 'object'}, 'annotations': {'type': 'object'},
    'status': {'type': 'string'}, 'fingerprint': {'type': 'string'}})


@dataclasses.dataclass(frozen=True)
class Group:
    """What an Alertmanager says of all alerts that it sends at once.

    :ivar receiver: how its configuration calls us; the same for both of a
        pair that is to be highly available.
    :ivar sender: where it is reached; of each of such a pair its own.
    :ivar remarks: what is wrong with the group.
    """

    receiver: str = ''
    sender: str = ''
    remarks: tuple[str, ...] = ()


def group_of(body: Mapping[str, Any]) -> Group:
    """What the body of a webhook says beside its alerts."""
    truncated = body.get('truncatedAlerts')
    remarks = () if not isinstance(truncated, int) or truncated <= 0 else (
        f'truncatedAlerts: the sender left out {escaping.described(truncated)}'
        ' alerts; nothing is known of them',)
    receiver, sender = (
        escaping.escaped(text) if isinstance(text := body.get(name), str)
        else '' for name in ('receiver', 'externalURL'))
    return Group(receiver, sender[:checking.NAME_LENGTH], remarks)


def is_alert(entry: object) -> bool:
    return isinstance(entry, dict) and 'labels' in entry \
        and not {'event', 'type'} & set(entry)


def parse_alert(entry: object, path: str, received_at: float,
                host_labels: Sequence[str], group: Group) -> Fault:
    """The fault of one alert.

    :param path: where it stands in the body.
    :param host_labels: labels that name its host, best first.
    :raises InvalidEvent: what is wrong, and the path of the field.
    """
    remarks = list(group.remarks)
    said: Any = escaping.held(entry, path, remarks)
    alert = _ALERT.check(said, path)
    labels = alert.get('labels', {})
    known = _known_labels(labels, f'{path}.labels', host_labels, remarks)
    severity = known.get('severity', '')
    stamps = {name: None if str(said.get(name)).startswith(_NEVER)
              else said.get(name) for name in ('startsAt', 'endsAt')}
    starts, ends = (southbound.event_time(
        stamp, f'{path}.{name}', received_at, remarks)
        for name, stamp in stamps.items())
    resolved = _is_resolved(alert.get('status', ''), severity, ends,
                            received_at)
    hostname = _host_of(known, host_labels, path)
    job = known.get('job') or known.get('service') or ''
    return Fault(
        id=new_id(),
        hostname=hostname,
        type=HOST_DEGRADED if severity.lower() in _MILD
        else HOST_UP if resolved else HOST_DOWN,
        status=FaultStatus.UP if resolved else FaultStatus.DOWN,
        detected_at=(ends if resolved else None) or starts or received_at,
        received_at=received_at,
        source=_source(group.receiver or job, alert.get('fingerprint', ''),
                       labels),
        cause=known.get('alertname', ''),
        severity=severity,
        sender=group.sender or job,
        began_at=times.stated(stamps['startsAt'], received_at),
        ended_at=ends if resolved else None,
        remarks=southbound.few(remarks),
        details={'hostname': hostname, 'labels': labels,
                 'annotations': alert.get('annotations', {}),
                 'monitor_event_id': alert.get('fingerprint', '')})


def _known_labels(labels: dict[str, Any], path: str,
                  host_labels: Sequence[str], remarks: list[str]
                  ) -> dict[str, str]:
    """The labels that are looked at, each on one line."""
    names = (*host_labels, 'severity', 'service', 'job', 'alertname')
    return _labels_schema(names).check(
        southbound.lined(labels, path, remarks, names), path)


@functools.lru_cache(maxsize=4)
def _labels_schema(names: tuple[str, ...]) -> checking.Schema:
    return checking.Schema(dict.fromkeys(names, checking.OPTIONAL_NAME))


def _host_of(known: Mapping[str, str], host_labels: Sequence[str],
             path: str) -> str:
    for name in host_labels:
        if hostname := _hostname(known.get(name, '')):
            return hostname
    raise InvalidEvent(f'{path}.labels', 'names no host; looked for '
                       + ', '.join(host_labels))


def _hostname(label: str) -> str:
    """A host's name, of ``name``, ``name:port``, ``[address]:port`` or a
    URL.
    """
    if '://' in label:
        label = label.partition('://')[2].partition('/')[0]
    name, colon, port = label.strip().rpartition(':')
    if colon and port.isdigit() and (':' not in name or name[:1] == '['):
        label = name
    return label.strip().strip('[]')


def _is_resolved(status: str, severity: str, ends_at: float | None,
                 received_at: float) -> bool:
    """What an alert says of itself wins over what its times say."""
    status = status.strip().lower()
    if status in ('firing', 'resolved'):
        return status == 'resolved'
    return severity == 'OKAY' \
        or (ends_at is not None and ends_at <= received_at)


def _source(sender: str, fingerprint: str, labels: Mapping[str, Any]
            ) -> str:
    """The same for each report of one alert, by whichever of a pair."""
    if len(sender) > _RECEIVER_LENGTH:
        sender = _hash(sender)
    fingerprint = escaping.escaped(fingerprint)
    if not fingerprint:
        fingerprint = _hash(json.dumps(
            {name: value for name, value in labels.items()
             if name != 'severity' or value not in _OF_COLLECTD},
            sort_keys=True))
    elif len(fingerprint) > _FINGERPRINT_LENGTH:
        fingerprint = _hash(fingerprint)
    return f'alertmanager/{sender}/{fingerprint}'


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]

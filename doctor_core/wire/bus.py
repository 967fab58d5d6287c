"""Faults as they travel on the bus."""

import dataclasses
import re
from collections.abc import Collection
from typing import Any, NamedTuple

from doctor_core.model import Fault, new_id
from doctor_core.model.evidence import Evidence
from doctor_core.wire import checking, escaping, evidence, southbound, times
from doctor_core.wire.names import HOST_DOWN

#: How :func:`doctor_core.model.new_id` writes ids.
_ID = re.compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
#: Of each remark, so much is kept.
_REMARK_LENGTH = 500


def fault_to_payload(fault: Fault) -> dict[str, Any]:
    """A fault as it travels: the southbound event, and what it lacks."""
    return {
        'id': fault.id,
        'time': _iso(fault.detected_at),
        'type': fault.type,
        'received_at': fault.received_at,
        'sender': fault.sender,
        'said_at': fault.said_at,
        'began_at': fault.began_at,
        'ended_at': fault.ended_at,
        'sequence': None if fault.sequence is None
        else dataclasses.asdict(fault.sequence),
        'arrival': None if fault.arrival is None
        else dataclasses.asdict(fault.arrival),
        'remarks': list(fault.remarks),
        'details': {**fault.details,
                    'hostname': fault.hostname,
                    'status': str(fault.status),
                    'source': fault.source,
                    'cause': fault.cause,
                    'severity': fault.severity,
                    **_rests_on(fault)},
    }


def _rests_on(fault: Fault) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if fault.evidence:
        said['evidence'] = evidence.to_json(fault.evidence)
    if fault.is_path_suspected:
        said['path_suspected'] = True
    return said


def fault_from_payload(payload: object, received_at: float) -> Fault:
    """A fault as the bus delivered it, also from a release before.

    :param received_at: when it was delivered, in seconds since the epoch.
    :raises InvalidEvent: it is none.
    """
    if not isinstance(payload, dict) or 'event' in payload:
        return southbound.parse_event(payload, '', received_at)
    # A release before wrote no ``said_at``: what was said is the time.
    complete = 'said_at' in payload
    fault = southbound.parse_event(
        {**payload, 'time': None} if complete else payload, '', received_at)
    remarks = _own_remarks(payload.get('remarks')) + list(fault.remarks)
    changes: dict[str, Any] = {
        'id': _id(payload.get('id'), remarks),
        'received_at': times.read(payload.get('received_at'),
                                  received_at)[0] or received_at,
        'arrival': southbound.sequence_number(
            payload.get('arrival'), remarks, 'arrival')}
    if isinstance(payload.get('sender'), str):
        sender = escaping.escaped(payload['sender'])
        changes['sender'] = sender[:checking.NAME_LENGTH]
    if complete:
        changes['detected_at'] = times.read(
            payload.get('time'), received_at)[0] or received_at
        # The intake has remarked what is odd about them.
        changes |= {name: times.read(payload.get(name), received_at)[0]
                    for name in ('said_at', 'ended_at')}
        changes['began_at'] = times.stated(payload.get('began_at'),
                                           received_at)
    return dataclasses.replace(fault, **changes,
                               remarks=southbound.few(remarks))


class Glimpse(NamedTuple):
    """Of a fault that nobody has read yet.

    :ivar host: as it is written; empty when that cannot be seen.
    :ivar is_loss: whether it says that a host is lost.
    :ivar sayer: who says so.
    """

    host: str = ''
    is_loss: bool = False
    sayer: tuple[str, ...] = ()


def glimpse(payload: object) -> Glimpse:
    """What of a fault can be seen at once, as the bus delivered it."""
    said = payload.get('event', payload) if isinstance(payload, dict) else {}
    if not isinstance(said, dict):
        return Glimpse()
    details = said.get('details', said)
    if not isinstance(details, dict):
        return Glimpse()

    def text(name: str) -> str:
        value = details.get(name)
        return value.strip().casefold() if isinstance(value, str) else ''
    kind = said.get('type')
    return Glimpse(
        text('hostname').rstrip('.'),
        kind == HOST_DOWN and text('status') != 'up',
        (str(kind), text('status'), text('source'), text('monitor'),
         text('monitor_id'), str(said.get('sender'))))


def heard_to_payload(source: str, hosts: Collection[str]) -> dict[str, Any]:
    """The hosts that a kind of monitor hears."""
    return {'source': source, 'hosts': sorted(hosts)}


def heard_from_payload(payload: object) -> tuple[str, frozenset[str]]:
    """The kind of monitor, and the hosts; of what is none, nobody."""
    said = payload if isinstance(payload, dict) else {}
    source, hosts = said.get('source'), said.get('hosts')
    if not isinstance(source, str) or not isinstance(hosts, list):
        return '', frozenset()
    return source, frozenset(one for one in hosts if isinstance(one, str))


def witnessed_to_payload(hostname: str, found: Collection[Evidence]
                         ) -> dict[str, Any]:
    """What speaks for or against the death of a host."""
    return {'hostname': hostname, 'evidence': evidence.to_json(found)}


def witnessed_from_payload(payload: object, received_at: float
                           ) -> tuple[str, tuple[Evidence, ...]]:
    """The host, and what was found; of what is none, nothing."""
    said = payload if isinstance(payload, dict) else {}
    hostname = said.get('hostname')
    if not isinstance(hostname, str):
        return '', ()
    return escaping.escaped(hostname), evidence.read(
        said.get('evidence'), 'evidence', received_at, [])


def _iso(at: float) -> str | None:
    """A time for people and for older releases; None when it is none.

    No fault is lost for a stamp that a plugin got wrong.
    """
    try:
        return times.iso(at, zone=True)
    except (ValueError, OverflowError, OSError):
        return None


def _id(value: object, remarks: list[str]) -> str:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    if value not in (None, ''):
        remarks.append(f'id: {escaping.described(value)} is no id of ours')
    return new_id()


def _own_remarks(value: object) -> list[str]:
    """What the intake has remarked."""
    if not isinstance(value, list):
        return []
    return [escaping.escaped(text[:_REMARK_LENGTH]) for text in value
            if isinstance(text, str)]

"""OPNFV Doctor's southbound event as a fault.

An object with ``time``, ``type`` and ``details``, bare, as ``{"event": ...}``,
or, since Brahmaputra, flat: ``{"type": ..., "hostname": ...}``.
"""

from typing import Any

from doctor_core.exceptions import InvalidEvent
from doctor_core.model import Fault, FaultStatus, SequenceNumber, new_id
from doctor_core.wire import checking, escaping, evidence, times
from doctor_core.wire.names import HOST_UP

_EVENT = checking.Schema({
    'type': checking.NAME, 'details': {'type': 'object'}}, ('type',))
_DETAILS = checking.Schema({
    'hostname': checking.NAME,
    'status': checking.OPTIONAL_NAME,
    'source': checking.OPTIONAL_NAME,
    'cause': {'type': 'string'},
    'severity': checking.OPTIONAL_NAME,
    'monitor': checking.OPTIONAL_NAME,
    'monitor_id': checking.OPTIONAL_NAME}, ('hostname',))
_SEQUENCE = checking.Schema({
    'epoch': {'type': 'string', 'pattern': r'\S', 'maxLength': 64},
    'number': {'type': 'integer'}}, ('epoch', 'number'))
#: What a flat event says beside its details.
_NO_DETAILS = ('id', 'time', 'type', 'sequence')
#: More of a cause is in the details.
_CAUSE_LENGTH = 1000
#: Of what was replaced, so much is told.
_REMARKS = 10


def parse_event(entry: object, path: str, received_at: float) -> Fault:
    """The fault of one event.

    :param path: where it stands in the body; empty when it is the body.
    :raises InvalidEvent: what is wrong, and the path of the field.
    """
    remarks: list[str] = []
    said: Any = escaping.held(entry, path, remarks)
    if isinstance(said, dict) and 'event' in said:
        said, path = said['event'], escaping.below(path, 'event')
    event = _EVENT.check(lined(said, path, remarks, ('type',)), path)
    details, where = _details(said, event, path)
    known = _DETAILS.check(
        lined(details, where, remarks,
              ('hostname', 'source', 'cause', 'severity', 'status',
               'monitor', 'monitor_id')), where)
    at = event_time(said.get('time'), escaping.below(path, 'time'),
                    received_at, remarks)
    monitor_id = known.get('monitor_id', '')
    return Fault(
        id=new_id(),
        hostname=known['hostname'],
        type=event['type'],
        status=_status(event['type'], known.get('status', '')),
        detected_at=received_at if at is None else at,
        received_at=received_at,
        source=known.get('source') or known.get('monitor') or monitor_id,
        cause=known.get('cause', '')[:_CAUSE_LENGTH],
        severity=known.get('severity', ''),
        sender=monitor_id or known.get('monitor', ''),
        said_at=at,
        sequence=sequence_number(said.get('sequence'), remarks),
        evidence=evidence.read(
            details.get('evidence'), escaping.below(where, 'evidence'),
            received_at, remarks),
        is_path_suspected=details.get('path_suspected') is True,
        remarks=few(remarks),
        details=details)


def _details(said: dict[str, Any], event: dict[str, Any], path: str
             ) -> tuple[dict[str, Any], str]:
    """The details, and where they stand."""
    if 'details' in event:
        return event['details'], escaping.below(path, 'details')
    return {name: value for name, value in said.items()
            if name not in _NO_DETAILS}, path


def _status(fault_type: str, text: str) -> FaultStatus:
    # As Vitrage reads it: whatever is not up is a fault.
    if fault_type == HOST_UP or text.lower() == 'up':
        return FaultStatus.UP
    return FaultStatus.DOWN


def lined(entry: object, path: str, remarks: list[str],
          names: tuple[str, ...]) -> Any:
    """An object whose members of these names stand on one line each."""
    if not isinstance(entry, dict):
        return entry
    texts = {name: entry[name].strip() for name in names
             if isinstance(entry.get(name), str)}
    changed = {name: escaping.escaped(text) for name, text in texts.items()}
    remarks += [f'{escaping.below(path, name)}: line breaks and the like are '
                'written as escapes'
                for name in texts if texts[name] != changed[name]]
    return {**entry, **changed}


def event_time(value: object, path: str, received_at: float,
               remarks: list[str]) -> float | None:
    """A time that can be, by its sender's clock; what is odd is remarked."""
    at, odd = times.read(value, received_at)
    ahead = times.ahead(at, received_at)
    if odd:
        remarks.append(f'{path}: {odd}' + (
            '; the arrival counts' if at is None else ''))
    if ahead:
        remarks.append(f'{path}: {ahead}')
    return at


def sequence_number(value: object, remarks: list[str],
                    path: str = 'sequence') -> SequenceNumber | None:
    """Where a report stands among those of its sender; None if unsaid."""
    if value is None:
        return None
    try:
        known = _SEQUENCE.check(
            lined(value, path, remarks, ('epoch',)), path)
    except InvalidEvent as error:
        remarks.append(f'{error}; it is left out')
        return None
    # 1.0 is a whole number to JSON.
    return SequenceNumber(known['epoch'], int(known['number']))


def few(remarks: list[str]) -> tuple[str, ...]:
    """Not more remarks than a person reads."""
    if len(remarks) <= _REMARKS:
        return tuple(remarks)
    return (*remarks[:_REMARKS], f'and {len(remarks) - _REMARKS} more')

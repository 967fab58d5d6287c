"""The faults of a request's body, in every dialect there is.

Deployments send events bare, in a list, or as ``{"events": [...]}`` (each
entry bare or wrapped); Alertmanager sends ``{"alerts": [...]}``.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, TypeGuard

from doctor_core.exceptions import InvalidEvent, UnknownType
from doctor_core.model import Fault
from doctor_core.wire import alertmanager, southbound
from doctor_core.wire.escaping import below

#: More than that is no list of faults; what they cost is bounded so.
_MOST = 10_000


class Parsed(NamedTuple):
    """What a body holds.

    :ivar faults: in the order of the body.
    :ivar refused: why each of the other entries is none.
    :ivar remarks: what is wrong with the whole, for a person.
    """

    faults: list[Fault]
    refused: list[InvalidEvent]
    remarks: tuple[str, ...]


def parse_faults(body: object, received_at: float,
                 host_labels: Sequence[str] = alertmanager.HOST_LABELS,
                 types: Collection[str] | None = None) -> Parsed:
    """What a request body holds, in any dialect; each entry for itself.

    :param body: the decoded JSON.
    :param received_at: when it came, in seconds since the epoch; the time
        of an event that has none.
    :param host_labels: labels of an alert that name its host, best first.
    :param types: the types that are not refused, as UnknownType; None for
        any.
    :raises InvalidEvent: it has no entries.
    """
    group = alertmanager.group_of(body) if _is_group(body) else None
    faults: list[Fault] = []
    refused: list[InvalidEvent] = []
    for path, entry in _entries(body):
        try:
            fault = alertmanager.parse_alert(
                entry, path, received_at, host_labels,
                group or alertmanager.Group()) \
                if group or (path and alertmanager.is_alert(entry)) \
                else southbound.parse_event(entry, path, received_at)
            if types is not None and fault.type not in types:
                raise UnknownType(
                    below(path, 'type'), 'Doctor does not act on events of '
                    f'type {fault.type}; it knows {", ".join(sorted(types))}')
            faults.append(fault)
        except InvalidEvent as error:
            refused.append(error)
    return Parsed(faults, refused, group.remarks if group else ())


def _is_group(body: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(body, dict) and 'alerts' in body \
        and 'events' not in body


def _entries(body: Any) -> list[tuple[str, object]]:
    """Each entry, and where it stands: nowhere when it is the body."""
    name = ''
    if isinstance(body, dict):
        name = next((name for name in ('events', 'alerts') if name in body),
                    '')
        if not name:
            return [('', body)]
        body = body[name]
    elif not isinstance(body, list):
        return [('', body)]
    if not isinstance(body, list):
        raise InvalidEvent(name, f'must be a list of {name}')
    if not body:
        raise InvalidEvent(name or 'body', 'holds no event')
    if len(body) > _MOST:
        raise InvalidEvent(name or 'body', f'holds more than {_MOST} events')
    return [(f'{name}[{index}]', entry) for index, entry in enumerate(body)]

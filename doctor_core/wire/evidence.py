"""Evidence as it travels in the details of an event.

A list of objects: ``kind`` is one of :class:`.EvidenceKind`, ``source`` says
who has seen it, ``at`` when, and ``text`` is for a person.
"""

from collections.abc import Iterable
from typing import Any

from doctor_core.exceptions import InvalidEvent
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.wire import checking, escaping, times

_SCHEMA = checking.Schema({
    'kind': checking.NAME, 'source': checking.OPTIONAL_NAME,
    'text': {'type': 'string'}}, ('kind',))
#: More nobody has of one host; of a text, so much is kept.
_MOST, _TEXT_LENGTH = 20, 500


def to_json(found: Iterable[Evidence]) -> list[dict[str, Any]]:
    """Evidence, as :func:`read` reads it."""
    return [{'kind': str(one.kind), 'source': one.source, 'at': one.at,
             'text': one.text} for one in found]


def read(value: object, path: str, received_at: float, remarks: list[str]
         ) -> tuple[Evidence, ...]:
    """The evidence that an event has; none is no reason to refuse it.

    :param value: the member of its details; None when there is none.
    :param path: where that stands.
    :param remarks: gets what cannot be read, and is left out.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        remarks.append(f'{path}: is no list, and is left out')
        return ()
    found = []
    for index, entry in enumerate(value[:_MOST]):
        where = f'{path}[{index}]'
        try:
            known = _SCHEMA.check(entry, where)
            kind = EvidenceKind(known['kind'])
        except InvalidEvent as error:
            remarks.append(f'{error}; it is left out')
            continue
        except ValueError:
            remarks.append(f'{where}.kind: '
                           f'{escaping.described(known["kind"])} is not '
                           'known, and is left out')
            continue
        if kind is EvidenceKind.OPERATOR:
            remarks.append(f'{where}.kind: an operator says so with "doctor '
                           'faults confirm", and in no report; it is left '
                           'out')
            continue
        at = times.read(entry.get('at'), received_at)[0]
        found.append(Evidence(
            kind, escaping.escaped(known.get('source', '')),
            received_at if at is None else at,
            escaping.escaped(known.get('text', ''))[:_TEXT_LENGTH]))
    return tuple(found)

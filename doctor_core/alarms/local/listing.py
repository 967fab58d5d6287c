"""Which alarms a client of Aodh's asks for, and in what order.

Pure: alarms are their JSON here.
"""

import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from doctor_core.alarms.local.matching import InvalidRule

Alarm: TypeAlias = Mapping[str, Any]
Test: TypeAlias = Callable[[Alarm], bool]

#: The fields of ``q.field``.
_FILTERS = ('name', 'alarm_id', 'project_id', 'user_id', 'state', 'severity',
            'enabled', 'type')
#: Those by which an order or a complex query may go.
_FIELDS = (*_FILTERS, 'description', 'repeat_actions', 'timestamp',
           'state_timestamp')
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    '=': operator.eq, '==': operator.eq, 'eq': operator.eq,
    '!=': operator.ne, 'ne': operator.ne,
    '<': operator.lt, 'lt': operator.lt,
    '<=': operator.le, '=<': operator.le, 'le': operator.le,
    '>': operator.gt, 'gt': operator.gt,
    '>=': operator.ge, '=>': operator.ge, 'ge': operator.ge,
}
_DEEPEST = 20
#: Values of one filter: each costs a comparison with every alarm.
_MOST_VALUES = 500
#: Characters of a filter, or of an order: so many values of names.
_LONGEST = 200_000


def filters(query: Mapping[str, str]) -> dict[str, str]:
    """The filters of a list, ``q.field=name&q.op=eq&q.value=...``.

    :raises InvalidRule: they are none.
    """
    parts: dict[str, list[str]] = {'field': [], 'op': [], 'value': []}
    for name, value in query.items():
        if name.startswith('q.') and name[2:] in parts:
            parts[name[2:]].append(value)
    if len(parts['field']) != len(parts['value']):
        raise InvalidRule('q', 'needs a value for each field')
    if any(op not in ('', 'eq') for op in parts['op']):
        raise InvalidRule('q.op', 'must be eq')
    for field in parts['field']:
        if field not in _FILTERS and field != 'all_projects':
            raise InvalidRule('q.field', f'{field!r} is not one of '
                                         f'{", ".join(_FILTERS)}')
    return dict(zip(parts['field'], parts['value'], strict=True))


def has(alarm: Alarm, wanted: Mapping[str, str]) -> bool:
    """Whether an alarm has all the values of :func:`filters`."""
    return all(_text(alarm[field]) == (
        value.lower() if field == 'enabled' else value)
        for field, value in wanted.items())


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def page(alarms: list[Alarm], query: Mapping[str, str]) -> list[Alarm]:
    """In the order of ``sort``, what comes after the marker, to the limit.

    :raises InvalidRule: one of these is none.
    """
    orders = [value for name, value in query.items() if name == 'sort']
    alarms = _ordered(alarms, [_order(text) for text in orders])
    marker, limit = query.get('marker'), query.get('limit')
    if marker:
        ids = [alarm['alarm_id'] for alarm in alarms]
        if marker not in ids:
            raise InvalidRule('marker', f'There is no alarm {marker!r} here')
        alarms = alarms[ids.index(marker) + 1:]
    if limit:
        if not re.fullmatch('0*[1-9][0-9]{0,8}', limit):
            raise InvalidRule('limit', 'must be a number above 0')
        alarms = alarms[:int(limit)]
    return alarms


def _order(text: str) -> tuple[str, str]:
    field, _, direction = text.partition(':')
    return field, direction or 'asc'


def _ordered(alarms: Iterable[Alarm], orders: Iterable[tuple[str, str]]
             ) -> list[Alarm]:
    """Sorted by several fields, the first of which counts most."""
    found, fields = list(alarms), list(orders)
    if len(fields) > len(_FIELDS):
        raise InvalidRule('sort', f'has {len(fields)} entries, and there are '
                                  f'{len(_FIELDS)} fields to sort by')
    for field, direction in reversed(fields):
        if field not in _FIELDS or direction.lower() not in ('asc', 'desc'):
            raise InvalidRule('sort', f'{field}:{direction} is not a field '
                                      'and asc or desc')
        found.sort(key=operator.itemgetter(field),
                   reverse=direction.lower() == 'desc')
    return found


class ComplexQuery:
    """``{"filter": "{\\"=\\": {\\"name\\": \\"vm1\\"}}"}``, as Aodh takes it.

    :param body: the decoded JSON: filter, as an object or as its text;
        orderby; limit.
    :raises InvalidRule: what is wrong with it.
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        unknown = sorted(set(body) - {'filter', 'orderby', 'limit'})
        if unknown:
            raise InvalidRule(unknown[0], 'is not a field of a query')
        self._test = _parsed(body.get('filter'))
        self._orders = _orders(body.get('orderby'))
        self._limit = body.get('limit')
        if self._limit is not None and (
                type(self._limit) is not int or self._limit < 1):
            raise InvalidRule('limit', 'must be a number above 0')

    def of(self, alarms: Iterable[Alarm]) -> list[Alarm]:
        """Those that it asks for."""
        return _ordered(filter(self._test, alarms),
                        self._orders)[:self._limit]


def _parsed(text: Any) -> Test:
    text = _decoded('filter', text)
    if text in (None, '', {}):
        return lambda alarm: True
    if _has_many(text):
        raise InvalidRule('filter', f'has more than {_MOST_VALUES} values; '
                                    'ask with several queries')
    return _test(text, 0)


def _decoded(field: str, text: Any) -> Any:
    """What a text of JSON says; anything else as it is."""
    if not isinstance(text, str) or not text:
        return text
    if len(text) > _LONGEST:
        raise InvalidRule(field, f'is longer than {_LONGEST} characters')
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidRule(field, 'is not JSON') from None


def _has_many(expression: Any) -> bool:
    """Whether it holds too many values; what is empty counts as one."""
    left, values = [expression], 0
    while left and values <= _MOST_VALUES:
        node = left.pop()
        inner = [*node.values()] if isinstance(node, dict) \
            else node if isinstance(node, list) else []
        left += inner
        values += not inner
    return values > _MOST_VALUES


def _test(node: Any, depth: int) -> Test:
    """What an expression asks of an alarm."""
    if not isinstance(node, dict) or len(node) != 1 or depth > _DEEPEST:
        raise InvalidRule('filter', 'must be one operator and what it is '
                                    f'for, not more than {_DEEPEST} deep')
    [(word, operand)] = node.items()
    if word in ('and', 'or'):
        return _several(word, operand, depth)
    if word == 'not':
        inner = _test(operand, depth + 1)
        return lambda alarm: not inner(alarm)
    if word in _COMPARISONS:
        field, value = _pair(operand)
        return _comparison(_COMPARISONS[word], field, value)
    if word == 'in':
        field, values = _pair(operand)
        if not isinstance(values, list):
            raise InvalidRule('filter', '"in" needs a list')
        return lambda alarm: alarm[field] in values
    raise InvalidRule('filter', f'{word!r} is not an operator')


def _several(word: str, operand: Any, depth: int) -> Test:
    if not isinstance(operand, list) or not operand:
        raise InvalidRule('filter', f'{word!r} needs a list')
    inner = [_test(node, depth + 1) for node in operand]
    joined = all if word == 'and' else any
    return lambda alarm: joined(test(alarm) for test in inner)


def _pair(operand: Any) -> tuple[str, Any]:
    if not isinstance(operand, dict) or len(operand) != 1:
        raise InvalidRule('filter', 'an operator needs one field and value')
    [(field, value)] = operand.items()
    if field not in _FIELDS:
        raise InvalidRule('filter', f'{field!r} is not one of '
                                    f'{", ".join(_FIELDS)}')
    return field, value


def _comparison(compare: Callable[[Any, Any], bool], field: str, value: Any
                ) -> Test:
    def test(alarm: Alarm) -> bool:
        try:
            return compare(alarm[field], value)
        except TypeError:  # of two types there is no order
            return False
    return test


def _orders(orderby: Any) -> list[tuple[str, str]]:
    """``[{"name": "asc"}, ...]``."""
    orderby = _decoded('orderby', orderby)
    orders = []
    if not isinstance(orderby or [], list):
        raise InvalidRule('orderby', 'must be a list')
    if len(orderby or ()) > len(_FIELDS):
        raise InvalidRule('orderby', f'has more than {len(_FIELDS)} entries')
    for entry in orderby or ():
        if not isinstance(entry, dict) or len(entry) != 1:
            raise InvalidRule('orderby', 'must be a list of one field and '
                                         'asc or desc each')
        [(field, direction)] = entry.items()
        orders.append((field, str(direction)))
    _ordered([], orders)
    return orders

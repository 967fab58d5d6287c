"""Whether an event meets a rule, as Aodh's event evaluator decides it.

A trait is turned into what its type code says, a condition's value into what
the condition's type says (text when it says nothing), and the two are
compared as they are: text never equals a number, and an order between the
two never holds. A trait that the event lacks is unequal to everything.
"""

import datetime
import fnmatch
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from doctor_core import wire
from doctor_core.exceptions import DoctorError
from doctor_core.model import AlarmRule, Condition, Event, TraitType

Value: TypeAlias = str | int | float | datetime.datetime
#: An equality that has to hold for a rule to be met: trait name and value.
Key: TypeAlias = tuple[str, Value]

TRAITS = 'traits.'

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    'eq': operator.eq, 'ne': operator.ne,
    'lt': operator.lt, 'le': operator.le,
    'gt': operator.gt, 'ge': operator.ge,
}

_CONDITION_TYPES = {
    '': TraitType.STRING,
    'string': TraitType.STRING,
    'integer': TraitType.INTEGER,
    'float': TraitType.FLOAT,
    'datetime': TraitType.DATETIME,
}

#: Traits by which most rules single out a server, so the best to look up by.
_TELLING_TRAIT = 'instance_id'
#: As Aodh allows them; a name may have dots of its own.
_FIELD = re.compile(r"[a-zA-Z.',0-9_-]+")


class InvalidRule(DoctorError, ValueError):
    """An alarm or a rule that could never do what it says.

    :ivar field: the field at fault, as a path
        (``event_rule.query[0].op``).
    :ivar why: what is wrong with it.
    """

    def __init__(self, field: str, why: str) -> None:
        self.field = field
        self.why = why
        super().__init__(f'{field}: {why}')


def _utc(text: str) -> datetime.datetime:
    """A time, of no kind that can be compared with a number."""
    return datetime.datetime.fromtimestamp(wire.utc(text), datetime.UTC)


_CONVERTERS: dict[int, Callable[[Any], Value]] = {
    TraitType.STRING: str,
    TraitType.INTEGER: int,
    TraitType.FLOAT: float,
    TraitType.DATETIME: lambda value: _utc(str(value)),
}


def trait_values(event: Event) -> dict[str, Value]:
    """An event's traits in their own types, by name.

    Of two of one name the last counts. One that is not of its type is left
    out, so that it cannot keep the others from being looked at.
    """
    values: dict[str, Value] = {}
    for trait in event.traits:
        try:
            values[trait.name] = _CONVERTERS[trait.type](trait.value)
        except (ValueError, TypeError, OverflowError):
            values.pop(trait.name, None)
    return values


def project_of(event: Event) -> str:
    """Whose event it is: the last trait that names a project, or nobody's."""
    project = ''
    for trait in event.traits:
        if trait.name in ('tenant_id', 'project_id'):
            project = str(trait.value)
    return project


class Matcher:
    """A rule made ready to be compared with many events.

    :param rule: what has to be met.
    :raises InvalidRule: a condition could never be decided.
    :ivar key: an equality without which the rule is not met; None when it
        asks for none.
    """

    def __init__(self, rule: AlarmRule) -> None:
        self._event_type = re.compile(fnmatch.translate(rule.event_type))
        self._tests: list[tuple[str, Callable[[Any, Any], bool], Value]] = []
        keys: list[Key] = []
        for number, condition in enumerate(rule.query):
            path = f'event_rule.query[{number}]'
            name, value = _checked(condition, path)
            self._tests.append((name, OPERATORS[condition.op], value))
            if condition.op == 'eq':
                keys.append((name, value))
        keys.sort(key=lambda key: key[0] != _TELLING_TRAIT)
        self.key: Key | None = keys[0] if keys else None

    def met_by(self, event_type: str, values: Mapping[str, Value]) -> bool:
        """Whether an event of that type and with those traits meets it."""
        if not self._event_type.match(event_type):
            return False
        try:
            return all(test(values.get(name), value)
                       for name, test, value in self._tests)
        except TypeError:
            return False


def _checked(condition: Condition, path: str) -> Key:
    """The trait's name and the typed value of a condition."""
    field = condition.field
    # Aodh takes any field and then never fires the alarm.
    if not field.startswith(TRAITS) or not _FIELD.fullmatch(field) \
            or field == TRAITS:
        raise InvalidRule(f'{path}.field',
                          f'{field!r} is not traits.<name of a trait>')
    if condition.op not in OPERATORS:
        raise InvalidRule(f'{path}.op', f'{condition.op!r} is not one of '
                                        f'{", ".join(OPERATORS)}')
    if condition.type not in _CONDITION_TYPES:
        raise InvalidRule(
            f'{path}.type', f'{condition.type!r} is not empty and not one of '
                            f'{", ".join(filter(None, _CONDITION_TYPES))}')
    try:
        value = _CONVERTERS[_CONDITION_TYPES[condition.type]](condition.value)
    except (ValueError, OverflowError):
        raise InvalidRule(f'{path}.value', f'{condition.value!r} is not of '
                                           f'type {condition.type}') from None
    return field.removeprefix(TRAITS), value

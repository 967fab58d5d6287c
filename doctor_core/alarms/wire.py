"""An alarm as the JSON of Aodh's v2 API, in both directions."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from doctor_core import wire
from doctor_core.alarms.limits import Limits
from doctor_core.alarms.local.matching import InvalidRule, Matcher
from doctor_core.model import (
    Alarm,
    AlarmRule,
    AlarmState,
    Condition,
    Severity,
)

#: An event alarm never comes back by itself, nor does time bind it: Aodh
#: takes these and does nothing with them. Only their being empty is honest.
_UNUSED = ('ok_actions', 'insufficient_data_actions', 'time_constraints')
_KNOWN = frozenset({
    'name', 'type', 'description', 'enabled', 'severity', 'repeat_actions',
    'alarm_actions', 'event_rule', 'state', *_UNUSED,
    # Written by the service; taken back from clients that send all of what
    # they got, and not looked at.
    'alarm_id', 'project_id', 'user_id', 'timestamp', 'state_timestamp',
    'state_reason', 'evaluate_timestamp'})
_OPERATORS = {'=': 'eq', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt',
              '>=': 'ge'}
_SPOKEN = re.compile(r'(?P<field>[^=!<>]+)(?P<op>!=|>=|<=|>|<|=)(?P<value>.+)')
Complaint: TypeAlias = Callable[[str], str]


def query_to_json(rule: AlarmRule) -> list[dict[str, str]]:
    """A rule's conditions as Aodh writes them."""
    return [{'field': condition.field, 'op': condition.op,
             'type': condition.type, 'value': condition.value}
            for condition in rule.query]


def rule_to_json(rule: AlarmRule) -> dict[str, Any]:
    """A rule as Aodh's API takes it, to make an alarm of it."""
    return {
        'name': rule.name,
        'description': rule.description,
        'type': 'event',
        'enabled': rule.enabled,
        'severity': str(rule.severity),
        'project_id': rule.project_id,
        'repeat_actions': rule.repeat_actions,
        'alarm_actions': list(rule.actions),
        'event_rule': {'event_type': rule.event_type,
                       'query': query_to_json(rule)},
    }


def alarm_to_json(alarm: Alarm) -> dict[str, Any]:
    """An alarm as Aodh's API answers it.

    ``timestamp``, the time of the last change of the definition, is not kept
    and repeats that of the state; ``state_reason`` is not kept.
    """
    changed_at = wire.iso(alarm.state_at)
    return {
        **rule_to_json(alarm.rule),
        'alarm_id': alarm.id,
        'user_id': alarm.rule.user_id,
        'state': str(alarm.state),
        'state_timestamp': changed_at,
        'timestamp': changed_at,
        'ok_actions': [],
        'insufficient_data_actions': [],
        'time_constraints': [],
    }


def alarm_from_json(body: Mapping[str, Any]) -> Alarm:
    """An alarm that :func:`alarm_to_json` wrote, of any length.

    :raises InvalidRule: it is not one.
    """
    rule = rule_from_json(body, _text(body, 'project_id'),
                          _text(body, 'user_id'))
    try:
        state_at = wire.utc(_text(body, 'state_timestamp', required=True))
    except ValueError:
        raise InvalidRule('state_timestamp', 'is not a time') from None
    return Alarm(_text(body, 'alarm_id', required=True), rule,
                 state_from_json(body), state_at)


def rule_from_json(body: object, project_id: str, user_id: str,
                   complaint: Complaint | None = None,
                   limits: Limits | None = None) -> AlarmRule:
    """The rule of an alarm that somebody asks for.

    :param body: the decoded JSON.
    :param project_id: whose alarm it will be.
    :param complaint: why an action may not be named, empty when it may; by
        default any that has a scheme may.
    :param limits: None for an alarm that was taken before, whatever its
        length.
    :raises InvalidRule: what is wrong, and the field.
    """
    if not isinstance(body, dict):
        raise InvalidRule('body', 'must be an object')
    if _text(body, 'type', required=True) != 'event':
        raise InvalidRule('type', 'must be "event": other alarms are not '
                                  'evaluated here')
    # Clients send the rules of other types of alarm along, empty.
    unknown = sorted(field for field in set(body) - _KNOWN
                     if body[field] or not field.endswith('_rule'))
    if unknown:
        raise InvalidRule(unknown[0], 'is not a field of an event alarm')
    for field in _UNUSED:
        if _list(body, field):
            raise InvalidRule(field, 'must be empty: an event alarm does '
                                     'nothing with it')
    event_type, query = _event_rule(body)
    rule = AlarmRule(
        name=_text(body, 'name', required=True),
        project_id=project_id,
        user_id=user_id,
        event_type=event_type,
        query=query,
        actions=_texts(body, 'alarm_actions'),
        severity=_severity(body),
        repeat_actions=_flag(body, 'repeat_actions', False),
        enabled=_flag(body, 'enabled', True),
        description=_text(body, 'description')
        or f'Alarm when {event_type} event occurred.')
    # First of all: what else is wrong would be said by repeating it.
    if limits is not None:
        limits.check(rule)
    _check_actions(rule.actions, complaint or _no_url)
    Matcher(rule)
    return dataclasses.replace(rule,
                               actions=tuple(dict.fromkeys(rule.actions)))


def state_from_json(body: Mapping[str, Any]) -> AlarmState:
    """The state an alarm is to be in; by default nobody knows it yet.

    :raises InvalidRule: it is not a state.
    """
    text = _text(body, 'state') or str(AlarmState.INSUFFICIENT_DATA)
    try:
        return AlarmState(text)
    except ValueError:
        raise InvalidRule('state', f'{text!r} is not one of '
                                   f'{", ".join(AlarmState)}') from None


def _severity(body: Mapping[str, Any]) -> Severity:
    # Aodh's own default, which is not that of its documents' examples.
    text = _text(body, 'severity') or str(Severity.LOW)
    try:
        return Severity(text)
    except ValueError:
        raise InvalidRule('severity', f'{text!r} is not one of '
                                      f'{", ".join(Severity)}') from None


def _event_rule(body: Mapping[str, Any]
                ) -> tuple[str, tuple[Condition, ...]]:
    rule = body.get('event_rule')
    if not isinstance(rule, dict):
        raise InvalidRule('event_rule', 'must be an object')
    for field in rule:
        if field not in ('event_type', 'query'):
            raise InvalidRule(f'event_rule.{field}',
                              'is not a field of an event rule')
    event_type = _text(rule, 'event_type', 'event_rule.') or '*'
    query = rule.get('query')
    entries = _spoken(query) if isinstance(query, str) and query \
        else _list(rule, 'query', 'event_rule.')
    return event_type, tuple(
        _condition(entry, f'event_rule.query[{number}]')
        for number, entry in enumerate(entries))


def _spoken(query: str) -> list[dict[str, str]]:
    """The conditions of ``traits.state=string::error;...``, the form of
    aodhclient's command line, which it sends as it is with an update.
    """
    entries = []
    for number, part in enumerate(query.split(';')):
        found = _SPOKEN.fullmatch(part.strip())
        if found is None:
            raise InvalidRule(f'event_rule.query[{number}]', f'{part!r} is '
                              'not field, operator and value')
        value_type, colons, value = found['value'].partition('::')
        entries.append({
            'field': found['field'], 'op': _OPERATORS[found['op']],
            'type': value_type if colons else '',
            'value': value if colons else found['value']})
    return entries


def _condition(entry: object, path: str) -> Condition:
    if not isinstance(entry, dict):
        raise InvalidRule(path, 'must be an object')
    for field in entry:
        if field not in ('field', 'op', 'type', 'value'):
            raise InvalidRule(f'{path}.{field}',
                              'is not a field of a condition')
    for field in ('field', 'type', 'value'):
        if not isinstance(entry.get(field), str):
            raise InvalidRule(f'{path}.{field}',
                              'is missing or not a string')
    return Condition(field=entry['field'], value=entry['value'],
                     type=entry['type'],
                     op=_text(entry, 'op', f'{path}.') or 'eq')


def _no_url(action: str) -> str:
    try:
        return '' if urlsplit(action).scheme else 'is not a URL'
    except ValueError:
        return 'is not a URL'


def _texts(body: Mapping[str, Any], field: str) -> tuple[str, ...]:
    texts = _list(body, field)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidRule(f'{field}[{number}]', 'must be a string')
    return tuple(texts)


def _check_actions(actions: tuple[str, ...], complaint: Complaint) -> None:
    for action in dict.fromkeys(actions):
        why = complaint(action)
        if why:
            raise InvalidRule(f'alarm_actions[{actions.index(action)}]', why)


def _text(body: Mapping[str, Any], field: str, path: str = '', *,
          required: bool = False) -> str:
    value = body.get(field)
    if required and value in (None, ''):
        raise InvalidRule(path + field, 'is missing')
    if value is None:
        return ''
    if not isinstance(value, str):
        raise InvalidRule(path + field, 'must be a string')
    return value


def _flag(body: Mapping[str, Any], field: str, default: bool) -> bool:
    value = body.get(field)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise InvalidRule(field, 'must be true or false')
    return value


def _list(body: Mapping[str, Any], field: str, path: str = '') -> list[Any]:
    value = body.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidRule(path + field, 'must be a list')
    return value

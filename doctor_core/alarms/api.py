"""The alarms of Aodh's v2 REST API, over a rule book.

Answers, errors included, are those of Aodh, so that its clients need no
change. What it leaves out: the history, complex queries and quotas.
"""

import dataclasses
import functools
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeAlias

from doctor_core import clock
from doctor_core.alarms.matching import InvalidRule
from doctor_core.alarms.rules import RuleBook
from doctor_core.alarms.wire import (
    alarm_to_json,
    rule_from_json,
    state_from_json,
)
from doctor_core.exceptions import NotFound
from doctor_core.model import Alarm, AlarmState, new_id
from doctor_core.web.server import Refused, Request, Response, Route


class Asker(NamedTuple):
    """Who sends a request."""

    project_id: str
    user_id: str
    is_admin: bool


#: Says who asks; must not block. Raises Refused when nobody may.
Who: TypeAlias = Callable[[Request], tuple[str, str, bool]]
#: Told of an alarm that is new or changed, or of the id of one that is gone.
Changed: TypeAlias = Callable[[Alarm | str], None]

DEFAULT_SCHEMES = frozenset({'http', 'https', 'log'})
#: They write into the service itself.
_ADMIN_SCHEMES = frozenset({'log', 'memory'})

#: Aodh's own list of what it can, for clients that ask.
_CAPABILITIES = {
    'api': {'alarms:query:simple': True,
            'alarms:query:complex': False,
            'alarms:history:query:simple': False,
            'alarms:history:query:complex': False},
    'alarm_storage': {'storage:production_ready': True},
}
_FILTERS: dict[str, Callable[[Alarm], str]] = {
    'name': lambda alarm: alarm.rule.name,
    'alarm_id': lambda alarm: alarm.id,
    'project_id': lambda alarm: alarm.rule.project_id,
    'user_id': lambda alarm: alarm.rule.user_id,
    'state': lambda alarm: str(alarm.state),
    'severity': lambda alarm: str(alarm.rule.severity),
    'enabled': lambda alarm: str(alarm.rule.enabled).lower(),
    'type': lambda alarm: 'event',
}


def routes(book: RuleBook, who: Who, *, prefix: str = '',
           schemes: Collection[str] = DEFAULT_SCHEMES,
           changed: Changed = lambda change: None) -> list[Route]:
    """Serve a rule book.

    :param book: may be used by others at the same time.
    :param who: asked at each request whose alarms it may see.
    :param prefix: put before ``/v2``.
    :param schemes: which actions' URL schemes an alarm may name; ``log``
        and ``memory`` among them are for administrators, as in Aodh.
    :param changed: called from any thread before the answer is sent; may
        block. When it raises, the request fails with 500.
    """
    api = _Api(book, who, prefix, schemes, changed)
    one = f'{prefix}/v2/alarms/{{id}}'
    table: list[tuple[str, str, Callable[[Request], Response]]] = [
        ('POST', f'{prefix}/v2/alarms', api.create),
        ('GET', f'{prefix}/v2/alarms', api.show_all),
        ('GET', one, api.show),
        ('PUT', one, api.update),
        ('DELETE', one, api.delete),
        ('GET', f'{one}/state', api.show_state),
        ('PUT', f'{one}/state', api.set_state),
        ('GET', f'{prefix}/v2/capabilities', api.capabilities),
    ]
    # What changes something may block in ``changed``, so it gets a thread.
    return [Route(method, path, _as_aodh(handler), blocking=method != 'GET')
            for method, path, handler in table]


def _as_aodh(handler: Callable[[Request], Response]
             ) -> Callable[[Request], Response]:
    """Answer errors in the form of Aodh's API, whatever the server's is."""
    @functools.wraps(handler)
    def answer(request: Request) -> Response:
        try:
            return handler(request)
        except InvalidRule as error:
            return _fault(400, 'Invalid input for field/attribute '
                               f'{error.field}. {error.why}')
        except NotFound as error:
            return _fault(404, str(error))
        except Refused as refused:
            return _fault(refused.status, refused.message)
    return answer


def _fault(status: int, text: str) -> Response:
    return Response(status, json={'error_message': {
        'faultcode': 'Client' if status < 500 else 'Server',
        'faultstring': text, 'debuginfo': None}})


@dataclasses.dataclass(frozen=True)
class _Api:
    """The handlers; each answers one request."""

    book: RuleBook
    who: Who
    prefix: str
    schemes: Collection[str]
    changed: Changed

    def create(self, request: Request) -> Response:
        body = _object(request)
        asker = Asker(*self.who(request))
        rule = rule_from_json(
            body, _owner(body, 'project_id', asker.project_id, asker),
            _owner(body, 'user_id', asker.user_id, asker),
            self._schemes(asker))
        alarm = Alarm(new_id(), rule, state_from_json(body), clock.now())
        self.book.add(alarm)
        self.changed(alarm)
        return Response(201, json=alarm_to_json(alarm), headers={
            'Location': f'{self.prefix}/v2/alarms/{alarm.id}'})

    def show_all(self, request: Request) -> Response:
        asker = Asker(*self.who(request))
        wanted = _query(request.query)
        project_id = wanted.get('project_id', asker.project_id)
        everybody = wanted.pop('all_projects', '').lower() in ('true', '1')
        if not asker.is_admin and (
                everybody or project_id != asker.project_id):
            raise Refused(401, 'Not Authorized to access project '
                               f'{project_id}')
        found = [alarm for alarm
                 in self.book.alarms(None if everybody else project_id)
                 if all(_FILTERS[field](alarm) == value
                        for field, value in wanted.items())]
        return Response(json=[alarm_to_json(alarm)
                              for alarm in _page(found, request.query)])

    def show(self, request: Request) -> Response:
        return Response(json=alarm_to_json(self._found(request)))

    def update(self, request: Request) -> Response:
        old = self._found(request)
        body = _object(request)
        asker = Asker(*self.who(request))
        state = state_from_json(body)
        rule = rule_from_json(
            body, _owner(body, 'project_id', old.rule.project_id, asker),
            _owner(body, 'user_id', old.rule.user_id, asker),
            self._schemes(asker))
        alarm = Alarm(old.id, rule, state, old.state_at
                      if state is old.state else clock.now())
        self.book.add(alarm)
        self.changed(alarm)
        return Response(json=alarm_to_json(alarm))

    def delete(self, request: Request) -> Response:
        alarm = self._found(request)
        self.book.remove(alarm.id)
        self.changed(alarm.id)
        return Response(204)

    def show_state(self, request: Request) -> Response:
        return Response(json=str(self._found(request).state))

    def set_state(self, request: Request) -> Response:
        alarm = self._found(request)
        state = request.json()
        if state not in list(AlarmState):
            raise InvalidRule('state', 'state invalid')
        alarm = self.book.set_state(alarm.id, AlarmState(state), clock.now())
        self.changed(alarm)
        return Response(json=str(alarm.state))

    def capabilities(self, request: Request) -> Response:
        return Response(json=_CAPABILITIES)

    def _schemes(self, asker: Asker) -> Collection[str]:
        return self.schemes if asker.is_admin \
            else set(self.schemes) - _ADMIN_SCHEMES

    def _found(self, request: Request) -> Alarm:
        """The alarm that the path names, if it is the asker's to see."""
        asker = Asker(*self.who(request))
        alarm_id = request.params['id']
        try:
            alarm = self.book.get(alarm_id)
        except NotFound:
            alarm = None
        if alarm is None or not (asker.is_admin or alarm.rule.project_id
                                 == asker.project_id):
            raise NotFound(f'Alarm {alarm_id} not found in project '
                           f'{asker.project_id}')
        return alarm


def _object(request: Request) -> dict[str, Any]:
    body = request.json()
    if not isinstance(body, dict):
        raise InvalidRule('body', 'must be an object')
    return body


def _owner(body: Mapping[str, Any], field: str, default: str,
           asker: Asker) -> str:
    """Whose the alarm is to be; only an administrator may say another."""
    asked = body.get(field)
    if asked in (None, '', default):
        return default
    if not isinstance(asked, str):
        raise InvalidRule(field, 'must be a string')
    if not asker.is_admin:
        raise Refused(401, f'Not Authorized to access '
                      f'{field.removesuffix("_id")} {asked}')
    return asked


def _query(query: Mapping[str, str]) -> dict[str, str]:
    """The filters of a list, ``q.field=name&q.op=eq&q.value=...``."""
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


def _page(alarms: list[Alarm], query: Mapping[str, str]) -> list[Alarm]:
    """What comes after the marker, up to the limit."""
    marker, limit = query.get('marker'), query.get('limit')
    if marker:
        ids = [alarm.id for alarm in alarms]
        if marker not in ids:
            raise InvalidRule('marker', f'There is no alarm {marker!r} here')
        alarms = alarms[ids.index(marker) + 1:]
    if limit:
        if not re.fullmatch('0*[1-9][0-9]{0,8}', limit):
            raise InvalidRule('limit', 'must be a number above 0')
        alarms = alarms[:int(limit)]
    return alarms

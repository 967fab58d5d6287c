"""The alarms of Aodh's v2 REST API, over a rule book.

Answers, errors included, are those of Aodh, so that its clients need no
change. What it leaves out, the history, quotas of single projects and
metrics, it says.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from doctor_core import clock
from doctor_core.alarms.actions import Actions
from doctor_core.alarms.limits import Limits
from doctor_core.alarms.local import listing
from doctor_core.alarms.local.kept import Changes
from doctor_core.alarms.local.matching import InvalidRule
from doctor_core.alarms.local.rules import RuleBook
from doctor_core.alarms.wire import (
    alarm_to_json,
    rule_from_json,
    state_from_json,
)
from doctor_core.exceptions import NotFound, StoreError
from doctor_core.model import Alarm, AlarmRule, AlarmState, new_id
from doctor_core.web.exchange import TENANT, Refused, Request, Response, Route
from doctor_core.web.pools import Pool
from doctor_core.web.turns import TurnsPool


class Asker(NamedTuple):
    """Who sends a request."""

    project_id: str
    user_id: str
    is_admin: bool


#: Says who asks; must not block. Raises Refused when nobody may.
Who: TypeAlias = Callable[[Request], tuple[str, str, bool]]

#: Aodh's own list of what it can, for clients that ask.
_CAPABILITIES = {
    'api': {'alarms:query:simple': True,
            'alarms:query:complex': True,
            'alarms:history:query:simple': False,
            'alarms:history:query:complex': False},
    'alarm_storage': {'storage:production_ready': True},
}
#: What Aodh has and this has not, by what a client asks for.
_MISSING = {
    'The history of alarms is not kept here': (
        ('GET', '/v2/alarms/{id}/history'),
        ('POST', '/v2/query/alarms/history')),
    'Quotas are not kept here; that of all projects is [alarm_local] '
    'project_alarm_quota': (
        ('GET', '/v2/quotas'), ('GET', '/v2/quotas/{id}'),
        ('POST', '/v2/quotas'), ('DELETE', '/v2/quotas/{id}')),
    'There are no metrics here': (('GET', '/v2/metrics'),),
}


def routes(book: RuleBook, who: Who, *, prefix: str = '',
           actions: Actions | None = None,
           check: Callable[[AlarmRule], None] = lambda rule: None,
           limits: Limits | None = None,
           changes: Changes | None = None) -> list[Route]:
    """Serve a rule book.

    :param book: may be used by others at the same time.
    :param who: asked at each request whose alarms it may see.
    :param prefix: put before ``/v2``.
    :param actions: which URLs an alarm may name; by default those that the
        installed notifiers serve.
    :param check: raises InvalidRule for what can never be met.
    :param limits: how much an alarm may hold; by default as much as without
        a configuration.
    :param changes: how the book is changed; may block. By itself by
        default.
    """
    api = _Api(book, who, prefix, actions or Actions(), check,
               limits or Limits(), changes or book)
    one, search = f'{prefix}/v2/alarms/{{id}}', f'{prefix}/v2/query/alarms'
    table: list[tuple[str, str, Callable[[Request], Response], str]] = [
        ('POST', f'{prefix}/v2/alarms', api.create, 'create'),
        ('GET', f'{prefix}/v2/alarms', api.show_all, 'list'),
        ('GET', one, api.show, 'get'),
        ('PUT', one, api.update, 'update'),
        ('DELETE', one, api.delete, 'delete'),
        ('GET', f'{one}/state', api.show_state, 'get'),
        ('PUT', f'{one}/state', api.set_state, 'update'),
        ('POST', search, api.search, 'list'),
        ('GET', f'{prefix}/v2/capabilities', api.capabilities,
         'capabilities'),
        ('GET', f'{prefix}/v2/capabilities/', api.capabilities,
         'capabilities'),
        *((method, prefix + path, api.missing(why), 'missing')
          for why, requests in _MISSING.items()
          for method, path in requests),
    ]
    # What changes something may block in ``changes``, so it gets a thread; a
    # list may be long, and holds up nobody but others of the same project;
    # a query costs more than a list, which does not wait for it.
    changing = Pool('alarms')
    lists, queries = TurnsPool('alarm lists'), TurnsPool('alarm queries')

    def pool(method: str, path: str, rule: str) -> Pool | None:
        if rule == 'list':
            return queries if path == search else lists
        return None if method == 'GET' else changing

    return [Route(method, path, _as_aodh(handler), pool(method, path, rule),
                  f'doctor:alarms:{rule}', TENANT, _caller(who))
            for method, path, handler, rule in table]


def _caller(who: Who) -> Callable[[Request], str]:
    """Says whose turn it is: a project's."""
    def caller(request: Request) -> str:
        try:
            return who(request)[0]
        except Refused:  # the handler answers that
            return ''
    return caller


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
        except StoreError as error:
            return _fault(503, str(error))
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
    actions: Actions
    check: Callable[[AlarmRule], None]
    limits: Limits
    changes: Changes

    def create(self, request: Request) -> Response:
        body = _object(request)
        asker = Asker(*self.who(request))
        rule = self._rule(body, asker, asker.project_id, asker.user_id)
        alarm = Alarm(new_id(), rule, state_from_json(body), clock.now())
        self._check_quota(rule.project_id)
        self.changes.add(alarm)
        return Response(201, json=alarm_to_json(alarm), headers={
            'Location': f'{self.prefix}/v2/alarms/{alarm.id}'})

    def _check_quota(self, project_id: str) -> None:
        has, most = self.book.count_of(project_id), self.limits.alarms
        if most is not None and has >= most:
            raise Refused(403, f'Alarm quota exceeded for project '
                          f'{project_id}: it has {has}, and may have {most} '
                          '([alarm_local] project_alarm_quota)')

    def show_all(self, request: Request) -> Response:
        asker = Asker(*self.who(request))
        wanted = listing.filters(request.query)
        project_id = wanted.get('project_id', asker.project_id)
        everybody = wanted.pop('all_projects', '').lower() in ('true', '1')
        if not asker.is_admin and (
                everybody or project_id != asker.project_id):
            raise Refused(401, 'Not Authorized to access project '
                               f'{project_id}')
        found = [alarm_to_json(alarm) for alarm
                 in (self.book.alarms() if everybody
                     else self.book.alarms_of(project_id))]
        return Response(json=listing.page(
            [alarm for alarm in found if listing.has(alarm, wanted)],
            request.query))

    def search(self, request: Request) -> Response:
        """Aodh's complex query; a tenant's sees his own project only."""
        asker = Asker(*self.who(request))
        query = listing.ComplexQuery(_object(request))
        return Response(json=query.of(
            alarm_to_json(alarm) for alarm in (
                self.book.alarms() if asker.is_admin
                else self.book.alarms_of(asker.project_id))))

    def show(self, request: Request) -> Response:
        return Response(json=alarm_to_json(self._found(request)))

    def update(self, request: Request) -> Response:
        old = self._found(request)
        body = _object(request)
        asker = Asker(*self.who(request))
        state = state_from_json(body)
        rule = self._rule(body, asker, old.rule.project_id,
                          old.rule.user_id)
        alarm = Alarm(old.id, rule, state, old.state_at
                      if state is old.state else clock.now())
        self.changes.replace(alarm)
        return Response(json=alarm_to_json(alarm))

    def delete(self, request: Request) -> Response:
        alarm = self._found(request)
        self.changes.remove(alarm.id)
        return Response(204)

    def show_state(self, request: Request) -> Response:
        return Response(json=str(self._found(request).state))

    def set_state(self, request: Request) -> Response:
        alarm = self._found(request)
        state = request.json()
        if state not in list(AlarmState):
            raise InvalidRule('state', 'state invalid')
        alarm = self.changes.set_state(alarm.id, AlarmState(state),
                                       clock.now())
        return Response(json=str(alarm.state))

    def capabilities(self, request: Request) -> Response:
        return Response(json=_CAPABILITIES)

    def missing(self, why: str) -> Callable[[Request], Response]:
        """A handler that says so, to whom may ask at all."""
        def answer(request: Request) -> Response:
            self.who(request)
            return _fault(501, why)
        return answer

    def _rule(self, body: Mapping[str, Any], asker: Asker, project_id: str,
              user_id: str) -> AlarmRule:
        """The rule that somebody asks for, of an owner unless it says so."""
        rule = rule_from_json(
            body, _owner(body, 'project_id', project_id, asker),
            _owner(body, 'user_id', user_id, asker),
            lambda url: self.actions.complaint(url, asker.is_admin),
            self.limits)
        self.check(rule)
        return rule

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

"""The inspector's HTTP side: events in, faults to look at and confirm."""

import asyncio
import dataclasses
import logging
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Sequence,
)
from typing import Any, Protocol

from doctor_core import clock, events, store
from doctor_core.exceptions import (
    BackendError,
    BusError,
    ConfigError,
    InvalidEvent,
    NotFound,
)
from doctor_core.model import Action, Fault
from doctor_core.web import server as web

LOG = logging.getLogger(__name__)

_WAIT_S = 300.0
#: Where any tenant may come to; everything else is the operator's.
_TENANTS = '/v2/'
_PUBLIC = ('/healthcheck',)


class Results(Protocol):
    """Who knows what became of a fault."""

    def wait(self, fault_id: str, timeout_s: float) -> Any:
        """Block until a fault was handled: its report, or None."""


class Intake:
    """The handlers of the routes; those that block run in threads.

    :param settings: the section ``[inspector]``.
    :param publish: puts a fault on the bus; raises BusError.
    :param results: who knows what became of it.
    :param kept: the faults so far.
    :param confirm: lets go of faults that are held, given who says so, and
        returns those.
    """

    def __init__(self, settings: Any, publish: Callable[[Fault], None],
                 results: Results, kept: store.Store,
                 confirm: Callable[[Collection[str], str], list[str]]
                 ) -> None:
        self._settings = settings
        self._publish = publish
        self._results = results
        self._store = kept
        self._confirm = confirm

    def routes(self) -> list[web.Route]:
        """What the inspector serves, but for alarms."""
        return [
            web.Route('PUT', '/events', self.take, blocking=True),
            web.Route('POST', '/events', self.take, blocking=True),
            web.Route('GET', '/faults', self.list_faults, blocking=True),
            web.Route('GET', '/faults/{id}', self.show_fault, blocking=True),
            web.Route('POST', '/faults/confirm', self.confirm,
                      blocking=True),
            web.Route('GET', '/healthcheck', self.health),
        ]

    def take(self, request: web.Request) -> web.Response:
        """Take events in: 202 when the bus has them, before they are acted
        on; with ``?wait=true``, 200 when that is done.
        """
        try:
            faults = events.parse_faults(request.json(), request.arrived_at,
                                         self._settings.alert_host_labels)
        except InvalidEvent as error:
            raise web.Refused(400, str(error), field=error.field) from None
        if self._settings.unknown_events == 'reject':
            self._refuse_unknown(faults)
        for fault in faults:
            try:
                self._publish(fault)
            except BusError as error:
                LOG.error('Event %s of host %s is refused: %s', fault.id,
                          fault.hostname, error)
                raise web.Refused(503, 'The bus did not take the event; '
                                  'send it again.') from None
        if request.query.get('wait', '').lower() in ('true', '1', 'yes'):
            return self._wait(faults)
        return web.Response(202, {'faults': [
            {'id': fault.id, 'hostname': fault.hostname} for fault in faults]})

    @staticmethod
    def _refuse_unknown(faults: Sequence[Fault]) -> None:
        for fault in faults:
            if fault.type not in {*events.KNOWN_TYPES,
                                  events.HOST_DEGRADED}:
                raise web.Refused(
                    422, f'Doctor does not act on events of type '
                    f'{fault.type!r}; it knows '
                    f'{", ".join(sorted(events.KNOWN_TYPES))}', field='type')

    def _wait(self, faults: Sequence[Fault]) -> web.Response:
        deadline = clock.Deadline(_WAIT_S)
        answers: list[dict[str, Any]] = []
        status = 200
        for fault in faults:
            report = self._results.wait(fault.id, deadline.left_s())
            if report is None:
                status = 202
                answers.append({'id': fault.id, 'hostname': fault.hostname})
            else:
                answers.append({
                    'id': report.fault_id, 'hostname': report.host,
                    'state': report.state, 'note': report.note,
                    'servers': list(report.servers)})
        return web.Response(status, {'faults': answers})

    def list_faults(self, _request: web.Request) -> web.Response:
        """The latest 100 faults, newest first."""
        records = self._store.faults()
        tallies = self._tallies(record.id for record in records)
        return web.Response(json={'faults': [
            {**dataclasses.asdict(record),
             'servers': _servers(tallies[record.id]),
             'owed': self._owed(record, tallies[record.id])}
            for record in records]})

    def _tallies(self, fault_ids: Iterable[str]
                 ) -> dict[str, list[store.Tally]]:
        tallies: dict[str, list[store.Tally]] = {
            fault_id: [] for fault_id in fault_ids}
        for tally in self._store.tally(list(tallies)):
            tallies[tally.fault_id].append(tally)
        return tallies

    def _owed(self, record: store.FaultRecord,
              tallies: Sequence[store.Tally]) -> int:
        """How many corrections are still to be made or reversed."""
        if record.state == store.CLEARING:
            return len(self._store.to_reverse(record.id))
        if record.state in (store.HANDLING, store.HELD):
            return sum(tally.undone for tally in tallies)
        return 0

    def show_fault(self, request: web.Request) -> web.Response:
        """A fault, and each correction that it called for."""
        record = self._store.find(request.params['id'])
        if record is None:
            raise web.Refused(404, 'There is no such fault.')
        corrections = self._store.corrections(record.id)
        owed = set(self._store.corrections(record.id, owed_only=True))
        return web.Response(json={'fault': {
            **dataclasses.asdict(record),
            'corrections': [
                {**dataclasses.asdict(correction),
                 'done': correction not in owed}
                for correction in corrections]}})

    def confirm(self, request: web.Request) -> web.Response:
        """Do what held faults call for; 202, with what that is, before it is
        done.
        """
        body = request.json()
        if body == {'all': True}:
            fault_ids = [record.id for record in self._store.held()]
        else:
            fault_ids = _named_faults(body)
            self._refuse_not_held(fault_ids)
        # Counted before: the work begins as soon as they are let go of.
        tallies = self._tallies(fault_ids)
        facts = request.context.get('token')
        confirmed = self._confirm(
            fault_ids, facts.user_name if facts else 'an operator')
        return web.Response(202, {'faults': [
            {'id': record.id, 'hostname': record.hostname,
             'corrections': {tally.action: tally.undone
                             for tally in tallies[record.id]}}
            for record in map(self._store.find, confirmed) if record]})

    def _refuse_not_held(self, fault_ids: Sequence[str]) -> None:
        """All of them, or none: half a confirmation is hard to explain."""
        for fault_id in fault_ids:
            record = self._store.find(fault_id)
            if record is None:
                raise web.Refused(404, f'There is no fault {fault_id}.')
            if record.state != store.HELD:
                raise web.Refused(
                    409, f'Fault {fault_id} of host {record.hostname} is '
                    f'{record.state}, not held.')

    @staticmethod
    def health(_request: web.Request) -> web.Response:
        """Whether the process answers."""
        return web.Response(json={'status': 'ok'})


def _servers(tallies: Sequence[store.Tally]) -> int:
    return sum(tally.count for tally in tallies
               if tally.action is Action.RESET_STATE)


def _named_faults(body: object) -> list[str]:
    """The faults that a confirmation names, each once."""
    if not isinstance(body, dict) or set(body) != {'faults'}:
        raise web.Refused(400, 'Name the faults, {"faults": [ID, ...]}, or '
                          'say {"all": true}.')
    fault_ids = body['faults']
    if not isinstance(fault_ids, list) or not fault_ids \
            or not all(isinstance(fault_id, str) for fault_id in fault_ids):
        raise web.Refused(400, 'faults must be a list of ids.',
                          field='faults')
    return list(dict.fromkeys(fault_ids))


class Gate:
    """Who may do what.

    :param settings: the section ``[inspector]``.
    :param validate: the facts of a token; raises NotFound, BackendError.
    :raises ConfigError: it would stand open to a network.
    """

    def __init__(self, settings: Any,
                 validate: Callable[[str], Any]) -> None:
        self._validate = validate
        self._roles = {role.lower() for role in settings.auth_roles}
        self._open = settings.auth_strategy == 'none'
        if self._open and not web.is_loopback(str(settings.host)):
            raise ConfigError(
                f'[inspector] host = {settings.host} can be reached from '
                'outside, and auth_strategy = none would let anybody declare '
                'a host dead: set auth_strategy = keystone, or host = '
                '127.0.0.1.')

    async def __call__(self, request: web.Request,
                       inner: Callable[[web.Request], Awaitable[web.Response]]
                       ) -> web.Response:
        if request.path not in _PUBLIC and not self._open:
            await self._check(request)
        return await inner(request)

    async def _check(self, request: web.Request) -> None:
        token = request.headers.get('X-Auth-Token', '')
        if not token:
            raise web.Refused(401, 'X-Auth-Token is missing.')
        try:
            facts = await asyncio.to_thread(self._validate, token)
        except NotFound:
            raise web.Refused(401, 'The token is not valid.') from None
        except BackendError as error:
            LOG.error('Keystone cannot be asked about a token: %s', error)
            raise web.Refused(
                503, 'Keystone cannot be asked about the token.') from None
        request.context['token'] = facts
        roles = {role.lower() for role in facts.roles}
        if not request.path.startswith(_TENANTS) \
                and not roles & self._roles:
            raise web.Refused(
                403, 'One of these roles is needed: '
                f'{", ".join(sorted(self._roles))}.')

    def who(self, request: web.Request) -> tuple[str, str, bool]:
        """The project and user that ask, and whether as administrator.

        Without authentication, which is for loopback only, the headers that
        Aodh's ``noauth`` mode takes say so.
        """
        facts = request.context.get('token')
        if facts is not None:
            return (facts.project_id, facts.user_id,
                    'admin' in {role.lower() for role in facts.roles})
        roles = request.headers.get('X-Roles', '').lower().split(',')
        return (request.headers.get('X-Project-Id', ''),
                request.headers.get('X-User-Id', ''),
                'admin' in [role.strip() for role in roles])

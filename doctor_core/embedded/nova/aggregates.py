"""Host aggregates: hosts that an administrator has put together."""

import dataclasses
from collections.abc import Callable
from typing import Any

from doctor_core import clock, wire
from doctor_core.embedded.nova.hosts import Hosts
from doctor_core.embedded.nova.microversion import NovaApi
from doctor_core.embedded.rest import Call, field
from doctor_core.model import new_id
from doctor_core.web.server import Refused

_ZONE = 'availability_zone'
_RULES = 'os_compute_api:os-aggregates:'
_PATH = '/v2.1/os-aggregates'


@dataclasses.dataclass
class Aggregate:
    """One of them, as Nova's API database has it."""

    number: int
    name: str
    metadata: dict[str, str]
    created_at: float
    id: str = dataclasses.field(default_factory=new_id)
    hosts: list[str] = dataclasses.field(default_factory=list)
    updated_at: float | None = None

    @property
    def zone(self) -> str | None:
        """The availability zone that its hosts are; None for none."""
        return self.metadata.get(_ZONE)

    def view(self, version: int) -> dict[str, Any]:
        """As the API shows it."""
        shown: dict[str, Any] = {
            'id': self.number, 'name': self.name, 'hosts': self.hosts,
            'metadata': self.metadata, _ZONE: self.zone,
            'created_at': _plain(self.created_at),
            'updated_at': _plain(self.updated_at),
            'deleted': False, 'deleted_at': None}
        return shown | ({'uuid': self.id} if version >= 41 else {})


class Aggregates:
    """Keeps them and serves them; the hosts learn their zones from it."""

    def __init__(self, api: NovaApi, hosts: Hosts) -> None:
        self._hosts = hosts
        self._aggregates: dict[int, Aggregate] = {}
        self._last = 0
        hosts.zone_of = self._zone_of
        api.add('GET', _PATH, self._list, admin=f'{_RULES}index')
        api.add('POST', _PATH, self._create, admin=f'{_RULES}create')
        api.add('GET', f'{_PATH}/{{id}}', lambda call: _shown(
            self._wanted(call), call), admin=f'{_RULES}show')
        api.add('DELETE', f'{_PATH}/{{id}}', self._delete,
                admin=f'{_RULES}delete')
        api.add('POST', f'{_PATH}/{{id}}/action', self._act,
                admin=f'{_RULES}add_host')

    def _zone_of(self, host: str) -> str | None:
        return next((one.zone for one in self._aggregates.values()
                     if one.zone and host in one.hosts), None)

    def _list(self, call: Call) -> dict[str, Any]:
        return {'aggregates': [one.view(call.version)
                               for one in self._aggregates.values()]}

    def _create(self, call: Call) -> dict[str, Any]:
        body = call.body('aggregate')
        name = _name(body, 'name')
        zone = body.get(_ZONE) and _name(body, _ZONE)
        if any(one.name == name for one in self._aggregates.values()):
            raise Refused(409, f'Aggregate {name} already exists.')
        self._last += 1
        made = self._aggregates[self._last] = Aggregate(
            self._last, name, {_ZONE: zone} if zone else {}, clock.now())
        shown = made.view(call.version)
        # As Nova does, for those who knew it before these were shown.
        del shown['hosts'], shown['metadata']
        return {'aggregate': shown}

    def _delete(self, call: Call) -> None:
        one = self._wanted(call)
        if one.hosts:
            raise Refused(400, f"Cannot perform action 'delete' on aggregate "
                               f'{one.number}. Reason: not empty.')
        del self._aggregates[one.number]

    def _wanted(self, call: Call) -> Aggregate:
        wanted = call.params['id']
        if not wanted.isdecimal():
            raise Refused(400, f'Invalid input received: id must be an '
                               f'integer, not {wanted}.')
        found = self._aggregates.get(int(wanted[:18]))
        if found is None:
            raise Refused(404, f'Aggregate {wanted} could not be found.')
        return found

    def _act(self, call: Call) -> dict[str, Any]:
        actions: dict[str, Callable[[Aggregate, dict[str, Any]], None]] = {
            'add_host': self._add_host, 'remove_host': self._remove_host,
            'set_metadata': self._set_metadata}
        body = call.body()
        action = next(iter(body), '')
        if len(body) != 1 or action not in actions:
            raise Refused(400, f'There is no such action: {action}')
        one = self._wanted(call)
        actions[action](one, field(body, action, dict))
        one.updated_at = clock.now()
        return _shown(one, call)

    def _add_host(self, one: Aggregate, body: dict[str, Any]) -> None:
        host = field(body, 'host', str)
        if self._hosts.get(host) is None:
            raise Refused(404, f'Compute host {host} could not be found.')
        if host in one.hosts:
            raise Refused(409, f'Aggregate {one.number} already has host '
                               f'{host}.')
        self._check_zone(one, one.zone, [host], 409)
        one.hosts.append(host)

    def _remove_host(self, one: Aggregate, body: dict[str, Any]) -> None:
        host = field(body, 'host', str)
        if host not in one.hosts:
            raise Refused(404, f'Cannot remove host {host} in aggregate '
                               f'{one.number}')
        one.hosts.remove(host)

    def _set_metadata(self, one: Aggregate, body: dict[str, Any]) -> None:
        """What is null is removed; what is not named stays."""
        changes = field(body, 'metadata', dict)
        values = {name: field(changes, name, (str, type(None)))
                  for name in changes}
        if values.get(_ZONE):
            self._check_zone(one, values[_ZONE], one.hosts, 400)
        one.metadata = {name: value for name, value
                        in {**one.metadata, **values}.items()
                        if value is not None}

    def _check_zone(self, one: Aggregate, zone: str | None,
                    hosts: list[str], status: int) -> None:
        """A host is in one zone."""
        others = sorted({
            other.zone for other in self._aggregates.values()
            if other is not one and zone and other.zone
            and other.zone != zone and set(hosts) & set(other.hosts)})
        if others:
            raise Refused(status, f'Cannot update aggregate {one.number}. '
                                  'Reason: One or more hosts already in '
                                  f'availability zone(s) {others}.')


def _shown(one: Aggregate, call: Call) -> dict[str, Any]:
    return {'aggregate': one.view(call.version)}


def _name(body: dict[str, Any], member: str) -> str:
    name: str = field(body, member, str).strip()
    if not 1 <= len(name) <= 255:
        raise Refused(400, f'Invalid input for field/attribute {member}. '
                           f'Value: {name}.')
    return name


def _plain(at: float | None) -> str | None:
    """A time as Nova writes those of an aggregate."""
    return None if at is None else wire.iso(at)

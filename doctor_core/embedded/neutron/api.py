"""Neutron's v2.0 API: networks, subnets and ports."""

from collections.abc import Callable
from typing import Any

from doctor_core.embedded.neutron.attributes import (
    KINDS,
    NETWORK,
    PORT,
    SUBNET,
    Kind,
    check_subnet,
    checked,
)
from doctor_core.embedded.neutron.topology import (
    Entity,
    Topology,
    not_found,
)
from doctor_core.embedded.rest import (
    Api,
    Call,
    Caller,
    Site,
    field,
    flag,
    page,
)
from doctor_core.web.server import Refused

PREFIX = '/network'

_EXTENSIONS = {
    'binding': 'Port Binding',
    'data-plane-status': 'Port data plane status',
    'external-net': 'Neutron external network',
    'filter-validation': 'Filter parameters validation',
    'net-mtu': 'Network MTU',
    'pagination': 'Pagination support',
    'port-security': 'Port Security',
    'project-id': 'project_id field enabled',
    'provider': 'Provider Network',
    'standard-attr-revisions': 'Resource revision numbers',
    'standard-attr-timestamp': 'Resource timestamps',
}
#: Parameters of lists that no attribute is compared with.
_NOT_FILTERS = frozenset({'fields', 'limit', 'marker', 'page_reverse',
                          'sort_key', 'sort_dir'})


class Neutron:
    """Serves what Doctor, its scenarios and their clients ask of Neutron."""

    def __init__(self, site: Site, authenticate: Callable[[str],
                                                          Caller | None],
                 topology: Topology) -> None:
        self.topology = topology
        self.api = Api(site, PREFIX, authenticate, _error)
        for path in ('', '/'):
            self.api.add('GET', path, self._versions, public=True)
            self.api.add('GET', f'/v2.0{path}', self._resources)
        self.api.add('GET', '/v2.0/extensions', lambda call: {
            'extensions': [_extension(alias) for alias in _EXTENSIONS]})
        self.api.add('GET', '/v2.0/extensions/{alias}', self._extension)
        for kind in KINDS:
            self._serve(kind)

    def _serve(self, kind: Kind) -> None:
        add, path = self.api.add, f'/v2.0/{kind.plural}'
        member = f'{path}/{{id}}'
        add('GET', path, lambda call: self._list(kind, call))
        add('POST', path, lambda call: self._create(kind, call), status=201)
        add('GET', member, lambda call: {kind.name: _view(
            kind, call, self._visible(kind, call))})
        add('PUT', member, lambda call: self._update(kind, call))
        add('DELETE', member, lambda call: self._delete(kind, call),
            status=204)

    # Discovery

    def _versions(self, _call: Call) -> dict[str, Any]:
        return {'versions': [{
            'id': 'v2.0', 'status': 'CURRENT', 'links': [
                {'rel': 'self', 'href': f'{self.api.url}/v2.0/'}]}]}

    def _resources(self, _call: Call) -> dict[str, Any]:
        return {'resources': [
            {'name': kind.name, 'collection': kind.plural, 'links': [
                {'rel': 'self',
                 'href': f'{self.api.url}/v2.0/{kind.plural}'}]}
            for kind in KINDS]}

    def _extension(self, call: Call) -> dict[str, Any]:
        alias = call.params['alias']
        if alias not in _EXTENSIONS:
            raise Refused(404, f'Extension with alias {alias} does not '
                               'exist', type='HTTPNotFound')
        return {'extension': _extension(alias)}

    # Who sees and writes what

    def _entities(self, kind: Kind) -> dict[str, Entity]:
        return getattr(self.topology, kind.plural)

    def _sees(self, kind: Kind, caller: Caller, entity: Entity) -> bool:
        if caller.is_admin or entity['project_id'] == caller.project_id:
            return True
        if kind is PORT:
            return False
        network = entity if kind is NETWORK \
            else self.topology.networks[entity['network_id']]
        return network['shared'] or network['router:external']

    def _visible(self, kind: Kind, call: Call) -> Entity:
        entity = self._entities(kind).get(call.params['id'])
        if entity is None or not self._sees(kind, call.caller, entity):
            raise not_found(kind.title, call.params['id'])
        return entity

    def _own(self, kind: Kind, call: Call, action: str) -> Entity:
        entity = self._visible(kind, call)
        if not call.caller.is_admin \
                and entity['project_id'] != call.caller.project_id:
            raise Refused(403, f'rule:{action}_{kind.name} is disallowed by '
                               'policy', type='PolicyNotAuthorized')
        return entity

    # Requests

    def _list(self, kind: Kind, call: Call) -> dict[str, Any]:
        wanted = _filters(kind, call)
        found = [entity for entity in self._entities(kind).values()
                 if self._sees(kind, call.caller, entity)
                 and all(_matches(entity, name, texts)
                         for name, texts in wanted.items())]
        sort_key = call.query.get('sort_key')
        if sort_key:
            found.sort(key=lambda entity: str(entity.get(sort_key, '')),
                       reverse=call.query.get('sort_dir') == 'desc')
        part, more = page(found, call.query, key=lambda entity: entity['id'],
                          most=None)
        answer: dict[str, Any] = {
            kind.plural: [_view(kind, call, entity) for entity in part]}
        if more:
            answer[f'{kind.plural}_links'] = [{'rel': 'next', 'href':
                f'{self.api.url}/v2.0/{kind.plural}?limit='
                f'{call.query["limit"]}&marker={part[-1]["id"]}'}]
        return answer

    def _create(self, kind: Kind, call: Call) -> dict[str, Any]:
        body = call.body()
        if kind.plural not in body:
            return {kind.name: self._created(kind, call,
                                             call.body(kind.name))}
        bodies = field(body, kind.plural, list)
        for one in bodies:
            if not isinstance(one, dict):
                raise Refused(400, f'Invalid input for {kind.plural}. Reason: '
                                   f"'{one}' is not a dictionary.",
                              type='HTTPBadRequest')
        return {kind.plural: [self._created(kind, call, one)
                              for one in bodies]}

    def _created(self, kind: Kind, call: Call, body: Entity) -> Entity:
        fields = checked(kind, body, is_admin=call.caller.is_admin,
                         is_new=True)
        project_id = fields.pop('project_id', '') or call.caller.project_id
        project_id = fields.pop('tenant_id', '') or project_id
        if project_id != call.caller.project_id and not call.caller.is_admin:
            raise Refused(403, f'rule:create_{kind.name} is disallowed by '
                               'policy', type='PolicyNotAuthorized')
        if kind is NETWORK:
            entity = self.topology.add_network(project_id, fields)
        else:
            entity = self._created_on(kind, call, project_id, fields)
        return _view(kind, call, entity)

    def _created_on(self, kind: Kind, call: Call, project_id: str,
                    fields: Entity) -> Entity:
        network = self.topology.networks.get(fields['network_id'])
        if network is None or not self._sees(NETWORK, call.caller, network):
            raise not_found('Network', fields['network_id'])
        if kind is PORT:
            return self.topology.add_port(project_id, fields)
        check_subnet(fields)
        return self.topology.add_subnet(project_id, fields)

    def _update(self, kind: Kind, call: Call) -> dict[str, Any]:
        entity = self._own(kind, call, 'update')
        self.topology.change(entity, checked(
            kind, call.body(kind.name), is_admin=call.caller.is_admin,
            is_new=False))
        return {kind.name: _view(kind, call, entity)}

    def _delete(self, kind: Kind, call: Call) -> None:
        entity = self._own(kind, call, 'delete')
        if kind is NETWORK:
            self.topology.remove_network(entity)
        elif kind is SUBNET:
            self.topology.remove_subnet(entity)
        else:
            self.topology.remove_port(entity)


def _error(refused: Refused) -> dict[str, Any]:
    return {'NeutronError': {
        'type': refused.facts.get('type', 'HTTPClientError'),
        'message': refused.message, 'detail': ''}}


def _extension(alias: str) -> dict[str, Any]:
    return {'alias': alias, 'name': _EXTENSIONS[alias], 'links': [],
            'description': _EXTENSIONS[alias],
            'updated': '2017-01-01T10:00:00-00:00'}


def _view(kind: Kind, call: Call, entity: Entity) -> Entity:
    wanted = _texts(call, 'fields')
    hidden = frozenset() if call.caller.is_admin else kind.hidden
    return {name: value for name, value in entity.items()
            if name not in hidden and (not wanted or name in wanted)}


def _texts(call: Call, name: str) -> list[str]:
    """All values of a query parameter, which may come several times."""
    getall = getattr(call.query, 'getall', None)
    if getall is not None:
        return list(getall(name, []))
    return [call.query[name]] if name in call.query else []


def _filters(kind: Kind, call: Call) -> dict[str, list[str]]:
    known = {*kind.written, *kind.hidden, 'id', 'status', 'subnets',
             'revision_number', 'created_at', 'updated_at'}
    names = [name for name in call.query if name not in _NOT_FILTERS]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Refused(400, f'Invalid input for operation: {unknown} is '
                           'invalid attribute for filtering.',
                      type='InvalidInput')
    return {name: _texts(call, name) for name in names}


def _matches(entity: Entity, name: str, texts: list[str]) -> bool:
    value = entity.get(name)
    if isinstance(value, bool):
        return any(value == flag(text) for text in texts)
    if name == 'fixed_ips':
        # E.g. ip_address=192.0.2.7 or subnet_id=...
        wanted = dict(text.partition('=')[::2] for text in texts)
        return any(wanted.items() <= fixed.items() for fixed in value or ())
    if isinstance(value, list):
        return any(text in value for text in texts)
    return ('' if value is None else str(value)) in texts

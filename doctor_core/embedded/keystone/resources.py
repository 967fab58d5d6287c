"""Lists and members of what Keystone keeps: one form for all of them."""

import dataclasses
from typing import Any

from doctor_core.embedded.keystone.directory import (
    DOMAIN,
    REGION,
    Directory,
    Entity,
    new_id,
)
from doctor_core.embedded.rest import Api, Call, field, flag
from doctor_core.web.server import Refused

_NULLABLE_TEXT = (str, type(None))


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of entity, as the API treats it.

    :ivar fields: the members that a caller may write, and their types.
    :ivar defaults: what members have that the caller leaves out.
    :ivar required: members that have none.
    :ivar unique: members that no two entities share.
    """

    name: str
    plural: str
    fields: dict[str, Any]
    defaults: dict[str, Any]
    required: tuple[str, ...] = ('name',)
    unique: tuple[str, ...] = ('name', 'domain_id')


KINDS = (
    Kind('domain', 'domains',
         {'name': str, 'description': _NULLABLE_TEXT, 'enabled': bool},
         {'description': '', 'enabled': True, 'tags': [], 'options': {}},
         unique=('name',)),
    Kind('project', 'projects',
         {'name': str, 'description': _NULLABLE_TEXT, 'enabled': bool,
          'domain_id': str, 'parent_id': _NULLABLE_TEXT, 'is_domain': bool,
          'tags': list},
         {'description': '', 'enabled': True, 'domain_id': DOMAIN,
          'parent_id': DOMAIN, 'is_domain': False, 'tags': [],
          'options': {}}),
    Kind('user', 'users',
         {'name': str, 'description': _NULLABLE_TEXT, 'enabled': bool,
          'domain_id': str, 'email': _NULLABLE_TEXT,
          'default_project_id': _NULLABLE_TEXT, 'password': _NULLABLE_TEXT},
         {'enabled': True, 'domain_id': DOMAIN, 'password_expires_at': None,
          'options': {}}),
    Kind('role', 'roles',
         {'name': str, 'description': _NULLABLE_TEXT,
          'domain_id': _NULLABLE_TEXT},
         {'description': None, 'domain_id': None, 'options': {}}),
    Kind('service', 'services',
         {'name': str, 'type': str, 'description': _NULLABLE_TEXT,
          'enabled': bool},
         {'name': '', 'description': '', 'enabled': True},
         required=('type',), unique=()),
    Kind('endpoint', 'endpoints',
         {'interface': str, 'url': str, 'service_id': str,
          'region': _NULLABLE_TEXT, 'region_id': _NULLABLE_TEXT,
          'enabled': bool},
         {'enabled': True, 'region': REGION, 'region_id': REGION},
         required=('interface', 'url', 'service_id'), unique=()),
    Kind('region', 'regions',
         {'id': str, 'description': str, 'parent_region_id': _NULLABLE_TEXT},
         {'description': '', 'parent_region_id': None},
         required=(), unique=()),
)

#: Parameters of lists that no entity is compared with.
_NOT_FILTERS = frozenset({'limit', 'marker', 'sort_key', 'sort_dir'})


class Resources:
    """Serves every kind of entity."""

    def __init__(self, api: Api, directory: Directory) -> None:
        self._api = api
        self._directory = directory
        for kind in KINDS:
            self._serve(kind)

    def _serve(self, kind: Kind) -> None:
        path = f'/v3/{kind.plural}'
        member = f'{path}/{{id}}'
        rule = 'identity:{}_' + kind.name
        self._api.add('GET', path, lambda call: self._list(kind, call),
                      admin=f'identity:list_{kind.plural}')
        self._api.add('POST', path, lambda call: self._create(kind, call),
                      status=201, admin=rule.format('create'))
        self._api.add('GET', member, lambda call: self._show(kind, call))
        self._api.add('PATCH', member, lambda call: self._update(kind, call),
                      admin=rule.format('update'))
        self._api.add('DELETE', member, lambda call: self._delete(kind, call),
                      status=204, admin=rule.format('delete'))

    def _entities(self, kind: Kind) -> dict[str, Entity]:
        return getattr(self._directory, kind.plural)

    def _view(self, kind: Kind, entity: Entity) -> Entity:
        return entity | {'links': {
            'self': f'{self._api.url}/v3/{kind.plural}/{entity["id"]}'}}

    def _list(self, kind: Kind, call: Call) -> dict[str, Any]:
        return self.collection(kind.name, [
            entity for entity in self._entities(kind).values()
            if all(_matches(entity, name, text)
                   for name, text in call.query.items())], call)

    def collection(self, name: str, entities: list[Entity], call: Call
                   ) -> dict[str, Any]:
        """A list of entities of the kind of that name, as Keystone answers.
        """
        kind = next(kind for kind in KINDS if kind.name == name)
        return {kind.plural: [self._view(kind, entity)
                              for entity in entities],
                'links': {'self': self._api.site.url + call.request.path,
                          'previous': None, 'next': None}}

    def _create(self, kind: Kind, call: Call) -> dict[str, Any]:
        body = call.body(kind.name)
        for name in kind.required:
            field(body, name, str)
        entity = kind.defaults | _checked(kind, body)
        entity.setdefault('id', new_id())
        self._refuse_duplicate(kind, entity)
        self._keep(kind, entity)
        return {kind.name: self._view(kind, entity)}

    def _keep(self, kind: Kind, entity: Entity) -> None:
        password = entity.pop('password', None)
        if kind.name == 'endpoint' \
                and entity['service_id'] not in self._directory.services:
            raise Refused(400, 'Could not find service: '
                               f'{entity["service_id"]}.')
        self._entities(kind)[entity['id']] = entity
        if password is not None:
            self._directory.set_password(entity['id'], password)

    def _refuse_duplicate(self, kind: Kind, entity: Entity,
                          old: Entity | None = None) -> None:
        for other in self._entities(kind).values():
            same = kind.unique and all(other[name] == entity[name]
                                       for name in kind.unique)
            if other is not old and (same or other['id'] == entity['id']):
                raise Refused(
                    409, f'Conflict occurred attempting to store {kind.name} '
                         f'- Duplicate entry found with name '
                         f'{entity.get("name", entity["id"])}.')

    def _member(self, kind: Kind, call: Call) -> Entity:
        return known(self._entities(kind), kind.name, call.params['id'])

    def _show(self, kind: Kind, call: Call) -> dict[str, Any]:
        caller, wanted = call.caller, call.params['id']
        own = wanted in (caller.user_id, caller.project_id,
                         caller.domain_id)
        if not own and not caller.is_admin:
            raise Refused(403, 'You are not authorized to perform the '
                               f'requested action: identity:get_{kind.name}.')
        return {kind.name: self._view(kind, self._member(kind, call))}

    def _update(self, kind: Kind, call: Call) -> dict[str, Any]:
        entity = self._member(kind, call)
        changed = entity | _checked(kind, call.body(kind.name)) \
            | {'id': entity['id']}
        self._refuse_duplicate(kind, changed, entity)
        self._keep(kind, changed)
        return {kind.name: self._view(kind, changed)}

    def _delete(self, kind: Kind, call: Call) -> None:
        entity = self._member(kind, call)
        if kind.name == 'domain' and entity['enabled']:
            raise Refused(403, 'Cannot delete a domain that is enabled, '
                               'please disable it first.')
        del self._entities(kind)[entity['id']]
        self._directory.forget(entity['id'])


def known(entities: dict[str, Entity], kind: str, entity_id: str) -> Entity:
    """The entity of this id.

    :raises Refused: 404, when there is none.
    """
    entity = entities.get(entity_id)
    if entity is None:
        raise Refused(404, f'Could not find {kind}: {entity_id}.')
    return entity


def _checked(kind: Kind, body: Entity) -> Entity:
    """What of a body may be written, each member of its type."""
    known = {name: field(body, name, kind.fields[name])
             for name in body if name in kind.fields}
    if known.get('name') == '' and 'name' in kind.required:
        raise Refused(400, "Invalid input for field 'name': '' is too short")
    if 'region_id' in known:
        known['region'] = known['region_id']
    return known


def _matches(entity: Entity, name: str, text: str) -> bool:
    if name in _NOT_FILTERS or name not in entity:
        return True
    value = entity[name]
    return value == flag(text) if isinstance(value, bool) else value == text

"""Users, projects, roles and the services' addresses, in memory.

Each entity is the JSON object that the API answers, without its links.
"""

import hmac
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

DOMAIN = 'default'
REGION = 'RegionOne'

#: A role brings others with it, as Keystone's bootstrap sets it up.
_IMPLIED = {'admin': 'manager', 'manager': 'member', 'member': 'reader'}

Entity = dict[str, Any]


def new_id() -> str:
    """A random identifier as Keystone writes them."""
    return uuid.uuid4().hex


class Target(NamedTuple):
    """What a role is given on: a project, a domain or the whole system."""

    kind: str
    id: str


SYSTEM = Target('system', 'all')


class Directory:
    """What Keystone's database would hold."""

    def __init__(self) -> None:
        self.domains: dict[str, Entity] = {}
        self.projects: dict[str, Entity] = {}
        self.users: dict[str, Entity] = {}
        self.roles: dict[str, Entity] = {}
        self.services: dict[str, Entity] = {}
        self.endpoints: dict[str, Entity] = {}
        self.regions: dict[str, Entity] = {}
        self._passwords: dict[str, str] = {}
        self._grants: dict[tuple[str, Target], set[str]] = {}

    def set_password(self, user_id: str, password: str) -> None:
        self._passwords[user_id] = password

    def is_password(self, user_id: str, password: str) -> bool:
        """Whether it is this user's password; without one, nothing is."""
        known = self._passwords.get(user_id)
        return known is not None and hmac.compare_digest(
            known.encode(), password.encode())

    def find(self, entities: dict[str, Entity], wanted: Entity
             ) -> Entity | None:
        """The entity that has all these members; None when there is none."""
        if 'id' in wanted:
            return entities.get(wanted['id'])
        return next((entity for entity in entities.values()
                     if all(entity.get(name) == value
                            for name, value in wanted.items())), None)

    def grant(self, user_id: str, target: Target, role_id: str) -> None:
        self._grants.setdefault((user_id, target), set()).add(role_id)

    def revoke(self, user_id: str, target: Target, role_id: str) -> None:
        self._grants.get((user_id, target), set()).discard(role_id)

    def granted(self, user_id: str, target: Target) -> list[Entity]:
        """The roles given to a user, without those that they imply."""
        return [self.roles[role_id] for role_id
                in sorted(self._grants.get((user_id, target), ()))]

    def effective(self, user_id: str, target: Target) -> list[Entity]:
        """The roles that a user has, those included that others imply."""
        by_name = {role['name']: role for role in self.roles.values()}
        found = {role['name']: role for role in
                 self.granted(user_id, target)}
        for name in list(found):
            while (name := _IMPLIED.get(name, '')) in by_name:
                found[name] = by_name[name]
        return list(found.values())

    def grants(self) -> Iterator[tuple[str, Target, str]]:
        """Every user, target and role that belong together."""
        for (user_id, target), role_ids in self._grants.items():
            for role_id in sorted(role_ids):
                yield user_id, target, role_id

    def forget(self, entity_id: str) -> None:
        """Drop what was granted to, on or with a deleted entity."""
        for (user_id, target), role_ids in list(self._grants.items()):
            role_ids.discard(entity_id)
            if not role_ids or entity_id in (user_id, target.id):
                del self._grants[user_id, target]
        self._passwords.pop(entity_id, None)
        for endpoint in list(self.endpoints.values()):
            if endpoint['service_id'] == entity_id:
                del self.endpoints[endpoint['id']]

    def add_project(self, name: str) -> Entity:
        return _keep(self.projects, {
            'name': name, 'domain_id': DOMAIN, 'parent_id': DOMAIN,
            'description': '', 'enabled': True, 'is_domain': False,
            'tags': [], 'options': {}})

    def add_user(self, name: str, password: str,
                 project: Entity | None = None) -> Entity:
        user = _keep(self.users, {
            'name': name, 'domain_id': DOMAIN, 'enabled': True,
            'password_expires_at': None, 'options': {}})
        if project is not None:
            user['default_project_id'] = project['id']
        self.set_password(user['id'], password)
        return user

    def add_role(self, name: str) -> Entity:
        return _keep(self.roles, {'name': name, 'domain_id': None,
                                  'description': None, 'options': {}})

    def add_service(self, kind: str, name: str, url: str) -> None:
        """Enter a service and its public, internal and admin endpoints."""
        service = _keep(self.services, {
            'name': name, 'type': kind, 'enabled': True, 'description': ''})
        for interface in ('public', 'internal', 'admin'):
            _keep(self.endpoints, {
                'service_id': service['id'], 'interface': interface,
                'url': url, 'region': REGION, 'region_id': REGION,
                'enabled': True})

    def catalog(self) -> list[Entity]:
        """The enabled services and their endpoints, as tokens carry them."""
        by_service: dict[str, list[Entity]] = {}
        for endpoint in self.endpoints.values():
            if endpoint['enabled']:
                by_service.setdefault(endpoint['service_id'], []).append(
                    {name: endpoint[name] for name in
                     ('id', 'interface', 'region', 'region_id', 'url')})
        return [{'id': service['id'], 'type': service['type'],
                 'name': service['name'],
                 'endpoints': by_service.get(service['id'], [])}
                for service in self.services.values() if service['enabled']]


def _keep(entities: dict[str, Entity], entity: Entity) -> Entity:
    entity = {'id': new_id(), **entity}
    entities[entity['id']] = entity
    return entity


def bootstrapped(admin_password: str, member_password: str) -> Directory:
    """A directory as an operator leaves it after the installation.

    An administrator of project ``admin`` and of the system, and a plain
    member of project ``demo``.
    """
    directory = Directory()
    directory.domains[DOMAIN] = {
        'id': DOMAIN, 'name': 'Default', 'enabled': True, 'options': {},
        'description': 'The default domain', 'tags': []}
    directory.regions[REGION] = {'id': REGION, 'description': '',
                                 'parent_region_id': None}
    roles = {name: directory.add_role(name) for name in
             ('admin', 'manager', 'member', 'reader', 'service')}
    directory.add_project('service')
    admins = directory.add_project('admin')
    demo = directory.add_project('demo')
    admin = directory.add_user('admin', admin_password)
    member = directory.add_user('demo', member_password, demo)
    for target in (Target('project', admins['id']), SYSTEM):
        directory.grant(admin['id'], target, roles['admin']['id'])
    directory.grant(member['id'], Target('project', demo['id']),
                    roles['member']['id'])
    return directory

"""Keystone's role assignments: which user has which role on what."""

from collections.abc import Callable
from typing import Any

from doctor_core.embedded.keystone.directory import (
    SYSTEM,
    Directory,
    Entity,
    Target,
)
from doctor_core.embedded.keystone.resources import Resources, known
from doctor_core.embedded.rest import Api, Call
from doctor_core.web.server import Refused


class Assignments:
    """Serves the assignments, to administrators."""

    def __init__(self, api: Api, directory: Directory, resources: Resources
                 ) -> None:
        self._api = api
        self._directory = directory
        self._resources = resources
        for path, target in (
                ('/v3/projects/{target}', self._project),
                ('/v3/domains/{target}', self._domain),
                ('/v3/system', lambda call: SYSTEM)):
            roles = f'{path}/users/{{user}}/roles'
            api.add('GET', roles, self._on(target, self._granted),
                    admin='identity:list_grants')
            for method, what, rule in (
                    ('PUT', self._grant, 'create_grant'),
                    ('DELETE', self._revoke, 'revoke_grant'),
                    ('GET', self._check, 'check_grant'),
                    ('HEAD', self._check, 'check_grant')):
                api.add(method, f'{roles}/{{role}}', self._on(target, what),
                        status=204, admin=f'identity:{rule}')
        api.add('GET', '/v3/role_assignments', self._list,
                admin='identity:list_role_assignments')

    def _project(self, call: Call) -> Target:
        known(self._directory.projects, 'project', call.params['target'])
        return Target('project', call.params['target'])

    def _domain(self, call: Call) -> Target:
        known(self._directory.domains, 'domain', call.params['target'])
        return Target('domain', call.params['target'])

    def _on(self, target: Callable[[Call], Target],
            what: Callable[[Call, Target], Any]) -> Callable[[Call], Any]:
        def handle(call: Call) -> Any:
            known(self._directory.users, 'user', call.params['user'])
            if 'role' in call.params:
                known(self._directory.roles, 'role', call.params['role'])
            return what(call, target(call))
        return handle

    def _granted(self, call: Call, target: Target) -> dict[str, Any]:
        return self._resources.collection('role', self._directory.granted(
            call.params['user'], target), call)

    def _grant(self, call: Call, target: Target) -> None:
        self._directory.grant(call.params['user'], target,
                              call.params['role'])

    def _check(self, call: Call, target: Target) -> None:
        granted = self._directory.granted(call.params['user'], target)
        if not any(role['id'] == call.params['role'] for role in granted):
            raise Refused(404, 'Could not find role assignment with role: '
                               f'{call.params["role"]}, user or group: '
                               f'{call.params["user"]}, project, domain, or '
                               f'system: {target.id}.')

    def _revoke(self, call: Call, target: Target) -> None:
        self._check(call, target)
        self._directory.revoke(call.params['user'], target,
                               call.params['role'])

    def _list(self, call: Call) -> dict[str, Any]:
        names = 'include_names' in call.query
        found = [self._assignment(user_id, target, role_id, names)
                 for user_id, target, role_id in self._directory.grants()
                 if _wanted(call, user_id, target, role_id)]
        return {'role_assignments': found, 'links': {
            'self': f'{self._api.url}/v3/role_assignments',
            'previous': None, 'next': None}}

    def _assignment(self, user_id: str, target: Target, role_id: str,
                    names: bool) -> dict[str, Any]:
        user: Entity = {'id': user_id}
        role: Entity = {'id': role_id}
        where: Entity = {'id': target.id}
        if names:
            user |= self._names(self._directory.users[user_id])
            role['name'] = self._directory.roles[role_id]['name']
            if target != SYSTEM:
                entities = getattr(self._directory, target.kind + 's')
                where |= self._names(entities[target.id])
        scope = {'all': True} if target == SYSTEM else where
        return {'user': user, 'role': role, 'scope': {target.kind: scope},
                'links': {'assignment': f'{self._api.url}/v3/role_assignments'
                          }}

    def _names(self, entity: Entity) -> Entity:
        domain = self._directory.domains.get(entity.get('domain_id', ''))
        named = {'name': entity['name']}
        if domain is None:
            return named
        return named | {'domain': {'id': domain['id'],
                                   'name': domain['name']}}


def _wanted(call: Call, user_id: str, target: Target, role_id: str) -> bool:
    query = call.query
    return (query.get('user.id', user_id) == user_id
            and query.get('role.id', role_id) == role_id
            and query.get('scope.project.id', target.id) == target.id
            and query.get('scope.domain.id', target.id) == target.id
            and ('scope.system' not in query or target == SYSTEM))

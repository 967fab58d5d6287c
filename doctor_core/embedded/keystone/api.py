"""Keystone's v3 API: authentication."""

from typing import Any

from doctor_core.embedded.keystone.assignments import Assignments
from doctor_core.embedded.keystone.directory import (
    SYSTEM,
    Directory,
    Entity,
    Target,
)
from doctor_core.embedded.keystone.resources import Resources
from doctor_core.embedded.keystone.tokens import Token, Tokens
from doctor_core.embedded.rest import Api, Call, Site, field, keystone_error
from doctor_core.web.server import Refused, Response

PREFIX = '/identity'

_NO_ENTRY = 'The request you have made requires authentication.'


class Keystone:
    """Serves what Doctor, its scenarios and their clients ask of Keystone."""

    def __init__(self, site: Site, directory: Directory, tokens: Tokens
                 ) -> None:
        self._directory = directory
        self._tokens = tokens
        self.api = Api(site, PREFIX, tokens.caller, keystone_error)
        self._resources = Resources(self.api, directory)
        self._add_discovery()
        self._add_tokens()
        Assignments(self.api, directory, self._resources)

    def _add_discovery(self) -> None:
        add = self.api.add
        for path in ('', '/'):
            add('GET', path, self._versions, status=300, public=True)
            add('GET', f'/v3{path}', lambda call: {
                'version': self._version()}, public=True)

    def _add_tokens(self) -> None:
        add = self.api.add
        add('POST', '/v3/auth/tokens', self._authenticate, public=True)
        for method in ('GET', 'HEAD'):
            add(method, '/v3/auth/tokens', self._validate)
        add('DELETE', '/v3/auth/tokens', self._revoke, status=204)
        add('GET', '/v3/auth/catalog', lambda call: {
            'catalog': self._directory.catalog(), 'links': {}})
        add('GET', '/v3/auth/projects', self._own_projects)
        add('GET', '/v3/auth/domains', lambda call: self._resources
            .collection('domain', self._scopes(call.caller.user_id,
                                               'domain'), call))
        add('GET', '/v3/users/{user_id}/projects', self._user_projects)

    # Discovery

    def _version(self) -> dict[str, Any]:
        return {'id': 'v3.14', 'status': 'stable',
                'updated': '2020-04-07T00:00:00Z',
                'links': [{'rel': 'self', 'href': f'{self.api.url}/v3/'}],
                'media-types': [{
                    'base': 'application/json',
                    'type': 'application/vnd.openstack.identity-v3+json'}]}

    def _versions(self, _call: Call) -> dict[str, Any]:
        return {'versions': {'values': [self._version()]}}

    # Tokens

    def _authenticate(self, call: Call) -> Response:
        auth = call.body('auth')
        identity = field(auth, 'identity', dict)
        methods = field(identity, 'methods', list)
        if methods == ['password']:
            user_id, old = self._by_password(identity), None
        elif methods == ['token']:
            user_id, old = self._by_token(identity)
        else:
            raise Refused(401, 'Attempted to authenticate with an '
                               'unsupported method.')
        token = self._tokens.issue(user_id, self._target(auth, user_id),
                                   methods[0], old)
        document = self._tokens.document(
            token, catalog='nocatalog' not in call.query)
        return Response(201, json=document,
                        headers={'X-Subject-Token': token.id})

    def _by_password(self, identity: Entity) -> str:
        shown = field(field(identity, 'password', dict), 'user', dict)
        user = self._directory.find(self._directory.users,
                                    self._named(shown))
        password = field(shown, 'password', str)
        if user is None or not user['enabled'] \
                or not self._directory.is_password(user['id'], password):
            raise Refused(401, _NO_ENTRY)
        return user['id']

    def _by_token(self, identity: Entity) -> tuple[str, Token]:
        shown = field(field(identity, 'token', dict), 'id', str)
        token = self._tokens.get(shown)
        if token is None:
            raise Refused(401, _NO_ENTRY)
        return token.user_id, token

    def _named(self, entity: Entity) -> Entity:
        """What a body says of an entity: its id, or its name and domain."""
        if 'id' in entity:
            return {'id': field(entity, 'id', str)}
        name = field(entity, 'name', str)
        domain = self._domain(field(entity, 'domain', dict, {}))
        return {'name': name, 'domain_id': domain['id']}

    def _domain(self, wanted: Entity) -> Entity:
        key = 'id' if 'id' in wanted else 'name'
        domain = self._directory.find(
            self._directory.domains, {key: field(wanted, key, str)})
        if domain is None:
            raise Refused(401, _NO_ENTRY)
        return domain

    def _target(self, auth: Entity, user_id: str) -> Target | None:
        """The scope that is asked for, or the user's usual one."""
        scope = field(auth, 'scope', (dict, str), None)
        if scope is None:
            usual = self._directory.users[user_id].get('default_project_id')
            target = Target('project', usual or '')
            return target if self._tokens.may_scope(user_id, target) else None
        if scope == 'unscoped':
            return None
        target = self._scope_target(scope)
        if not self._tokens.may_scope(user_id, target):
            raise Refused(401, _NO_ENTRY)
        return target

    def _scope_target(self, scope: Any) -> Target:
        if isinstance(scope, dict) and 'project' in scope:
            project = self._directory.find(
                self._directory.projects,
                self._named(field(scope, 'project', dict)))
            return Target('project', project['id'] if project else '')
        if isinstance(scope, dict) and 'domain' in scope:
            return Target('domain', self._domain(
                field(scope, 'domain', dict))['id'])
        if isinstance(scope, dict) and 'system' in scope:
            return SYSTEM
        raise Refused(400, 'The scope must be a project, a domain or the '
                           'system.')

    def _subject(self, call: Call) -> Token:
        """The token that a call is about, if it is the caller's concern."""
        subject = self._tokens.get(
            call.request.headers.get('X-Subject-Token', ''))
        if subject is None:
            raise Refused(404, 'Could not find token.')
        if subject.user_id != call.caller.user_id \
                and not call.caller.roles & {'admin', 'service'}:
            raise Refused(403, 'You are not authorized to perform the '
                               'requested action: identity:validate_token.')
        return subject

    def _validate(self, call: Call) -> Response:
        token = self._subject(call)
        document = self._tokens.document(
            token, catalog='nocatalog' not in call.query)
        return Response(json=document,
                        headers={'X-Subject-Token': token.id})

    def _revoke(self, call: Call) -> None:
        self._tokens.revoke(self._subject(call).id)

    # Users and their roles

    def _scopes(self, user_id: str, kind: str) -> list[Entity]:
        entities = getattr(self._directory, kind + 's')
        return [entity for entity in entities.values()
                if self._directory.granted(user_id,
                                           Target(kind, entity['id']))]

    def _own_projects(self, call: Call) -> dict[str, Any]:
        return self._resources.collection(
            'project', self._scopes(call.caller.user_id, 'project'), call)

    def _user_projects(self, call: Call) -> dict[str, Any]:
        user_id = call.params['user_id']
        if user_id != call.caller.user_id and not call.caller.is_admin:
            raise Refused(403, 'You are not authorized to perform the '
                               'requested action: '
                               'identity:list_user_projects.')
        return self._resources.collection(
            'project', self._scopes(user_id, 'project'), call)

"""Tokens: who somebody is, for what scope, and for how long."""

import dataclasses
from typing import Any

from doctor_core import clock, wire
from doctor_core.embedded.keystone.directory import (
    SYSTEM,
    Directory,
    Entity,
    Target,
    new_id,
)
from doctor_core.embedded.rest import Caller

# The documents could be made by keystoneauth1.fixture; that imports the test
# library ``fixtures``, which an operator's machine does not have. The unit
# tests compare them with what it makes.


@dataclasses.dataclass(frozen=True)
class Token:
    """What a user showed a password for.

    :ivar target: what it is scoped to; None for no scope.
    :ivar audit_ids: its own, and that of the token it was made from.
    """

    id: str
    user_id: str
    target: Target | None
    methods: tuple[str, ...]
    issued_at: float
    expires_at: float
    audit_ids: tuple[str, ...]


class Tokens:
    """Issues tokens and says whose they are.

    :param lifetime_s: seconds for which a token is good.
    """

    def __init__(self, directory: Directory, lifetime_s: float) -> None:
        self.lifetime_s = lifetime_s
        self._directory = directory
        self._tokens: dict[str, Token] = {}

    def issue(self, user_id: str, target: Target | None, method: str,
              old: Token | None = None) -> Token:
        """Make a token.

        :param old: the token shown instead of a password, whose end the new
            one shares.
        """
        now = clock.now()
        self._drop_expired(now)
        token = Token(
            id='gAAAAA' + new_id() + new_id(), user_id=user_id,
            target=target, issued_at=now,
            expires_at=old.expires_at if old else now + self.lifetime_s,
            methods=tuple(dict.fromkeys(
                (method, *(old.methods if old else ())))),
            audit_ids=(new_id()[:22], *(old.audit_ids[-1:] if old else ())))
        self._tokens[token.id] = token
        return token

    def _drop_expired(self, now: float) -> None:
        for token in list(self._tokens.values()):
            if token.expires_at <= now:
                del self._tokens[token.id]

    def get(self, token_id: str) -> Token | None:
        """A token that is still good."""
        token = self._tokens.get(token_id)
        if token is None or token.expires_at <= clock.now():
            return None
        user = self._directory.users.get(token.user_id)
        if user is None or not user['enabled']:
            return None
        if token.target is not None and not self.may_scope(
                token.user_id, token.target):
            return None
        return token

    def revoke(self, token_id: str) -> None:
        self._tokens.pop(token_id, None)

    def may_scope(self, user_id: str, target: Target) -> bool:
        """Whether a user has a role there, and there is enabled."""
        return bool(self._scope(target)) and bool(
            self._directory.granted(user_id, target))

    def _scope(self, target: Target) -> Entity | None:
        """The enabled entity behind a target."""
        if target == SYSTEM:
            return {'enabled': True}
        entities = self._directory.projects if target.kind == 'project' \
            else self._directory.domains
        entity = entities.get(target.id)
        return entity if entity and entity['enabled'] else None

    def caller(self, token_id: str) -> Caller | None:
        """Who shows this token; None when it is not good."""
        token = self.get(token_id)
        if token is None:
            return None
        user = self._directory.users[token.user_id]
        if token.target is None:
            return Caller(user['id'], user['name'])
        project: Entity = self._directory.projects.get(token.target.id, {})
        return Caller(
            user['id'], user['name'], project.get('id', ''),
            project.get('name', ''), user['domain_id'],
            frozenset(role['name'] for role in self._directory.effective(
                user['id'], token.target)))

    def document(self, token: Token, *, catalog: bool = True
                 ) -> dict[str, Any]:
        """What Keystone answers of a token."""
        user = self._directory.users[token.user_id]
        document: dict[str, Any] = {
            'methods': list(token.methods),
            'user': {'id': user['id'], 'name': user['name'],
                     'domain': self._domain(user['domain_id']),
                     'password_expires_at': None},
            'audit_ids': list(token.audit_ids),
            'issued_at': _stamp(token.issued_at),
            'expires_at': _stamp(token.expires_at),
        }
        if token.target is not None:
            document |= self._scope_document(token.target)
            document['roles'] = [
                {'id': role['id'], 'name': role['name']} for role in
                self._directory.effective(user['id'], token.target)]
            if catalog:
                document['catalog'] = self._directory.catalog()
        return {'token': document}

    def _scope_document(self, target: Target) -> dict[str, Any]:
        if target == SYSTEM:
            return {'system': {'all': True}}
        if target.kind == 'domain':
            return {'domain': self._domain(target.id)}
        project = self._directory.projects[target.id]
        return {'is_domain': False,
                'project': {'id': project['id'], 'name': project['name'],
                            'domain': self._domain(project['domain_id'])}}

    def _domain(self, domain_id: str) -> dict[str, str]:
        return {'id': domain_id,
                'name': self._directory.domains[domain_id]['name']}


def _stamp(at: float) -> str:
    return wire.iso(at) + 'Z'

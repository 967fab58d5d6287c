"""Who may do what: tokens, the roles that they show, and rules."""

import asyncio
import collections
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from oslo_config import cfg

from doctor_core.exceptions import BackendError, ConfigError, NotFound
from doctor_core.web.addresses import is_loopback
from doctor_core.web.exchange import (
    OPERATOR,
    PUBLIC,
    TENANT,
    Refused,
    Request,
    Response,
    Route,
)
from doctor_core.web.pools import Pool

LOG = logging.getLogger(__name__)

#: Who may post events and keep alarms.
OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'auth_strategy', default='none',
        choices=[('none', 'anybody who can connect; loopback only'),
                 ('keystone', 'a Keystone token with one of the roles of '
                              'auth_roles in X-Auth-Token')],
        help='Who may post events and keep alarms.'),
    cfg.ListOpt(
        'auth_roles', default=['admin', 'service'],
        help='Roles that may post events, with auth_strategy = keystone.'),
]

#: So many tokens that were valid once are remembered, as hashes.
_REMEMBERED = 1000


class Settings(Protocol):
    """What of ``[inspector]`` a gate reads, when it is made."""

    @property
    def auth_strategy(self) -> str: ...

    @property
    def auth_roles(self) -> Sequence[str]: ...

    @property
    def host(self) -> str: ...


class Gate:
    """Lets requests pass by the rule of their route.

    :param settings: the section ``[inspector]``.
    :param validate: the facts of a token; blocks on Keystone; raises
        NotFound, BackendError.
    :param known: the same for a token of which they are known, None for
        others; does not block.
    :ivar rules: whom the rule of each route is for; the operator are those
        with one of ``[inspector] auth_roles``.
    :ivar pools: the threads that ask Keystone.
    :raises ConfigError: it would stand open to a network.
    """

    def __init__(self, settings: Settings, validate: Callable[[str], Any],
                 known: Callable[[str], Any | None]) -> None:
        self._validate = validate
        self._known = known
        self.rules: dict[str, str] = {}
        self._roles = {role.lower() for role in settings.auth_roles}
        self._open = settings.auth_strategy == 'none'
        # Whoever makes tokens up must not keep out who has a good one.
        self._strangers = Pool('new tokens', threads=4, waiting=12)
        self._acquaintances = Pool('known tokens', threads=4, waiting=60)
        self.pools = [self._strangers, self._acquaintances]
        self._asking: dict[bytes, asyncio.Future[Any]] = {}
        self._valid: collections.OrderedDict[bytes, None] = \
            collections.OrderedDict()
        if self._open and not is_loopback(str(settings.host)):
            raise ConfigError(
                f'[inspector] host = {settings.host} can be reached from '
                'outside, and auth_strategy = none would let anybody declare '
                'a host dead: set auth_strategy = keystone, or host = '
                '127.0.0.1.')

    def check(self, routes: Sequence[Route]) -> None:
        """Take the rules of routes over.

        :raises ValueError: a route has none, or one that is for others in
            another route.
        """
        for route in routes:
            if not route.rule or route.access not in (
                    OPERATOR, TENANT, PUBLIC) or self.rules.setdefault(
                    route.rule, route.access) != route.access:
                raise ValueError(
                    f'{route.method} {route.path} has no rule: '
                    f'{route.rule!r} for {route.access!r}')

    async def __call__(self, request: Request,
                       inner: Callable[[Request], Awaitable[Response]]
                       ) -> Response:
        access = self.rules.get(request.rule, OPERATOR)
        if access != PUBLIC and not self._open:
            await self._admit(request, access)
        return await inner(request)

    async def _admit(self, request: Request, access: str) -> None:
        token = request.headers.get('X-Auth-Token', '')
        if not token:
            raise Refused(401, 'X-Auth-Token is missing.')
        try:
            facts = self._known(token) or await self._ask(token)
        except NotFound:
            raise Refused(401, 'The token is not valid.') from None
        except BackendError as error:
            LOG.error('Keystone cannot be asked about a token: %s', error)
            raise Refused(
                503, 'Keystone cannot be asked about the token.') from None
        request.context['token'] = facts
        if access != TENANT and not _in_cloud(facts) & self._roles:
            raise Refused(
                403, 'One of these roles is needed, in a project or in the '
                f'system: {", ".join(sorted(self._roles))}.')

    async def _ask(self, token: str) -> Any:
        """Have Keystone asked, once for all who show the same token."""
        key = hashlib.sha256(token.encode(errors='surrogatepass')).digest()
        asking = self._asking.get(key)
        if asking is None:
            pool = self._acquaintances if key in self._valid \
                else self._strangers
            asking = pool.run(self._validate, token)
            self._asking[key] = asking
            asking.add_done_callback(lambda done: self._asked(key, done))
        # Who hangs up must not take the answer from the others.
        return await asyncio.shield(asking)

    def _asked(self, key: bytes, done: asyncio.Future[Any]) -> None:
        del self._asking[key]
        if not done.cancelled() and done.exception() is None:
            self._valid[key] = None
            self._valid.move_to_end(key)
            while len(self._valid) > _REMEMBERED:
                self._valid.popitem(last=False)

    def who(self, request: Request) -> tuple[str, str, bool]:
        """The project and user that ask, and whether as administrator.

        Without authentication, which is for loopback only, the headers that
        Aodh's ``noauth`` mode takes say so.
        """
        facts = request.context.get('token')
        if facts is not None:
            return (facts.project_id, facts.user_id,
                    'admin' in _in_cloud(facts))
        roles = request.headers.get('X-Roles', '').lower().split(',')
        return (request.headers.get('X-Project-Id', ''),
                request.headers.get('X-User-Id', ''),
                'admin' in [role.strip() for role in roles])


def _in_cloud(facts: Any) -> frozenset[str]:
    """The roles that count for the whole cloud."""
    return frozenset(role.lower() for role in facts.roles
                     if facts.is_of_cloud)

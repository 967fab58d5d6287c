"""Requests over warm connections, with a token that is kept fresh."""

import asyncio
import dataclasses
import logging
from typing import TYPE_CHECKING

from doctor_core import background, clock
from doctor_core.cloud import calls, endpoints, refusals
from doctor_core.cloud.access import Access
from doctor_core.cloud.pace import Pace
from doctor_core.cloud.slots import Slots
from doctor_core.exceptions import CloudError, HttpError

if TYPE_CHECKING:
    from doctor_core.web.client import Client, Reply

LOG = logging.getLogger(__name__)

SERVICES = ('compute', 'network')
#: A token with less left is renewed while it is still being used.
_RENEW_BEFORE_S = 120.0
_RENEW_EVERY_S = 5.0
#: For so long a request that nobody answers keeps its slot, in seconds.
_HUNG_S = 5.0
#: A service that answers so, or not at all, is asked for too much.
_TOO_MUCH = frozenset({429, 502, 503, 504})


@dataclasses.dataclass(frozen=True)
class _Pass:
    """What lets requests in, asked of Keystone beforehand."""

    token: str
    expires_at: float
    is_admin: bool
    endpoints: dict[str, str]
    #: Why a service has no endpoint.
    missing: dict[str, str]


def _issue(access: Access, refused: str) -> _Pass:
    """Ask keystoneauth for token and endpoints; blocks."""
    info = access.token(refused)
    found, missing = {}, {}
    for service_type in SERVICES:
        try:
            found[service_type] = access.endpoint(service_type, info)
        except refusals.Misconfigured as error:
            missing[service_type] = str(error)
    with refusals.understood('Asking Keystone for a token'):
        return _Pass(info.auth_token, info.expires.timestamp(),
                     'admin' in info.role_names, found, missing)


class Sender:
    """Sends requests to Nova and Neutron as one user.

    All coroutines belong to one and the same loop.

    :param client: the connections; they are closed with this.
    """

    def __init__(self, access: Access, client: 'Client') -> None:
        self._access = access
        self._client = client
        self._pass: _Pass | None = None
        self._renewal: asyncio.Task[_Pass] | None = None
        self._renew_not_before = 0.0

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def warm(self) -> None:
        """Have token and endpoints ready before they are needed.

        :raises CloudError: there is no token to be had.
        """
        await self._allowed()

    def sees_all(self) -> bool:
        """Whether the user has the role admin; known after a request."""
        return self._pass is not None and self._pass.is_admin

    async def send(self, request: calls.Call) -> 'Reply':
        """One request; with a new token when the present one is refused.

        :raises CloudError: nobody answered, or there is nobody to ask.
        """
        allowed = await self._allowed()
        reply = await self._sent(request, allowed)
        if reply.status == 401:
            allowed = await self._renewed(allowed.token)
            reply = await self._sent(request, allowed)
        return reply

    async def _sent(self, request: calls.Call,
                    allowed: _Pass) -> 'Reply':
        service_type = request.service_type
        if service_type not in allowed.endpoints:
            raise refusals.Misconfigured(
                f'{request}: {allowed.missing[service_type]}')
        try:
            reply = await self._client.request(
                request.method,
                endpoints.url(service_type, allowed.endpoints[service_type],
                              request.path),
                body=request.body,
                headers={'X-Auth-Token': allowed.token,
                         **endpoints.headers(service_type)})
        except HttpError as error:
            self._access.contacts.note(service_type)
            raise CloudError(f'{service_type}: {error}',
                             recoverable=error.recoverable) from None
        self._access.contacts.note(service_type, reply.status)
        return reply

    async def _allowed(self) -> _Pass:
        present = self._pass
        left_s = present.expires_at - clock.now() if present else 0.0
        if present is None or left_s <= 0:
            return await self._renewed(present.token if present else '')
        if left_s < _RENEW_BEFORE_S \
                and clock.monotonic() >= self._renew_not_before:
            # It still serves: nobody waits for Keystone, which may hang.
            self._renew_not_before = clock.monotonic() + _RENEW_EVERY_S
            self._renewing('').add_done_callback(_warn_of_failure)
        return present

    async def _renewed(self, refused: str) -> _Pass:
        """A pass with another token than this; all who wait share one."""
        if self._pass is not None and self._pass.token != refused:
            return self._pass
        return await asyncio.shield(self._renewing(refused))

    def _renewing(self, refused: str) -> 'asyncio.Task[_Pass]':
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.get_running_loop().create_task(
                self._renew(refused))
        return self._renewal

    async def _renew(self, refused: str) -> _Pass:
        # Not of the loop's own pool, whose threads the end would wait for.
        self._pass = await asyncio.wrap_future(background.begin(
            lambda: _issue(self._access, refused), 'cloud-token'))
        return self._pass


class PacedSender:
    """Sends no more to a service at a time than it can work on.

    All coroutines belong to one and the same loop, as the sender's.

    What one part of a service leaves unanswered, a cell of Nova for one,
    holds up the others for a while only.

    :param concurrency: the most at a time, for each service.
    :param hung_s: so long after it was sent a request counts no more, in
        seconds.
    """

    def __init__(self, sender: Sender, concurrency: int,
                 hung_s: float = _HUNG_S) -> None:
        self.sender = sender
        self._hung_s = hung_s
        self._slots = {name: Slots(Pace(concurrency)) for name in SERVICES}

    async def send(self, request: calls.Call, rank: int, host: str = '', *,
                   is_telling: bool = False) -> 'Reply':
        """One request, when it is its turn.

        :param rank: a lower one has its turn before a higher one.
        :param host: whose request it is; hosts of one rank take turns.
        :param is_telling: whether it is one of many of one kind, whose
            times tell how many at a time the service can work on.
        :raises CloudError: as :meth:`Sender.send`.
        """
        slots = self._slots[request.service_type]
        sample = await slots.take(rank, host)
        is_refused = None
        is_given = False

        def give(is_refused: bool | None) -> None:
            nonlocal is_given
            if not is_given:
                is_given = True
                slots.give(sample, is_refused=is_refused)

        hung = asyncio.get_running_loop().call_later(
            self._hung_s, give, True)
        try:
            reply = await self.sender.send(request)
            if reply.status in _TOO_MUCH:
                is_refused = True
            elif is_telling and reply.status < 300:
                is_refused = False
            return reply
        except CloudError as error:
            if error.recoverable and not error.status:
                is_refused = True
            raise
        finally:
            hung.cancel()
            give(is_refused)


def _warn_of_failure(renewal: 'asyncio.Task[_Pass]') -> None:
    if not renewal.cancelled() and renewal.exception() is not None:
        LOG.warning('The token was not renewed: %s', renewal.exception())

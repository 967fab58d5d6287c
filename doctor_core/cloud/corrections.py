"""Many corrections at the same time, over warm connections and tokens."""

import asyncio
import concurrent.futures
import dataclasses
import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import tenacity

from doctor_core import clock, loop
from doctor_core.cloud import calls, endpoints, refusals
from doctor_core.cloud.access import Access
from doctor_core.cloud.slots import Slots
from doctor_core.exceptions import (
    BackendError,
    CloudError,
    HttpError,
)
from doctor_core.model import Correction, StateChange

if TYPE_CHECKING:
    from doctor_core.web.client import Client, Reply

LOG = logging.getLogger(__name__)

_SERVICES = ('compute', 'network')
#: A token with less left is renewed while it is still being used.
_RENEW_BEFORE_S = 120.0
_RENEW_EVERY_S = 5.0
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0


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
    for service_type in _SERVICES:
        try:
            found[service_type] = access.endpoint(service_type, info)
        except refusals.Misconfigured as error:
            missing[service_type] = str(error)
    with refusals.understood('Asking Keystone for a token'):
        return _Pass(info.auth_token, info.expires.timestamp(),
                     'admin' in info.role_names, found, missing)


class Corrector:
    """Makes corrections; a loop in a thread of its own does the work.

    Any thread may call.

    :param concurrency: requests to one service at a time; each service has
        its own, so that Neutron that hangs does not hold up Nova.
    :param timeout_s: seconds for one request.
    :param retry_for_s: seconds for which what may pass is tried again.
    """

    def __init__(self, access: Access, *, concurrency: int,
                 timeout_s: float, retry_for_s: float) -> None:
        self._access = access
        self._concurrency = concurrency
        self._timeout_s = timeout_s
        self._retry_for_s = retry_for_s
        self._lock = threading.Lock()
        self._thread: loop.LoopThread | None = None
        self._client: Client | None = None
        self._slots = {name: Slots(concurrency) for name in _SERVICES}
        self._pass: _Pass | None = None
        self._renewal: asyncio.Task[_Pass] | None = None
        self._renew_not_before = 0.0

    def warm(self) -> None:
        """Have token, endpoints and client ready before they are needed.

        :raises ConfigError: the TLS files cannot be used.
        :raises CloudError: there is no token to be had.
        """
        self._started().run(self._allowed())

    def get(self, service_type: str, path: str) -> Any:
        """Ask over the same connections that corrections use.

        :raises CloudError: it was refused, or not answered.
        """
        request = calls.Call('GET', service_type, path)
        reply = self._started().run(self._send(request))
        if reply.status >= 400:
            raise refusals.refused(str(request), reply.status, reply.body)
        try:
            return reply.json()
        except HttpError as error:
            raise CloudError(f'{request}: {error}') from None

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        """As :meth:`doctor_core.cloud.Cloud.correct`."""
        if not corrections:
            return []
        try:
            return self._started().run(self._all(corrections, done))
        except concurrent.futures.CancelledError:
            raise CloudError('The cloud was closed before all corrections '
                             'were made', recoverable=True) from None

    def close(self) -> None:
        """Stop what is under way and close all connections; idempotent."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.run(self._end())
            thread.stop()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    def _started(self) -> loop.LoopThread:
        with self._lock:
            if self._thread is None:
                from doctor_core.web.client import Client
                self._client = Client(
                    timeout_s=self._timeout_s, tls=self._access.tls(),
                    # All services may be on one host.
                    per_host=self._concurrency * len(_SERVICES))
                self._thread = loop.LoopThread('cloud-corrections')
            return self._thread

    async def _all(self, corrections: Sequence[Correction],
                   done: Callable[[StateChange], None]
                   ) -> list[StateChange]:
        deadline = clock.Deadline(self._retry_for_s)
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=tenacity.wait_random_exponential(
                multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S),
            stop=lambda state: state.upcoming_sleep >= deadline.left_s(),
            sleep=asyncio.sleep, reraise=True)
        # The tasks start in this order, and so come to the slots.
        order = sorted(range(len(corrections)),
                       key=lambda index: calls.rank(corrections[index]))
        changes = await asyncio.gather(*(
            self._make(corrections[index], retrying, done)
            for index in order))
        by_index = dict(zip(order, changes, strict=True))
        return [by_index[index] for index in range(len(corrections))]

    async def _make(self, correction: Correction,
                    retrying: tenacity.AsyncRetrying,
                    done: Callable[[StateChange], None]) -> StateChange:
        error = ''
        try:
            await retrying.copy()(self._attempt, correction)
        except BackendError as failure:
            error = str(failure)
        change = StateChange(correction, clock.now(), error)
        try:
            done(change)
        except Exception:  # a listener's callback
            LOG.exception('Telling of %s failed', change)
        return change

    async def _attempt(self, correction: Correction) -> None:
        request = calls.call_for(correction)
        slots = self._slots[request.service_type]
        await slots.take(calls.rank(correction))
        try:
            reply = await self._send(request)
        finally:
            slots.give()
        assert self._pass is not None
        error = calls.refusal(correction, reply.status, reply.body,
                              sees_all=self._pass.is_admin)
        if error is not None:
            LOG.debug('%s', error)
            raise error
        if reply.status == 404:
            LOG.info('%s: it is gone; nothing to correct', request)

    async def _send(self, request: calls.Call) -> 'Reply':
        """One request; with a new token when the present one is refused."""
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
        assert self._client is not None
        try:
            return await self._client.request(
                request.method,
                endpoints.url(service_type, allowed.endpoints[service_type],
                              request.path),
                body=request.body,
                headers={'X-Auth-Token': allowed.token,
                         **endpoints.headers(service_type)})
        except HttpError as error:
            raise CloudError(f'{service_type}: {error}',
                             recoverable=error.recoverable) from None

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
        self._pass = await asyncio.to_thread(_issue, self._access, refused)
        return self._pass


def _may_pass(error: BaseException) -> bool:
    """Whether it is worth while to wait here: 400 passes when somebody has
    restarted nova-compute, and the host may fail again before that.
    """
    return isinstance(error, BackendError) and error.recoverable \
        and getattr(error, 'status', 0) != 400


def _warn_of_failure(renewal: 'asyncio.Task[_Pass]') -> None:
    if not renewal.cancelled() and renewal.exception() is not None:
        LOG.warning('The token was not renewed: %s', renewal.exception())

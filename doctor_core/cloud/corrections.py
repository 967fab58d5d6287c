"""Many corrections at the same time, in order and at the cloud's pace."""

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import tenacity

from doctor_core import clock, loop
from doctor_core.cloud import calls, refusals
from doctor_core.cloud.access import Access
from doctor_core.cloud.finding import Failed, Finding
from doctor_core.cloud.order import HostOrder
from doctor_core.cloud.sending import SERVICES, PacedSender, Sender
from doctor_core.exceptions import BackendError, CloudError
from doctor_core.model import Action, Correction, Port, Server, StateChange

if TYPE_CHECKING:
    from doctor_core.web.client import Reply
    from doctor_core.web.trust import Trust

LOG = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
#: After how many seconds a server is looked at before its state is asked for
#: once more.
_UNSEEN_S = 1.0
#: Connections for questions that do not wait for the pace.
_SPARE_CONNECTIONS = 4
#: The many requests of one kind that tell how fast a service works.
_TELLING = frozenset({Action.RESET_STATE, Action.DATA_PLANE_STATUS})

T = TypeVar('T')


class Corrector:
    """Makes corrections; a loop in a thread of its own does the work.

    Any thread may call.

    :param concurrency: requests to one service at a time, at the most; each
        service has its own, so that Neutron that hangs does not hold up
        Nova. How many there are is found, as :mod:`doctor_core.cloud.pace`
        says.
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
        self._started: tuple[loop.LoopThread, PacedSender] | None = None
        self._trust: Trust | None = None
        self._closed = False

    def warm(self) -> None:
        """Have token, endpoints and client ready before they are needed.

        :raises ConfigError: the TLS files cannot be used.
        :raises CloudError: there is no token to be had.
        """
        self._run(lambda paced: paced.sender.warm())

    def get(self, service_type: str, path: str) -> Any:
        """Ask over the same connections that corrections use, at once.

        :raises CloudError: it was refused, or not answered.
        """
        request = calls.Call('GET', service_type, path)
        return calls.read(request, self._run(
            lambda paced: paced.sender.send(request)))

    def find_servers(self, server_ids: Iterable[str],
                     failed: Failed | None = None
                     ) -> dict[str, Server | None]:
        """As :meth:`doctor_core.cloud.Cloud.find_servers`."""
        return self._find(server_ids, failed, calls.server_call,
                          calls.server_found)

    def find_ports(self, port_ids: Iterable[str],
                   failed: Failed | None = None) -> dict[str, Port | None]:
        """As :meth:`doctor_core.cloud.Cloud.find_ports`."""
        return self._find(port_ids, failed, calls.port_call,
                          calls.port_found)

    def _find(self, ids: Iterable[str], failed: Failed | None,
              call_for: Callable[[str], calls.Call],
              found: Callable[[calls.Call, 'Reply'], T]) -> dict[str, T]:
        wanted = list(dict.fromkeys(ids))

        async def find(paced: PacedSender) -> dict[str, T]:
            async def ask(one: str) -> T:
                request = call_for(one)
                return found(request,
                             await paced.send(request, calls.READ_RANK))
            finding = Finding(ask, self._timeout_s)
            return await (finding.all(wanted) if failed is None
                          else finding.some(wanted, failed))
        return self._run(find) if wanted else {}

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        """As :meth:`doctor_core.cloud.Cloud.correct`."""
        if not corrections:
            return []
        return self._run(lambda paced: _Round(
            paced, self._retry_for_s, done).make(corrections))

    def renew(self) -> str:
        """As :meth:`doctor_core.cloud.Cloud.renew`."""
        with self._lock:
            trust = self._trust
        return trust.read() if trust else ''

    def close(self) -> None:
        """Stop what is under way and close all connections; idempotent.
        Whoever asks from now on gets a CloudError.
        """
        with self._lock:
            self._closed = True
            started, self._started = self._started, None
        if started is not None:
            thread, paced = started
            thread.run(_end(paced.sender))
            thread.stop()

    def _run(self, work: Callable[[PacedSender], Coroutine[Any, Any, T]]
             ) -> T:
        thread, paced = self._start()
        try:
            return thread.run(work(paced))
        except concurrent.futures.CancelledError:
            raise CloudError('The cloud was closed before all was done',
                             recoverable=True) from None

    def _start(self) -> tuple[loop.LoopThread, PacedSender]:
        with self._lock:
            if self._closed:
                # Opened anew, it would outlive the process's end.
                raise CloudError('The cloud was closed', recoverable=True)
            if self._started is None:
                from doctor_core.web.client import Client
                trust = self._access.trust()
                trust.read()
                client = Client(
                    timeout_s=self._timeout_s, tls=trust,
                    proxies=self._access.proxies(),
                    # All services may be on one host.
                    per_host=self._concurrency * len(SERVICES)
                    + _SPARE_CONNECTIONS)
                self._started = (
                    loop.LoopThread('cloud-corrections'),
                    PacedSender(Sender(self._access, client),
                                self._concurrency))
                self._trust = trust
            return self._started


class _Round:
    """The corrections of one call, all under way at the same time."""

    def __init__(self, paced: PacedSender, retry_for_s: float,
                 done: Callable[[StateChange], None]) -> None:
        self._paced = paced
        self._done = done
        self._orders: dict[str, HostOrder] = {}
        #: When servers' states were asked for first.
        self._asked_at: dict[tuple[Action, str], float] = {}
        #: Those that may have been made although they failed.
        self._unsure: set[tuple[Action, str]] = set()
        deadline = clock.Deadline(retry_for_s)
        self._retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=tenacity.wait_random_exponential(
                multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S),
            stop=lambda state: state.upcoming_sleep >= deadline.left_s(),
            sleep=asyncio.sleep, reraise=True)

    async def make(self, corrections: Sequence[Correction]
                   ) -> list[StateChange]:
        by_host: dict[str, list[Correction]] = {}
        for one in corrections:
            by_host.setdefault(one.host, []).append(one)
        self._orders = {host: HostOrder(of_host)
                        for host, of_host in by_host.items()}
        # The tasks start in this order, and so come to the slots.
        order = sorted(range(len(corrections)),
                       key=lambda index: calls.rank(corrections[index]))
        changes = await asyncio.gather(*(
            self._make(corrections[index]) for index in order))
        by_index = dict(zip(order, changes, strict=True))
        return [by_index[index] for index in range(len(corrections))]

    async def _make(self, correction: Correction) -> StateChange:
        error, is_final = '', False
        await self._orders[correction.host].turn(correction)
        try:
            await self._retrying.copy()(self._attempt, correction)
        except BackendError as failure:
            error = str(failure)
            is_final = isinstance(failure, refusals.Final)
        change = StateChange(correction, clock.now(), error,
                             is_final=is_final, is_refused=bool(error)
                             and correction.key not in self._unsure)
        try:
            self._done(change)
        except Exception:  # a listener's callback
            LOG.exception('Telling of %s failed', change)
        return change

    async def _attempt(self, correction: Correction) -> None:
        await self._look_again(correction)
        try:
            await self._ask(correction)
        except CloudError as error:
            LOG.debug('%s', error)
            if not _was_refused(error):
                self._unsure.add(correction.key)
            raise
        finally:
            self._orders[correction.host].answered(correction)

    async def _look_again(self, correction: Correction) -> None:
        """See where a server is whose state was asked for a while ago: it
        may have been evacuated meanwhile.

        :raises CloudError: it is not to be asked for any more.
        """
        if correction.action is not Action.RESET_STATE:
            return
        now = clock.monotonic()
        asked_at = self._asked_at.setdefault(correction.key, now)
        if now <= asked_at + _UNSEEN_S:
            return
        question = calls.server_call(correction.target_id)
        why = calls.why_not_again(correction, calls.server_found(
            question, await self._paced.send(question, calls.READ_RANK)))
        if why:
            raise CloudError(f'{calls.call_for(correction)}: not asked again, '
                             f'{why}')

    async def _ask(self, correction: Correction) -> None:
        request = calls.call_for(correction)
        try:
            reply = await self._paced.send(
                request, calls.rank(correction), correction.host,
                is_telling=correction.action in _TELLING)
        except CloudError as error:
            if request.is_repeatable or not error.recoverable:
                raise
            raise CloudError(f'{error}; not asked again, since it may have '
                             'been heard') from None
        refusal = calls.refusal(correction, reply,
                                sees_all=self._paced.sender.sees_all())
        if refusal is not None:
            raise refusal
        if reply.status == 404:
            LOG.info('%s: it is gone; nothing to correct', request)


async def _end(sender: Sender) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await sender.close()


def _was_refused(error: CloudError) -> bool:
    """Whether somebody has said no, and so nothing was changed: a service
    that is not well (5xx) may have changed something before that.
    """
    return isinstance(error, refusals.Final) or 400 <= error.status < 500


def _may_pass(error: BaseException) -> bool:
    """Whether it is worth while to wait here: 400 passes when somebody has
    restarted nova-compute, and the host may fail again before that.
    """
    return isinstance(error, BackendError) and error.recoverable \
        and getattr(error, 'status', 0) != 400

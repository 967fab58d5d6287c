"""Delivers notices: many at once, each with its own retries and deadline.

What two notices share, and one of them could use up, is shared out between
their projects: who does not answer delays no other project, and of his own
those that are told at the same place.
"""

import asyncio
import concurrent.futures
import dataclasses
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any
from urllib.parse import SplitResult, urlsplit

import tenacity
from oslo_config import cfg

from doctor_core import clock, plugins
from doctor_core.exceptions import NotifyError, Withdrawn
from doctor_core.loop import LoopThread
from doctor_core.model import Delivered, Notice
from doctor_core.notifiers import words
from doctor_core.notifiers.admission import Admission, Entry
from doctor_core.notifiers.base import Notifier, place
from doctor_core.notifiers.peers import Peer
from doctor_core.notifiers.rotation import Rotation
from doctor_core.notifiers.turns import Turn, Turns
from doctor_core.wording import counted, few

LOG = logging.getLogger(__name__)

#: Seconds for a notifier to let go of its connections.
_CLOSE_S = 2.0

NOTIFIER_OPTS: list[cfg.Opt] = [
    cfg.FloatOpt(
        'deadline_s', default=60.0, min=0.1,
        help='Seconds from the first attempt on after which a notice that '
             'nobody took is given up. Waiting for a consumer that takes '
             'others meanwhile does not count.'),
    cfg.FloatOpt(
        'timeout_s', default=10.0, min=0.1,
        help='Seconds that a single attempt may take, once it has a '
             'connection to itself.'),
    cfg.FloatOpt(
        'retry_min_s', default=0.1, min=0.001,
        help='Seconds before the second attempt. The wait is drawn from a '
             'window that doubles with each further attempt.'),
    cfg.FloatOpt(
        'retry_max_s', default=10.0, min=0.001,
        help='Seconds between two attempts at the most.'),
]


class Deliverer:
    """Finds the notifier of a URL's scheme and has it tried until it works.

    An attempt that timed out may have been heard all the same: an owner is
    told at least once, not exactly once. What a consumer hears of one server
    keeps its order, and what is not wanted any more is not tried again. Many
    notices of one project hold up none of another. All methods but
    :meth:`close` may be called from any thread and do not block.

    :param conf: with the options of ``[notifier]``.
    :param notifiers: by scheme; all that are installed by default.
    :param most: attempts at a time; what the descriptors of this process
        leave room for by default.
    :raises ConfigError: a notifier's own options are wrong.
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 notifiers: Mapping[str, Notifier] | None = None,
                 most: int | None = None) -> None:
        self._options = _options(conf)
        self._lock = threading.Lock()
        self._closed = False
        self._pending: dict[Future[Delivered], Notice] = {}
        # All, now: to find and import one takes longer than the owners of a
        # failed host want to wait.
        self._notifiers, self._broken = \
            _load(conf) if notifiers is None else (dict(notifiers), {})
        self._tasks: set[asyncio.Task[Any]] = set()
        self._rotation = Rotation()
        self._turns = Turns()
        self._admission = Admission(most)
        self._loop = LoopThread('notifiers')

    def deliver(self, action_url: str, notice: Notice
                ) -> 'Future[Delivered]':
        """Have a notice delivered.

        :param action_url: its scheme chooses the notifier.
        :returns: done when somebody took it; fails with NotifyError when it
            was given up, which has been logged then.
        """
        with self._lock:
            if self._closed:
                future: Future[Delivered] = Future()
                future.set_exception(NotifyError('Doctor is ending'))
                return future
            future = self._loop.submit(self._deliver(action_url, notice))
            self._pending[future] = notice
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: 'Future[Delivered]') -> None:
        with self._lock:
            self._pending.pop(future, None)

    def go_round(self) -> None:
        """Return when the loop of all deliveries has gone round once more.
        """
        self._loop.run(asyncio.sleep(0))

    def close(self, drain_s: float) -> None:
        """Take no more, wait for what is under way, then cancel; idempotent.

        :param drain_s: seconds to wait. What was not told then is logged.
        """
        with self._lock:
            closed, self._closed = self._closed, True
            pending = list(self._pending)
        if closed:
            return
        concurrent.futures.wait(pending, drain_s)
        with self._lock:
            untold = dict(self._pending)
        if untold:
            LOG.error('Ending with %s not delivered, of the servers %s',
                      counted(len(untold), 'notice'), few(sorted(
                          {notice.server_id or '?'
                           for notice in untold.values()})))
        self._loop.run(self._let_go())
        self._loop.stop()

    async def _let_go(self) -> None:
        await self._cancel_all()
        for scheme, notifier in self._notifiers.items():
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await notifier.close()
            except Exception:  # the next one has to be closed all the same
                LOG.exception('The notifier %s did not close', scheme)

    async def _cancel_all(self) -> None:
        """All before any of them goes on: one by one, each would make room
        for an attempt of another one.
        """
        deadline = clock.Deadline(_CLOSE_S)
        while self._tasks and not deadline.passed:
            for task in self._tasks:
                task.cancel()
            # A library may take it for a timeout of its own, and go on.
            await asyncio.wait(self._tasks, timeout=_CLOSE_S / 10)

    async def _deliver(self, action_url: str, notice: Notice) -> Delivered:
        """One notice's whole way; the outermost frame of its task."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await self._rotation.turn(notice.project_id)
        async with self._turns.of(action_url, notice) as turn:
            return await self._tell(action_url, notice, turn)

    async def _tell(self, action_url: str, notice: Notice, turn: Turn
                    ) -> Delivered:
        where = 'an alarm action'
        statistics: dict[str, Any] = {}
        try:
            action = _split(action_url)
            where = place(action)
            deadline = clock.Deadline(self._options.deadline_s)
            began = clock.monotonic()
            notifier = self._notifier(action)
            peer = notifier.peer(action) or Peer()
            entry = self._admission.entry(peer.lane(notice.project_id),
                                          deadline, where)
            # Ten thousand may wait for this: before the costly part.
            await entry.enter()
            try:
                retrying = self._retrying(deadline, where, notice, turn)
                statistics = retrying.statistics
                told = words.delivered(notice, where, statistics, await
                                       retrying(self._attempt, notifier,
                                                action, notice, entry,
                                                deadline))
            finally:
                entry.leave()
            LOG.info('%s', words.told(notice, told,
                                      clock.monotonic() - began))
            return told
        except Withdrawn as error:
            LOG.info('The owner of server %s is not told any more: %s%s',
                     notice.server_id or '?', error, words.because_of(notice))
            raise
        except NotifyError as error:
            why = words.failed(where, statistics, error)
            LOG.error('Server %s, alarm %.100r was not told: %s%s',
                      words.whose(notice), words.alarm(notice), why,
                      words.because_of(notice))
            raise NotifyError(why, recoverable=error.recoverable) from error
        except Exception as error:
            LOG.exception('The notifier of %s failed', where)
            raise NotifyError(f'{where}: {type(error).__name__}') from error

    def _notifier(self, action: SplitResult) -> Notifier:
        notifier = self._notifiers.get(action.scheme)
        if notifier is None:
            raise NotifyError(self._broken.get(action.scheme) or (
                f'{place(action)}: no notifier for the scheme '
                f'{action.scheme} is installed. '
                f'Available: {", ".join(self._notifiers)}.'))
        return notifier

    async def _attempt(self, notifier: Notifier, action: SplitResult,
                       notice: Notice, entry: Entry,
                       deadline: clock.Deadline) -> object:
        async with entry.attempt():
            if not notice.is_wanted():
                raise Withdrawn(f'{place(action)}: there is other news by '
                                'now')
            try:
                async with asyncio.timeout(
                        min(self._options.timeout_s, deadline.left_s())):
                    return await notifier.notify(action, notice)
            except TimeoutError:
                raise NotifyError(f'{place(action)}: no answer in time',
                                  recoverable=True) from None

    def _retrying(self, deadline: clock.Deadline, where: str,
                  notice: Notice, turn: Turn) -> tenacity.AsyncRetrying:
        """Tries again while that may help and there is time left."""
        backoff = tenacity.wait_random_exponential(
            multiplier=self._options.retry_min_s,
            min=self._options.retry_min_s, max=self._options.retry_max_s)

        def wait(state: tenacity.RetryCallState) -> float:
            asked_s = getattr(_error(state), 'retry_after_s', 0.0)
            # To tell at an unwelcome time is better than not to tell.
            return max(backoff(state),
                       asked_s if asked_s < deadline.left_s() else 0.0)

        def failed(state: tenacity.RetryCallState) -> None:
            error = _error(state)
            assert error is not None
            LOG.info('%s: attempt %d failed, next in %.1f s: %s', where,
                     state.attempt_number, state.upcoming_sleep, error)
            notice.failed(words.failed(
                where, {'attempt_number': state.attempt_number},
                error, clock.now() + state.upcoming_sleep))

        return tenacity.AsyncRetrying(
            sleep=turn.pause, wait=wait, before_sleep=failed, reraise=True,
            stop=lambda state: state.upcoming_sleep >= deadline.left_s(),
            retry=tenacity.retry_if_exception(_recoverable))


@dataclasses.dataclass(frozen=True)
class _Options:
    """The options of ``[notifier]``: asked for once, not for each notice."""

    deadline_s: float
    timeout_s: float
    retry_min_s: float
    retry_max_s: float


def _options(conf: cfg.ConfigOpts) -> _Options:
    return _Options(**{field.name: conf.notifier[field.name]
                       for field in dataclasses.fields(_Options)})


def _load(conf: cfg.ConfigOpts) -> tuple[dict[str, Notifier], dict[str, str]]:
    """Every notifier by scheme; and why others cannot be used."""
    notifiers, broken = plugins.make_all(conf, 'notifiers',
                                         conf.notifier.timeout_s)
    for why in broken.values():
        LOG.warning('%s', why)
    return notifiers, broken


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise NotifyError('An alarm action is not a URL') from None


def _recoverable(error: BaseException) -> bool:
    return isinstance(error, NotifyError) and error.recoverable


def _error(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None

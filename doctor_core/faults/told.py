"""What became of telling an owner, and when that is tried again."""

import dataclasses
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from typing import Any

from doctor_core import clock
from doctor_core.alarms.base import Pending
from doctor_core.exceptions import BackendError, BusError
from doctor_core.model import Delivered, News, Reached, Telling
from doctor_core.model.states import TellingState
from doctor_core.wording import few

_FIRST_RETRY_S = 2.0
_LAST_RETRY_S = 30.0

#: A telling: its fault, its server and its news.
Key = tuple[str, str, News]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of it.

    :ivar failures: a line for each owner who was not reached.
    :ivar may_pass: whether it may succeed later.
    :ivar told: the alarms by which others were reached.
    :ivar nobody: whether there is nobody to be reached.
    :ivar silent: the alarms that did not go off, and why.
    :ivar deliveries: the notices that were taken, as far as is known.
    :ivar event_id: where others know the alarms, the event that they have.
    """

    failures: tuple[str, ...] = ()
    may_pass: bool = False
    told: tuple[str, ...] = ()
    nobody: bool = False
    silent: tuple[str, ...] = ()
    deliveries: tuple[Delivered, ...] = ()
    event_id: str = ''

    @property
    def why(self) -> str:
        return '; '.join(self.failures)

    @property
    def state(self) -> TellingState:
        """What it makes of a telling."""
        if self.failures:
            return TellingState.OWED if self.may_pass \
                else TellingState.IN_PART if self.told \
                else TellingState.GIVEN_UP
        return TellingState.NOBODY if self.nobody else TellingState.TOLD

    @property
    def reason(self) -> str:
        """Who was told, if no delivery says so; who was not, and why."""
        told = '' if self.deliveries else ', '.join(self.told)
        if told and self.failures:
            told = f'told: {told}'
        handed_on = self.event_id and f'handed on as event {self.event_id}'
        return '; '.join(filter(None, (
            told, *self.failures, few(self.silent, separator='; '),
            handed_on)))


def failed(error: BaseException, why: str) -> Outcome:
    """What is raised instead of a list of failures: all but what somebody
    outside refuses for good may succeed later.
    """
    is_final = isinstance(error, BackendError) \
        and not isinstance(error, BusError) and not error.recoverable
    return Outcome((why or type(error).__name__,), not is_final)


def read(future: 'Future[Any]', event_id: str) -> Outcome:
    """Of a future that is done, and has not failed.

    :param event_id: what was told.
    """
    if future.cancelled():
        return Outcome(('it was cancelled',))
    failures = future.result()
    if isinstance(failures, Reached):
        return Outcome(failures.failures, told=failures.told,
                       nobody=not failures.told and not failures.failures,
                       silent=failures.silent,
                       deliveries=failures.deliveries)
    if not isinstance(failures, (list, tuple)):
        return Outcome((f'nobody knows whether it was told: the outcome is '
                        f'{failures!r}',))
    return Outcome(tuple(map(str, failures)),
                   event_id='' if failures else event_id)


@dataclasses.dataclass
class OfFault:
    """The tellings of one fault that are not at rest.

    :ivar under_way: of whom somebody is being told, or has an outcome that
        is not kept yet.
    :ivar handed_over: those of them that the alarm manager has.
    :ivar ended: those outcomes.
    :ivar pending: those of which a failed attempt is known before the end,
        and what was said of it.
    :ivar lines: what waiters are to hear of those that are kept.
    :ivar waiters: who waits for the last outcome.
    :ivar left: whether there are outcomes that nobody waits for, or that
        the store did not take.
    """

    under_way: set[Key] = dataclasses.field(default_factory=set)
    handed_over: set[Key] = dataclasses.field(default_factory=set)
    ended: list[tuple[Telling, Outcome]] = dataclasses.field(
        default_factory=list)
    pending: dict[Key, tuple[Telling, Pending, str]] = dataclasses.field(
        default_factory=dict)
    lines: list[str] = dataclasses.field(default_factory=list)
    waiters: list['Future[list[str]]'] = dataclasses.field(
        default_factory=list)
    left: bool = False

    def end(self, keys: Collection[Key]) -> None:
        """Nobody tells these any more."""
        self.under_way.difference_update(keys)
        self.handed_over.difference_update(keys)
        for key in keys:
            self.pending.pop(key, None)

    @property
    def at_rest(self) -> bool:
        """Whether there is nothing to remember."""
        return not (self.under_way or self.ended or self.lines
                    or self.waiters or self.left)


@dataclasses.dataclass
class _Failure:
    """Why a telling failed last, and when it is tried again."""

    pauses: clock.Pauses
    why: str = ''
    due_at: float = 0.0


class Again:
    """Tellings that have failed and are tried again, each less and less
    often; one thread at a time.

    :param monotonic: the time, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failed: dict[str, dict[Key, _Failure]] = {}

    def put(self, fault_id: str, failures: Mapping[Key, str]) -> None:
        """These of a fault have failed just now.

        :param failures: why.
        """
        for key, why in failures.items():
            one = self._failed.setdefault(fault_id, {}).setdefault(
                key, _Failure(clock.Pauses(first_s=_FIRST_RETRY_S,
                                           last_s=_LAST_RETRY_S)))
            one.why = why
            one.due_at = self._monotonic() + one.pauses.next_s()

    def forget(self, key: Key) -> None:
        """It is not tried again; one that has not failed is fine."""
        failed = self._failed.get(key[0], {})
        if failed.pop(key, None) and not failed:
            del self._failed[key[0]]

    def is_due(self, key: Key) -> bool:
        """Whether it may be tried now."""
        failed = self._failed.get(key[0], {}).get(key)
        return failed is None or failed.due_at <= self._monotonic()

    def reasons(self, fault_id: str) -> list[str]:
        """Why something of a fault is tried again."""
        return list(dict.fromkeys(
            one.why for one in self._failed.get(fault_id, {}).values()))

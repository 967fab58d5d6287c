"""What becomes of several who are being told, as one outcome."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeAlias

from doctor_core.alarms.base import Pending
from doctor_core.model import Reached
from doctor_core.wording import few

Outcome: TypeAlias = 'Future[list[str] | Reached]'


class Troubles:
    """Why attempts failed that are followed by others, one for each URL; each
    method from any thread.

    :param outcome: says it.
    """

    def __init__(self, outcome: Pending) -> None:
        self._outcome = outcome
        self._lock = threading.Lock()
        self._whys: dict[tuple[str, str], str] = {}

    def put(self, key: tuple[str, str], why: str) -> None:
        """An attempt failed.

        :param key: an alarm and a URL of it.
        """
        with self._lock:
            self._whys[key] = why
            self._say()

    def over(self, key: tuple[str, str]) -> None:
        """There are no more attempts."""
        with self._lock:
            if self._whys.pop(key, None):
                self._say()

    def _say(self) -> None:
        self._outcome.trouble = few(self._whys.values(), separator='; ')


def together(whole: Pending, outcomes: Sequence[Outcome]) -> Pending:
    """Done when all are: whom they have reached, in the order given."""
    left = len(outcomes)
    lock = threading.Lock()

    def done(_outcome: Outcome) -> None:
        nonlocal left
        with lock:
            left -= 1
            last = not left
        if last:
            _set(whole, lambda: _sum(
                [_reached(one.result()) for one in outcomes]))

    for one in outcomes:
        one.add_done_callback(done)
    return whole


def after(former: Outcome, go_on: Callable[[Reached], Pending | None]
          ) -> Pending:
    """What follows from an outcome: that of what is begun then; where that
    is nothing, the same.
    """
    whole = Pending()

    def done(_former: Outcome) -> None:
        try:
            following = go_on(_reached(former.result()))
        except Exception as error:  # whoever waits for it gets it
            whole.set_exception(error)
            return
        (following or former).add_done_callback(
            lambda last: _set(whole, last.result))

    former.add_done_callback(done)
    return whole


def _set(outcome: Pending, result: Callable[[], list[str] | Reached]
         ) -> None:
    try:
        outcome.set_result(result())
    except Exception as error:  # whoever waits for it gets it
        outcome.set_exception(error)


def _reached(result: list[str] | Reached) -> Reached:
    return result if isinstance(result, Reached) \
        else Reached(failures=tuple(result))


def _sum(parts: Sequence[Reached]) -> Reached:
    return Reached(
        tuple(dict.fromkeys(one for part in parts for one in part.told)),
        tuple(one for part in parts for one in part.failures),
        tuple(dict.fromkeys(one for part in parts for one in part.silent)),
        tuple(dict.fromkeys(
            one for part in parts for one in part.deliveries)))

"""What becomes of several who are being told, as one outcome.

Nobody can cancel an outcome, so setting its result cannot fail.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeAlias

from doctor_core.model import Reached

Outcome: TypeAlias = 'Future[list[str] | Reached]'


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """Done when all are: whom they have reached, in the order given."""
    if len(outcomes) == 1:
        return outcomes[0]
    whole = _begun()
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


def after(former: Outcome, go_on: Callable[[Reached], 'Outcome | None']
          ) -> Outcome:
    """What follows from an outcome: that of what is begun then; where that
    is nothing, the same.
    """
    whole = _begun()

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


def _begun() -> Outcome:
    outcome: Outcome = Future()
    outcome.set_running_or_notify_cancel()
    return outcome


def _set(outcome: Outcome, result: Callable[[], list[str] | Reached]
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
        tuple(dict.fromkeys(one for part in parts for one in part.silent)))

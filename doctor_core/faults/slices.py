"""Outcomes of corrections as they come: who hangs holds up no other."""

import threading
from collections.abc import Callable, Iterator, Sequence

from doctor_core import background
from doctor_core.model import StateChange

#: For how long outcomes are gathered before something follows of them, in
#: seconds.
_SLICE_S = 0.5


def in_slices(ask: Callable[[Callable[[StateChange], None]],
                            Sequence[StateChange]],
              slice_s: float = _SLICE_S) -> Iterator[list[StateChange]]:
    """Have corrections made by another thread, and say what became of them:
    those that have their outcome by now, again and again, and what is left
    at the end.

    :param ask: makes them, as :meth:`.Inspector.correct`.
    :param slice_s: how long it is waited for each, in seconds.
    :raises BaseException: what ``ask`` raises; what came meanwhile and was
        not said yet is not said then.
    """
    lock = threading.Lock()
    came: list[StateChange] = []
    said: dict[object, StateChange] = {}

    def noted(change: StateChange) -> None:
        with lock:
            came.append(change)

    asked = background.begin(lambda: ask(noted), 'faults-ask')
    while not asked.done():
        try:
            asked.result(slice_s)
        except TimeoutError:
            with lock:
                some, came = came, []
            if some:
                said |= {change.correction.key: change for change in some}
                yield some
    left = [change for change in asked.result()
            if said.get(change.correction.key) != change]
    if left:
        yield left

"""Many questions to somebody slow: some of them at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

S = TypeVar('S')
T = TypeVar('T')

#: Services answer in turns anyway; more of them only queue.
_MOST = 10


def at_once(ask: Callable[[S], T], items: Sequence[S],
            so_far: Callable[[int], None] = lambda answered: None
            ) -> list[T]:
    """Ask ten at a time; blocks until all is answered.

    :param ask: called with each item, from threads of its own.
    :param so_far: told how many were answered, from the caller's thread.
    :returns: the answers, in the order of the items.
    :raises Exception: the first that was raised; no more are asked then, and
        none is under way.
    """
    answers: list[T] = []
    with ThreadPoolExecutor(_MOST, 'at-once') as threads:
        try:
            for answer in threads.map(ask, items):
                answers.append(answer)
                so_far(len(answers))
        finally:
            threads.shutdown(cancel_futures=True)
    return answers

"""Work in the order of what it needs, as much at once as can be."""

import dataclasses
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from openstack_bed.settings import BedError

_WORTH_TELLING_S = 2.0


@dataclasses.dataclass(frozen=True)
class Step:
    """Something to be done.

    :ivar act: does it; called in a thread of its own.
    :ivar after: the steps that have to be done before; those that are not
        to be done at all count as done.
    """

    name: str
    act: Callable[[], object]
    after: tuple[str, ...] = ()


def do(steps: Iterable[Step], progress: Callable[[str], None]) -> None:
    """Do all of them; blocks until nothing more can be done.

    :raises BedError: one failed; those that need it were left out.
    """
    left = list(steps)
    futures: dict[str, Future[None]] = {}
    with ThreadPoolExecutor(len(left) or 1) as pool:
        while left:
            names = [step.name for step in left]
            ready = [step for step in left if not set(step.after) & set(names)]
            if not ready:
                raise BedError(f'These wait for each other: {names}')
            for step in ready:
                needs = [futures[name] for name in step.after
                         if name in futures]
                futures[step.name] = pool.submit(_do, step, needs, progress)
                left.remove(step)
    failures = [error for future in futures.values()
                if (error := future.exception()) is not None
                and not isinstance(error, _LeftOut)]
    for failure in failures:
        raise failure


class _LeftOut(Exception):
    """Something before it failed."""


def _do(step: Step, needs: Iterable[Future[None]],
        progress: Callable[[str], None]) -> None:
    # Who waits here was submitted later than what it waits for, and there
    # is a thread for each: nobody waits for ever.
    if any(need.exception() is not None for need in needs):
        raise _LeftOut
    begun = time.monotonic()
    step.act()
    spent = time.monotonic() - begun
    if spent > _WORTH_TELLING_S:
        progress(f'{step.name} ({spent:.1f} s)')

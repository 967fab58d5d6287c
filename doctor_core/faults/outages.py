"""For how long hosts have been lost, as far as that can be said.

By the monotonic clock, which nobody sets; by stamps only as far as news was
under way. A loss that goes over into the next fault of the host, since not
all was undone, began with the first.
"""

import dataclasses
from collections.abc import Callable

from doctor_core import clock
from doctor_core.faults.undoing import Age
from doctor_core.model import News
from doctor_core.model.states import FaultState
from doctor_core.store import FaultRecord, Loss, Store

#: A host may have been lost for so long before anybody noticed: monitors
#: look now and then, and rules wait.
_UNNOTICED_S = 300.0
#: Two clocks that are kept right differ by so much.
_SKEW_S = 1.0


class Outages:
    """When the hosts of open faults were lost; each method from any thread,
    none blocks on more than the store.

    :param monotonic: the time, in seconds, since this machine was booted.
    :param now: the time, in seconds since the epoch.
    """

    def __init__(self, store: Store,
                 monotonic: Callable[[], float] = clock.monotonic,
                 now: Callable[[], float] = clock.now) -> None:
        self._store = store
        self._monotonic = monotonic
        self._now = now

    def begun(self, fault_id: str) -> None:
        """A fault was raised now, and is in the store."""
        record = self._store.faults.find(fault_id)
        assert record is not None, fault_id
        at = self._monotonic()
        noticed_s = self._under_way_s(record)
        loss = Loss(clock.boot_id(), None if noticed_s is None
                    else at - noticed_s - _UNNOTICED_S, at)
        former = self._store.faults.find(record.former)
        if former is not None and former.state is FaultState.REPLACED:
            loss = self._since(former, loss)
        self._store.losses.keep(fault_id, loss)

    def age(self, fault_id: str) -> Age:
        """For how long the host of a fault has been lost."""
        loss = self._store.losses.find(fault_id)
        now = self._monotonic()
        if loss is None or loss.boot_id != clock.boot_id() \
                or now < loss.not_after:
            return Age(0.0, None)
        return Age(now - loss.not_after, None if loss.not_before is None
                   else now - loss.not_before)

    def _under_way_s(self, record: FaultRecord) -> float | None:
        """For how long the news was under way to us, on a bus that nobody
        read, for example; None when the clocks do not tell.
        """
        now = self._now()
        if now < record.received_at - _SKEW_S:
            return None
        return max(0.0, now - min(record.detected_at, record.received_at))

    def _since(self, former: FaultRecord, loss: Loss) -> Loss:
        """The loss of a host that was lost already, in the fault before."""
        before = self._store.losses.find(former.id)
        if before is None or before.boot_id != loss.boot_id:
            return dataclasses.replace(loss, not_before=None)
        # Some servers may have come back before, and been lost again.
        was_back = any(one.telling.news is not News.LOST
                       for one in self._store.tellings.of(former.id))
        return Loss(
            loss.boot_id,
            None if None in (before.not_before, loss.not_before)
            else min(before.not_before or 0.0, loss.not_before or 0.0),
            loss.not_after if was_back
            else min(before.not_after, loss.not_after))

"""Telling the owners: works off what the store says is to be told."""

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any

from doctor_core import clock, wire
from doctor_core.alarms.base import AlarmManager, Pending
from doctor_core.faults.guarded import Complaints
from doctor_core.faults.told import Key, Outcome, failed, read
from doctor_core.faults.under_way import UnderWay
from doctor_core.model import Checkpoint, Event, News, Stage, Telling
from doctor_core.model.states import TellingState
from doctor_core.store import FaultRecord, Store
from doctor_core.wording import counted, said

LOG = logging.getLogger(__name__)


class Teller:
    """Has owners told, and remembers of each what became of it.

    Each method may be called from any thread.

    :param alarms: who knows what owners asked for.
    :param store: where the tellings are.
    :param checkpoint: takes the stamps; never blocks.
    :param stopping: set when the process ends: what was not delivered then
        is owed still.
    :param monotonic: the time, in seconds.
    :ivar under_way: who is being told, and what becomes of it.
    """

    def __init__(self, alarms: AlarmManager, store: Store,
                 checkpoint: Callable[[Checkpoint], None],
                 stopping: threading.Event,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._alarms = alarms
        self._store = store
        self._checkpoint = checkpoint
        self.under_way = UnderWay(store, stopping, monotonic)
        self._lock = threading.Lock()
        self._orders: dict[str, threading.RLock] = {}
        self._complaints = Complaints()
        #: Of those under way; set when they are not to be said any more.
        self._waived: dict[Key, threading.Event] = {}

    def tell(self, fault_id: str, host: str,
             tellings: Iterable[Telling]) -> int:
        """Have these told; returns at once. What is under way already, or
        has failed a moment ago, is left alone.

        :returns: of how many servers somebody is being told now.
        """
        new = self.under_way.begin(fault_id, tellings)
        if not new:
            return 0
        # Before the store is looked at: who waives writes there first.
        self._waived |= {_key(fault_id, one): threading.Event()
                         for one in new}
        # What a later fault has waived is not said after that fault's loss.
        with self._order_of(host):
            try:
                events = self._events(fault_id, host,
                                      self._still_owed(fault_id, new))
            except BaseException:
                self._take_out(fault_id, new)
                raise
            if events:
                self._send(fault_id, host, events)
        return len(events)

    def unheard(self, fault_id: str) -> frozenset[str]:
        """The servers of which nothing else may be said yet: an owner has
        yet to hear of the loss, and who tells him keeps no order.
        """
        return frozenset(
            one.server.id for one in self._store.tellings.owed(fault_id)
            if one.news is News.LOST and not (
                self._alarms.keeps_order
                and self.under_way.is_handed_over(fault_id, one)))

    def _order_of(self, host: str) -> threading.RLock:
        """Held while the owners of a host are told: that never waits for
        them, or for the cloud.
        """
        with self._lock:
            return self._orders.setdefault(host, threading.RLock())

    def _send(self, fault_id: str, host: str,
              events: Sequence[tuple[Telling, Event]]) -> None:
        """Have the alarm manager tell, and each have an outcome some time.
        """
        try:
            futures = list(self._alarms.tell(
                [event for _, event in events], host=host,
                fault_id=fault_id))
            add = [future.add_done_callback for future in futures]
            if len(add) != len(events):
                raise ValueError(f'outcomes: {len(add)} of '
                                 f'{counted(len(events), "event")}')
        except Exception as error:  # a plugin may raise what it likes
            failure = failed(error, self._complaints.why(
                self._alarms, 'tell()', error))
            for one, _ in events:
                self._end(fault_id, one, failure)
            return
        self.under_way.hand_over(fault_id, [one for one, _ in events])
        for (one, event), future, add_callback in zip(events, futures, add,
                                                  strict=True):
            if isinstance(future, Pending):
                self.under_way.watch(fault_id, one, future)
            add_callback(self._noting(fault_id, one, event))

    def _events(self, fault_id: str, host: str,
                tellings: Sequence[Telling]) -> list[tuple[Telling, Event]]:
        """What the owners are told, of each of which that can be said."""
        at = clock.now()
        record = self._store.faults.find(fault_id)
        events = []
        for one in tellings:
            try:
                event = dataclasses.replace(
                    wire.instance_update(one.server, one.shown, at,
                                         one.traits),
                    is_wanted=self._is_wanted(fault_id, one),
                    since=_since(record, one.news))
            except Exception as error:  # whatever Nova says of a server
                why = f'There is no event for server {one.server.id}: ' \
                      f'{type(error).__name__}: {said(error)}'
                LOG.error('%s', why, exc_info=True)
                self._end(fault_id, one, Outcome((why,)))
                continue
            self._checkpoint(Checkpoint(Stage.EVENT_TRANSFORMED, at, host,
                                        one.server.id, fault_id))
            events.append((one, event))
        return events

    def _still_owed(self, fault_id: str, tellings: Sequence[Telling]
                    ) -> list[Telling]:
        """Those that another thread has not brought to an end since they
        were read; the others are not under way.
        """
        # Told one by one, as Nova shows each, a thousand would each read of
        # a thousand.
        owed = self._store.tellings.keys_owed(
            fault_id, tellings[0].server.id if len(tellings) == 1 else '')
        still: list[Telling] = []
        ended: list[Telling] = []
        for one in tellings:
            (still if (one.server.id, one.news) in owed else ended).append(
                one)
        self._take_out(fault_id, ended)
        return still

    def _is_wanted(self, fault_id: str, telling: Telling
                   ) -> Callable[[], bool]:
        waived = self._waived[_key(fault_id, telling)]
        return lambda: not waived.is_set()

    def _take_out(self, fault_id: str, tellings: Iterable[Telling]) -> None:
        """Nobody tells these after all, and nothing is said of that."""
        for one in tellings:
            self._waived.pop(_key(fault_id, one), None)
        self.under_way.take_out(fault_id, tellings)

    def _end(self, fault_id: str, telling: Telling, outcome: Outcome
             ) -> None:
        """What became of one that was under way; of what is waived by now
        only what was taken all the same.
        """
        waived = self._waived.pop(_key(fault_id, telling), None)
        if waived is None or not waived.is_set():
            self.under_way.ended(fault_id, telling, outcome)
        elif outcome.deliveries:
            self.under_way.ended(fault_id, telling, Outcome(
                deliveries=outcome.deliveries))
        else:
            self.under_way.take_out(fault_id, [telling])

    def told_by_nova(self, fault_id: str,
                     tellings: Sequence[Telling]) -> None:
        """Nova's own notification of it is on its way to the owners."""
        self._store.tellings.move(
            fault_id, TellingState.TOLD, tellings, at=clock.now(),
            reason='by Nova\'s own notification')
        self.under_way.forget(fault_id, tellings)

    def waive(self, fault_id: str, tellings: Sequence[Telling],
              reason: str) -> None:
        """There is nothing to tell any more; who is being told hears no
        further attempt.
        """
        self._store.tellings.move(fault_id, TellingState.WAIVED, tellings,
                                  at=clock.now(), reason=reason)
        self.under_way.forget(fault_id, tellings)
        for one in tellings:
            waived = self._waived.get(_key(fault_id, one))
            if waived is not None:
                waived.set()

    def _noting(self, fault_id: str, telling: Telling, event: Event
                ) -> Callable[['Future[Any]'], None]:
        def done(future: 'Future[Any]') -> None:
            error = None if future.cancelled() else future.exception()
            if error is not None:
                outcome = failed(error, self._complaints.why(
                    self._alarms, 'tell()', error))
            else:
                outcome = read(future, event.message_id)
            self._end(fault_id, telling, outcome)
        return done


def _key(fault_id: str, telling: Telling) -> Key:
    return fault_id, telling.server.id, telling.news


def _since(record: FaultRecord | None, news: News) -> float | None:
    """When it was detected what an owner is told: the loss, by whichever
    clock says less, or the return.
    """
    if record is None:
        return None
    return min(record.detected_at, record.received_at) \
        if news is News.LOST else record.cleared_at

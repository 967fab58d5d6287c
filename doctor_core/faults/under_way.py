"""Who is being told, and what becomes of it: kept as soon as it is known."""

import concurrent.futures
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

from doctor_core import clock
from doctor_core.alarms.base import Pending
from doctor_core.exceptions import StoreError
from doctor_core.faults.told import Again, Key, OfFault, Outcome
from doctor_core.model import Telling
from doctor_core.model.states import TellingState
from doctor_core.soon import Soon
from doctor_core.store import Store

LOG = logging.getLogger(__name__)

#: For how long the end waits for those who are being told, in seconds: the
#: deliverer gives them up long before.
_CLOSE_S = 60.0
#: Somebody could not be reached.
_UNREACHED = (TellingState.GIVEN_UP, TellingState.IN_PART)


class UnderWay:
    """Tellings that have begun, and their outcomes.

    Each method may be called from any thread.

    :param store: where the tellings are.
    :param stopping: set when the process ends: what was not delivered then
        is owed still.
    :param monotonic: the time, in seconds.
    """

    def __init__(self, store: Store, stopping: threading.Event,
                 monotonic: Callable[[], float]) -> None:
        self._store = store
        self._stopping = stopping
        self._lock = threading.RLock()
        self._keeping = threading.Lock()
        self._faults: dict[str, OfFault] = {}
        #: Of which faults outcomes are to be kept.
        self._due: dict[str, None] = {}
        self._soon = Soon(self._keep_due, 'faults-told')
        #: Of which faults it was said that outcomes are not kept.
        self._unkept: set[str] = set()
        self._again = Again(monotonic)

    def begin(self, fault_id: str, tellings: Iterable[Telling]
              ) -> list[Telling]:
        """Somebody begins to tell these; returns those of which nobody was
        being told, and that have not failed a moment ago.
        """
        with self._lock:
            new = self.others(fault_id, tellings)
            if new:
                self._of(fault_id).under_way |= {
                    _key(fault_id, one) for one in new}
        return new

    def take_out(self, fault_id: str, tellings: Iterable[Telling]) -> None:
        """Nobody tells these after all."""
        keys = {_key(fault_id, one) for one in tellings}
        with self._lock:
            of = self._of(fault_id)
            of.end(keys)
            self._changed(fault_id)

    def ended(self, fault_id: str, telling: Telling,
              outcome: Outcome) -> None:
        """What became of one; never blocks."""
        with self._lock:
            self._of(fault_id).ended.append((telling, outcome))
            self._changed(fault_id)

    def hand_over(self, fault_id: str, tellings: Iterable[Telling]) -> None:
        """The alarm manager has these."""
        with self._lock:
            of = self._of(fault_id)
            of.handed_over |= of.under_way & {
                _key(fault_id, one) for one in tellings}
            self._drop(fault_id)

    def is_handed_over(self, fault_id: str, telling: Telling) -> bool:
        """Whether the alarm manager has it, and no outcome is kept yet."""
        with self._lock:
            of = self._faults.get(fault_id)
            return of is not None \
                and _key(fault_id, telling) in of.handed_over

    def watch(self, fault_id: str, telling: Telling, outcome: Pending
              ) -> None:
        """Its outcome says before the end why an attempt failed."""
        with self._lock:
            self._of(fault_id).pending[_key(fault_id, telling)] = \
                telling, outcome, ''

    def explain(self) -> None:
        """Keep why attempts failed that are followed by others."""
        new: dict[str, list[tuple[Telling, str]]] = {}
        with self._lock:
            for fault_id, of in self._faults.items():
                for key, (one, outcome, said) in of.pending.items():
                    why = outcome.trouble
                    if why != said and not outcome.done():
                        of.pending[key] = one, outcome, why
                        new.setdefault(fault_id, []).append((one, why))
        for fault_id, reasons in new.items():
            self._store.tellings.explain(fault_id, reasons)

    def forget(self, fault_id: str, tellings: Iterable[Telling]) -> None:
        """These are not tried again."""
        with self._lock:
            for one in tellings:
                self._again.forget(_key(fault_id, one))

    def settle(self, fault_id: str) -> 'Future[list[str]]':
        """Keep what becomes of each as soon as it is known, until everybody
        was told or given up: whoever is slow holds up nobody's outcome, and
        no thread.

        :returns: done then, with a line for each owner who was not reached,
            also of those who are told again later; or with what the store
            raised. What is called back is called by whoever called this, or
            by the one thread that keeps all outcomes.
        """
        waiter: Future[list[str]] = Future()
        with self._lock:
            of = self._of(fault_id)
            of.waiters.append(waiter)
            of.left = False
        self._settle(fault_id)
        return waiter

    def keep(self, fault_id: str) -> list[str]:
        """Keep what is known by now, and leave the rest for who calls this
        or :meth:`settle` next.

        :returns: as :meth:`settle`, as far as it is known.
        """
        with self._lock:
            of = self._of(fault_id)
            of.left = bool(of.under_way)
        self._settle(fault_id)
        with self._lock:
            lines, of.lines = of.lines, []
            self._drop(fault_id)
        return self._with_again(fault_id, lines)

    def close(self) -> None:
        """Wait for the outcomes that somebody waits for; then nobody may be
        told any more.
        """
        with self._lock:
            waiters = [one for of in self._faults.values()
                       for one in of.waiters]
        concurrent.futures.wait(waiters, _CLOSE_S)
        self._soon.close()

    def _settle(self, fault_id: str) -> None:
        """Keep what has ended; if that was all, who waits hears of it."""
        try:
            # What another thread is keeping right now is known, too.
            with self._keeping:
                self._keep_ended(fault_id)
        except Exception as error:
            with self._lock:
                of = self._of(fault_id)
                waiters, of.waiters = of.waiters, []
            if not waiters:
                raise
            for one in waiters:
                one.set_exception(error)
            return
        with self._lock:
            of = self._of(fault_id)
            waiters = self._at_an_end(fault_id, of)
            lines = self._with_again(fault_id, of.lines)
            if waiters:
                of.lines = []
            self._drop(fault_id)
        for one in waiters:
            one.set_result(list(lines))

    def _keep_ended(self, fault_id: str) -> None:
        while True:
            with self._lock:
                of = self._of(fault_id)
                ended, of.ended = of.ended, []
            if not ended:
                return
            self._keep(fault_id, ended)

    def _at_an_end(self, fault_id: str, of: OfFault
                   ) -> list['Future[list[str]]']:
        """Who is to hear that nothing of a fault is under way."""
        if of.under_way or of.ended:
            return []
        of.left = False
        waiters, of.waiters = of.waiters, []
        return waiters

    def _with_again(self, fault_id: str, lines: Sequence[str]) -> list[str]:
        return list(dict.fromkeys([*lines, *(
            f'{why}; it is tried again'
            for why in self._again.reasons(fault_id))]))

    def _of(self, fault_id: str) -> OfFault:
        return self._faults.setdefault(fault_id, OfFault())

    def _drop(self, fault_id: str) -> None:
        """Forget what is at rest."""
        of = self._faults.get(fault_id)
        if of is not None and of.at_rest:
            del self._faults[fault_id]

    def _changed(self, fault_id: str) -> None:
        """Something of a fault is not under way any more, or has ended:
        have it kept now. Who began it may wait for Nova for long, and a
        person wants to know whom to call.
        """
        of = self._of(fault_id)
        if of.waiters or of.ended:
            self._due[fault_id] = None
            if not self._soon.ask():
                # We have ended, and it is owed still.
                LOG.debug('An outcome of fault %s came too late', fault_id)
        self._drop(fault_id)

    def _keep_due(self) -> None:
        with self._lock:
            due, self._due = self._due, {}
        for fault_id in due:
            try:
                self._settle(fault_id)
                self._unkept.discard(fault_id)
            except Exception as error:  # nobody waits: who is next tries
                LOG.log(logging.DEBUG if fault_id in self._unkept
                        else logging.ERROR, 'What became of the tellings of '
                        'fault %s is not kept yet: %s', fault_id, error,
                        exc_info=not isinstance(error, StoreError))
                self._unkept.add(fault_id)

    def is_telling(self, fault_id: str) -> bool:
        """Whether somebody is being told because of a fault."""
        with self._lock:
            of = self._faults.get(fault_id)
            return of is not None and bool(of.under_way)

    def others(self, fault_id: str, tellings: Iterable[Telling]
               ) -> list[Telling]:
        """Those of which nobody is being told now, and that have not failed
        a moment ago.
        """
        with self._lock:
            of = self._faults.get(fault_id)
            under_way = of.under_way if of else frozenset[Key]()
            return [one for one in tellings
                    for key in [_key(fault_id, one)]
                    if key not in under_way and self._again.is_due(key)]

    def leave(self, fault_id: str) -> None:
        """Nobody waits for the outcomes of a fault until :meth:`settle` is
        called for it.
        """
        with self._lock:
            self._of(fault_id).left = True

    def is_left(self, fault_id: str) -> bool:
        """Whether nobody waits for outcomes, or the store took none."""
        with self._lock:
            of = self._faults.get(fault_id)
            return of is not None and of.left

    def _keep(self, fault_id: str,
              ended: Sequence[tuple[Telling, Outcome]]) -> None:
        """Remember outcomes; what failed while we end stays owed, as does
        what may succeed later. Who waits hears why others are given up.
        """
        by_state: dict[TellingState, list[tuple[Telling, Outcome]]] = {
            state: [] for state in TellingState}
        for one, outcome in ended:
            by_state[outcome.state].append((one, outcome))
        later = by_state.pop(TellingState.OWED)
        if self._stopping.is_set():
            for state in _UNREACHED:
                later += by_state.pop(state)
        unreached = [one for state in _UNREACHED
                     for one in by_state.get(state, ())]
        try:
            at, kept = clock.now(), self._store.tellings
            with self._store.together():
                for state, settled in by_state.items():
                    kept.settle(fault_id, state, [
                        (one, outcome.reason) for one, outcome in settled],
                        at=at)
                kept.explain(fault_id, [
                    (one, outcome.reason) for one, outcome in later])
                kept.prove(fault_id, [
                    (one, outcome.deliveries) for one, outcome in ended])
        except Exception:
            # They are told, and not told again because that is not kept.
            with self._lock:
                of = self._of(fault_id)
                of.ended[:0] = ended
                of.left = True
                self._due[fault_id] = None
            self._soon.ask_again()
            raise
        with self._lock:
            of = self._of(fault_id)
            of.end({_key(fault_id, one) for one, _ in ended})
            of.lines += [outcome.why for _, outcome in unreached]
            for one, outcome in ended:
                if outcome.state is not TellingState.OWED:
                    self._again.forget(_key(fault_id, one))
            self._again.put(fault_id, {_key(fault_id, one): outcome.why
                                       for one, outcome in later})


def _key(fault_id: str, telling: Telling) -> Key:
    return fault_id, telling.server.id, telling.news

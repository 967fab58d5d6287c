"""Corrections that wait, in a mass failure or since an operator wants it, for
somebody to decide.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Sequence

from doctor_core import clock
from doctor_core.faults import mass_failure, suspicion
from doctor_core.faults.budget import Budget
from doctor_core.faults.hold_option import HELD_BY_OPTION, HoldOption
from doctor_core.faults.mass_failure import Group
from doctor_core.faults.settings import Settings
from doctor_core.faults.too_many import HELD_UNJUDGED, TooMany, described
from doctor_core.model import Fault
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.model.states import STANDING, CorrectionState, FaultState
from doctor_core.store import Fallen, FaultRecord, Store
from doctor_core.wording import counted, few

LOG = logging.getLogger(__name__)

_NAMED = 3
#: Hosts that begin to be held for a path within so long of each other are
#: one burst, which the log has once.
_BURST_S = 10.0
#: So many of them are judged at one look: reports wait meanwhile.
_AT_ONCE = 100


class Holding:
    """Decides whether a new fault is held, and lets go of those that are.

    Each method may be called from any thread; none blocks for long.

    :param settings: what a mass failure is.
    :param store: where the faults are.
    :param groups: those that compute hosts are in; the first is of all.
    :param monotonic: the time, in seconds, since this machine was booted: a
        wall clock that steps would make one loss one of too many, or too
        many losses single ones.
    """

    def __init__(self, settings: Callable[[], Settings], store: Store,
                 groups: Callable[[], Sequence[Group]],
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._settings = settings
        self._store = store
        self._too_many = TooMany(self._limits, store, groups)
        self._monotonic = monotonic
        # Several hosts fail at a time, and each has to count the others.
        self._lock = threading.RLock()
        self._released: list[str] = []
        self._budget = Budget(self._limits, monotonic)
        self._lately = suspicion.Lately()
        self._path_said_at = float('-inf')
        self._option = HoldOption(
            lambda: self._settings().hold,
            lambda: self._held(by_option=True), monotonic)

    @contextlib.contextmanager
    def deciding(self) -> Iterator[None]:
        """No other fault is judged or let go of inside; whoever also begins
        a transaction of the store does so inside of this.
        """
        with self._lock:
            yield

    def add(self, fault: Fault, host: str, former: str,
            standing: FaultRecord | None) -> str:
        """Remember a fault; held if need be.

        It is not held while something of a former one is marked down still:
        that would be neither the one state nor the other.

        :param former: the fault of the host before.
        :param standing: that fault, if not all of it is undone yet.
        :returns: why it is held; empty when it is not.
        """
        with self._lock:
            marked = standing is not None and self._store.corrections.of(
                standing.id, *STANDING)
            at = self._monotonic()
            since = at - suspicion.silent_s(fault)
            why = '' if marked else self._why_now(fault, host)
            self._store.faults.add(
                fault, host, FaultState.HELD if why else FaultState.HANDLING,
                reason=why, former=former)
            self._store.evidence.add(fault.id, *fault.evidence)
            # Work on Nova is no mass failure, and does not begin one.
            if why != HELD_BY_OPTION:
                self._store.falls.add(
                    fault.id, clock.boot_id(),
                    since if fault.is_path_suspected else at)
            if fault.is_path_suspected:
                for other in self._lately.pop_with(fault, since):
                    self._wait_as_well(other)
            elif not why and not marked:
                self._lately.add(fault, since)
        return why

    def _why_now(self, fault: Fault, host: str) -> str:
        if self._settings().hold:
            return HELD_BY_OPTION
        return suspicion.WAITING if suspicion.is_doubted(fault) \
            else self._why_held(host)

    def _wait_as_well(self, fault_id: str) -> None:
        """A host that was lost just before it was known that a path may be
        broken: what is not corrected yet waits for a witness, too.
        """
        store = self._store
        with store.together():
            record = store.faults.find(fault_id)
            kinds = store.evidence.kinds([fault_id])[fault_id]
            if record is None or record.state is not FaultState.HANDLING \
                    or suspicion.proofs(kinds) or not store.corrections.of(
                        fault_id, CorrectionState.OWED,
                        CorrectionState.ASKED):
                return
            store.faults.move(
                fault_id, FaultState.HELD, reason=suspicion.WAITING,
                is_path_suspected=True)
        LOG.warning('Host %s fell silent together with others: fault %s is '
                    'waiting for a witness, too', record.hostname, fault_id)

    def confirm(self, fault_ids: Collection[str], who: str) -> list[str]:
        """An operator says that these hosts are dead: they do not count any
        more, and those that are held are marked down.

        :param who: the operator.
        :returns: the faults that were held, and are not any more.
        """
        with self._lock, self._store.together():
            for fault_id in fault_ids:
                self._store.evidence.add(fault_id, Evidence(
                    EvidenceKind.OPERATOR, who, clock.now()))
            return self._release(fault_ids, f'confirmed by {who}')

    def proved(self, record: FaultRecord, why: str) -> None:
        """A second witness proves that a host is dead: it need not be held
        because a path to it was suspected, though it may be one of too many.

        Called inside of :meth:`deciding`.

        :param why: who says so.
        """
        if record.state is FaultState.HELD \
                and record.reason in (suspicion.WAITING, suspicion.HELD):
            self._let_go(record.id, record.hostname, f'dead: {why}')

    def _let_go(self, fault_id: str, host: str, why: str) -> None:
        """What a fault was held for is over; another reason may not be."""
        too_many = self._why_held(host)
        if too_many:
            self._store.faults.describe(fault_id, reason=too_many)
        else:
            self._release([fault_id], why)

    def released(self) -> list[str]:
        """The faults that were let go of since this was last asked.

        Those that need not wait any longer are let go of now.
        """
        with self._lock:
            self._option.note()
            try:
                self._note_proofs()
                self._hold_silent()
                self._judge_again()
                self._let_through()
                self._too_many.note_judged()
            except Exception as error:  # an operator's word still counts
                self._too_many.note_blind(exc_info=error)
            released, self._released = self._released, []
        return released

    def _note_proofs(self) -> None:
        """Whoever proves a death may do so by a report of his own, which
        joins the fault.
        """
        for fallen in self._too_many.fallen():
            proofs = suspicion.proofs(fallen.kinds)
            if proofs and suspicion.is_held(
                    fallen, suspicion.WAITING, suspicion.HELD):
                self._let_go(fallen.fault_id, fallen.hostname,
                             f'dead: {", ".join(proofs)}')

    def _hold_silent(self) -> None:
        """Those that no witness has spoken of, and no failover of a path
        explains any more, are held as in a mass failure.
        """
        now = self._monotonic()
        waiting = [one for one in self._too_many.fallen()
                   if suspicion.is_held(one, suspicion.WAITING)]
        silent = [one for one in waiting
                  if suspicion.held_since(one) <= now][:_AT_ONCE]
        if not silent:
            return
        why = self._too_many.why([one.hostname for one in silent])
        by_path = {host for host in why
                   if why[host] in ('', HELD_UNJUDGED)}
        with self._store.together():
            for one in silent:
                self._store.faults.describe(
                    one.fault_id, reason=suspicion.HELD
                    if one.hostname in by_path else why[one.hostname])
        if by_path:
            self._say_path([one.hostname for one in waiting
                            if one.hostname in by_path
                            or one.hostname not in why], now)

    def _say_path(self, hosts: Sequence[str], now: float) -> None:
        """Say so once of all that are held for a path at about this time."""
        if self._path_said_at + _BURST_S <= now:
            LOG.error('%s fell silent within a second of others, without '
                      'an answer since: %s. The owners of their servers are '
                      'told. From now on none of them is marked down in Nova '
                      'and Neutron, since a path to them may be what is '
                      'broken, until a witness proves its death. %s',
                      counted(len(hosts), 'compute host'),
                      few(hosts, _NAMED), self._too_many.what_to_do())
        self._path_said_at = now

    def _judge_again(self) -> None:
        """Those that could not be judged when they were lost."""
        if not self._too_many.is_unjudged or self._settings().hold:
            return
        fallen_hosts = self._too_many.fallen()
        self._too_many.is_unjudged = False
        for fallen in fallen_hosts:
            if not suspicion.is_held(fallen, HELD_UNJUDGED):
                continue
            why = self._why_held(fallen.hostname)
            if not why:
                self._release([fallen.fault_id], 'they are not too many')
            elif why != HELD_UNJUDGED:
                self._store.faults.describe(fallen.fault_id, reason=why)

    def _let_through(self) -> None:
        """Those of a mass failure that have waited long enough."""
        held = self._waiting()
        for host in self._budget.spend(list(map(described, held.values()))):
            self._release(
                [held[host].fault_id],
                f'held for {mass_failure.MINUTE_S:g} s, and '
                f'mass_failure_budget = {self._limits().budget} a minute')

    def turns(self) -> dict[str, float]:
        """When those that are held go through by themselves, if nobody says
        anything else before, in seconds since the epoch, by fault. What
        waits for an operator is missing.
        """
        with self._lock:
            held = self._waiting()
            left_s = self._budget.left_s(list(map(described, held.values())))
        now = clock.now()
        return {held[host].fault_id: now + seconds
                for host, seconds in left_s.items()}

    def _waiting(self) -> dict[str, Fallen]:
        """Those held that may go through by themselves, by host: of what
        could not be judged nobody knows how many they are.
        """
        if not self._limits().budget or self._settings().hold:
            return {}
        return {fallen.hostname: fallen for fallen in self._too_many.fallen()
                if fallen.state == FaultState.HELD
                and fallen.reason != HELD_UNJUDGED}

    def remind(self) -> None:
        """Let the log say what an earlier process left to be decided."""
        held = self._held(by_option=False)
        if held:
            LOG.error('Since a mass failure %s not marked down: %s. %s',
                      counted(len(held), 'compute host'),
                      few([record.hostname for record in held], _NAMED),
                      self._too_many.what_to_do())
        self._option.remind()

    def _release(self, fault_ids: Collection[str], why: str) -> list[str]:
        with self._lock:
            released = self._store.faults.release(fault_ids, why)
            self._released += released
        if released:
            LOG.warning('%s, held so far, to be acted on now: %s',
                        counted(len(released), 'fault'), why)
        return released

    def _why_held(self, host: str) -> str:
        return self._too_many.why([host])[host]

    def _limits(self) -> mass_failure.Limits:
        return self._settings().mass_failure

    def _held(self, *, by_option: bool) -> list[FaultRecord]:
        return [record for record in
                self._store.faults.in_states(FaultState.HELD)
                if (record.reason == HELD_BY_OPTION) is by_option
                and record.reason != suspicion.WAITING]

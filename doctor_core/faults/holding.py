"""Corrections that wait, in a mass failure or since an operator wants it, for
somebody to decide.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from doctor_core import clock
from doctor_core.faults import mass_failure
from doctor_core.faults.budget import Budget
from doctor_core.faults.hold_option import HoldOption
from doctor_core.faults.mass_failure import Down, Group
from doctor_core.faults.settings import Settings
from doctor_core.model import Fault
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight
from doctor_core.model.states import STANDING, FaultState
from doctor_core.store import Fallen, FaultRecord, Store
from doctor_core.wording import counted, few

LOG = logging.getLogger(__name__)

_NAMED = 3
#: The reason of faults that an operator's option holds.
HELD_BY_OPTION = 'held: [inspector] hold is set'
#: The reason of faults of hosts that fell silent together.
HELD_BY_PATH = ('held: other hosts fell silent with it, so a path to them is '
                'suspected first')
#: The reason of faults of which it cannot be said yet.
HELD_UNJUDGED = ('held until it can be said whether too many hosts are down; '
                 'the log says why that is not known')
#: Any other reason is that of one of too many.
_NO_MASS = frozenset({HELD_BY_OPTION, HELD_BY_PATH, HELD_UNJUDGED})


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
        self._groups = groups
        self._monotonic = monotonic
        # Several hosts fail at a time, and each has to count the others.
        self._lock = threading.RLock()
        self._released: list[str] = []
        self._budget = Budget(self._limits, monotonic)
        #: Whether some may be held that could not be judged.
        self._is_unjudged = True
        self._is_blind = False
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
            why = '' if marked else HELD_BY_OPTION \
                if self._settings().hold else self._why_now(fault, host)
            self._store.faults.add(
                fault, host, FaultState.HELD if why else FaultState.HANDLING,
                reason=why, former=former)
            self._store.evidence.add(fault.id, *fault.evidence)
            # Work on Nova is no mass failure, and does not begin one.
            if why != HELD_BY_OPTION:
                self._store.falls.add(fault.id, clock.boot_id(), at)
        return why

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
                and record.reason == HELD_BY_PATH:
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
                self._judge_again()
                self._let_through()
                self._is_blind &= self._is_unjudged
            except Exception:  # an operator's word counts all the same
                self._note_blind()
            released, self._released = self._released, []
        return released

    def _note_proofs(self) -> None:
        """Whoever proves a death may do so by a report of his own, which
        joins the fault.
        """
        for fallen in self._fallen():
            if fallen.state == FaultState.HELD \
                    and fallen.reason == HELD_BY_PATH \
                    and (proofs := _proofs(fallen.kinds)):
                self._let_go(fallen.fault_id, fallen.hostname,
                             f'dead: {", ".join(proofs)}')

    def _judge_again(self) -> None:
        """Those that could not be judged when they were lost."""
        if not self._is_unjudged or self._settings().hold:
            return
        fallen_hosts = self._fallen()
        self._is_unjudged = False
        for fallen in fallen_hosts:
            if fallen.state != FaultState.HELD \
                    or fallen.reason != HELD_UNJUDGED:
                continue
            why = self._why_held(fallen.hostname)
            if not why:
                self._release([fallen.fault_id], 'they are not too many')
            elif why != HELD_UNJUDGED:
                self._store.faults.describe(fallen.fault_id, reason=why)

    def _let_through(self) -> None:
        """Those of a mass failure that have waited long enough."""
        held = self._waiting()
        for host in self._budget.spend([_down(one) for one in held.values()]):
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
            left_s = self._budget.left_s([_down(one)
                                          for one in held.values()])
        now = clock.now()
        return {held[host].fault_id: now + seconds
                for host, seconds in left_s.items()}

    def _waiting(self) -> dict[str, Fallen]:
        """Those held that may go through by themselves, by host: of what
        could not be judged nobody knows how many they are.
        """
        if not self._limits().budget or self._settings().hold:
            return {}
        return {fallen.hostname: fallen for fallen in self._fallen()
                if fallen.state == FaultState.HELD
                and fallen.reason != HELD_UNJUDGED}

    def remind(self) -> None:
        """Let the log say what an earlier process left to be decided."""
        held = self._held(by_option=False)
        if held:
            LOG.error('Since a mass failure %s not marked down: %s. %s',
                      counted(len(held), 'compute host'),
                      few([record.hostname for record in held], _NAMED),
                      self._what_to_do())
        self._option.remind()

    def _release(self, fault_ids: Collection[str], why: str) -> list[str]:
        with self._lock:
            released = self._store.faults.release(fault_ids, why)
            self._released += released
        if released:
            LOG.warning('%s, held so far, to be acted on now: %s',
                        counted(len(released), 'fault'), why)
        return released

    def _why_now(self, fault: Fault, host: str) -> str:
        """Why a host that is just lost is held, for one reason or more; of
        these, one that is known goes first.
        """
        why = self._why_held(host)
        return _why_doubted(fault) or why if why in ('', HELD_UNJUDGED) \
            else why

    def _why_held(self, host: str) -> str:
        """Why a host is one of too many; when that cannot be said, it is
        held all the same: to correct can hurt, and to wait does less.
        """
        limits = self._limits()
        if not limits.share:
            return ''
        try:
            mass = mass_failure.judge(
                limits, [_down(one) for one in self._fallen()], host,
                self._groups())
        except Exception:  # whatever it is, the owners are to be told
            self._note_blind()
            return HELD_UNJUDGED
        self._is_blind = False
        return self._described(mass, host) if mass else ''

    def _note_blind(self) -> None:
        if not self._is_blind:
            LOG.exception(
                'Whether too many hosts are down cannot be said. Until it '
                'can, owners are told of each, and none is marked down in '
                'Nova and Neutron')
        self._is_blind = self._is_unjudged = True

    def _described(self, mass: mass_failure.MassFailure, host: str) -> str:
        """The reason of a fault in a mass failure, which the log has once.
        """
        marked = f' {few(mass.marked, _NAMED)} had been marked down before ' \
            'that was known, and stay so.' if mass.marked else ''
        where = f' of {mass.group}' if mass.group else ''
        if mass.begins:
            LOG.error('Mass failure: %d of %d compute hosts%s are down. The '
                      'owners of their servers are told.%s From %s on no '
                      'host is marked down in Nova and Neutron. %s',
                      mass.down, mass.of, where, marked, host,
                      self._what_to_do())
        return (f'held: {mass.down} of {counted(mass.of, "host")}{where} are '
                f'down, a mass failure.{marked}')

    def _what_to_do(self) -> str:
        budget = self._limits().budget
        return ('Look whether they are dead, or the network is: "doctor '
                'faults list --state held". If they are dead: "doctor '
                'faults confirm --all". A host that answers again is cleared '
                'by itself.'
                + (f' Without a word from you {budget} of them '
                   f'{"is" if budget == 1 else "are"} marked down each '
                   f'minute.' if budget else ''))

    def _limits(self) -> mass_failure.Limits:
        return self._settings().mass_failure

    def _held(self, *, by_option: bool) -> list[FaultRecord]:
        return [record for record in
                self._store.faults.in_states(FaultState.HELD)
                if (record.reason == HELD_BY_OPTION) is by_option]

    def _fallen(self) -> list[Fallen]:
        """The hosts that are down, but for those that the option holds."""
        return [one for one in self._store.falls.down(clock.boot_id())
                if one.state != FaultState.HELD
                or one.reason != HELD_BY_OPTION]


def _why_doubted(fault: Fault) -> str:
    """Why nothing is corrected before another witness proves the death."""
    if not fault.is_path_suspected \
            or _proofs(one.kind for one in fault.evidence):
        return ''
    LOG.error('Host %s fell silent together with others: the owners of its '
              'servers are told, and nothing is corrected before a second '
              'witness, or you, say that it is dead, since a path to these '
              'hosts may be what is broken', fault.hostname)
    return HELD_BY_PATH


def _proofs(kinds: Iterable[EvidenceKind]) -> list[EvidenceKind]:
    """Those of these kinds that prove a death."""
    return sorted(kind for kind in kinds if kind.weight is Weight.PROVES)


def _down(fallen: Fallen) -> Down:
    return Down(
        # Before this machine was booted, when it is not known when.
        fallen.hostname, fallen.at or 0.0,
        is_held=fallen.state == FaultState.HELD,
        is_mass=fallen.state == FaultState.HELD
        and fallen.reason not in _NO_MASS,
        is_confirmed=EvidenceKind.OPERATOR in fallen.kinds,
        is_proved=any(kind.weight >= Weight.SECOND for kind in fallen.kinds))

"""Corrections that wait, in a mass failure or since an operator wants it, for
somebody to decide.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Sequence

from doctor_core import clock
from doctor_core.faults import mass_failure
from doctor_core.faults.mass_failure import Down, Group
from doctor_core.faults.settings import Settings
from doctor_core.model import Fault
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight
from doctor_core.model.states import STANDING, FaultState
from doctor_core.store import Fallen, FaultRecord, Store
from doctor_core.wording import counted, few

LOG = logging.getLogger(__name__)

_NAMED = 3
#: How often the log says that the option is set: somebody may have forgotten.
_REMIND_S = 3600.0
#: The reason of faults that an operator's option holds.
HELD_BY_OPTION = 'held: [inspector] hold is set'
#: The reason of faults of hosts that fell silent together.
HELD_BY_PATH = ('held: other hosts fell silent with it, so a path to them is '
                'suspected first')


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
        #: When hosts went through by themselves; what a process before this
        #: one let through is not known.
        self._gone_through = [monotonic()] * settings().mass_failure.budget
        #: What the option was when it was last looked at.
        self._was_set = settings().hold
        #: When the log said that it is set.
        self._reminded_at = float('-inf')

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
                if self._settings().hold \
                else self._why_held(host) or _why_doubted(fault)
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
        if record.state is not FaultState.HELD \
                or record.reason != HELD_BY_PATH:
            return
        too_many = self._why_held(record.hostname)
        if too_many:
            self._store.faults.describe(record.id, reason=too_many)
        else:
            self._release([record.id], f'dead: {why}')

    def released(self) -> list[str]:
        """The faults that were let go of since this was last asked.

        Those that need not wait any longer are let go of now.
        """
        with self._lock:
            self._note_option()
            self._let_through()
            released, self._released = self._released, []
        return released

    def _let_through(self) -> None:
        """Those of a mass failure that have waited long enough."""
        limits, now = self._limits(), self._monotonic()
        self._gone_through = [
            at for at in self._gone_through
            if at + mass_failure.MINUTE_S > now]
        if not limits.budget or self._settings().hold:
            return
        held = {fallen.hostname: fallen for fallen in self._fallen()
                if fallen.state == FaultState.HELD}
        while held:
            turn = mass_failure.next_turn(
                limits, [_down(one) for one in held.values()],
                self._gone_through, now)
            if turn is None or turn.at > now:
                return
            self._gone_through.append(now)
            self._release(
                [held.pop(turn.host).fault_id],
                f'held for {mass_failure.MINUTE_S:g} s, and '
                f'mass_failure_budget = {limits.budget} a minute')

    def remind(self) -> None:
        """Let the log say what an earlier process left to be decided."""
        held = self._held(by_option=False)
        if held:
            LOG.error('Since a mass failure %s not marked down: %s. %s',
                      counted(len(held), 'compute host'),
                      _hosts(held),
                      self._what_to_do())
        self._remind_of_option()

    def _note_option(self) -> None:
        """Say that an operator has set the option, once more each hour that
        it is, and that it was set back.
        """
        is_set = self._settings().hold
        if is_set != self._was_set:
            self._was_set = is_set
            self._remind_of_option()
            if not is_set:
                LOG.warning('[inspector] hold is not set any more: new '
                            'faults are acted on')
        elif is_set and self._monotonic() - self._reminded_at >= _REMIND_S:
            self._remind_of_option()

    def _remind_of_option(self) -> None:
        held = self._held(by_option=True)
        if self._settings().hold:
            self._reminded_at = self._monotonic()
            LOG.warning('[inspector] hold is set: the owners are told of new '
                        'faults, and nothing is corrected before "doctor '
                        'faults confirm". Held so: %s',
                        counted(len(held), 'fault'))
        elif held:
            LOG.warning('Still held, since [inspector] hold was set: %s: '
                        '%s. If the hosts are dead: "doctor faults confirm"',
                        counted(len(held), 'fault'), _hosts(held))

    def _release(self, fault_ids: Collection[str], why: str) -> list[str]:
        with self._lock:
            released = self._store.faults.release(fault_ids, why)
            self._released += released
        if released:
            LOG.warning('%s, held so far, to be acted on now: %s',
                        counted(len(released), 'fault'), why)
        return released

    def _why_held(self, host: str) -> str:
        limits = self._limits()
        if not limits.share:
            return ''
        mass = mass_failure.judge(
            limits, [_down(one) for one in self._fallen()], host,
            self._groups())
        if mass is None:
            return ''
        marked = f' {few(mass.marked, _NAMED)} had been marked down before ' \
            'that was known, and stay so.' if mass.marked else ''
        where = f' of {mass.group}' if mass.group else ''
        if mass.begins:
            LOG.error('Mass failure: %d of %d compute hosts%s are down. The '
                      'owners of their servers are told.%s From %s on no '
                      'host is marked down in Nova and Neutron. %s',
                      mass.down, mass.of, where, marked, host,
                      self._what_to_do())
        return (f'held in a mass failure, as one of {mass.down} of {mass.of} '
                f'compute hosts{where}.{marked}')

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
    if not fault.is_path_suspected or any(
            one.kind.weight is Weight.PROVES for one in fault.evidence):
        return ''
    LOG.error('Host %s fell silent together with others: the owners of its '
              'servers are told, and nothing is corrected before a second '
              'witness, or you, say that it is dead, since a path to these '
              'hosts may be what is broken', fault.hostname)
    return HELD_BY_PATH


def _down(fallen: Fallen) -> Down:
    return Down(
        # Before this machine was booted, when it is not known when.
        fallen.hostname, fallen.at or 0.0,
        is_held=fallen.state == FaultState.HELD,
        is_confirmed=EvidenceKind.OPERATOR in fallen.kinds,
        is_proved=any(kind.weight >= Weight.SECOND for kind in fallen.kinds))


def _hosts(held: Sequence[FaultRecord]) -> str:
    return few([record.hostname for record in held], _NAMED)

"""Corrections that wait, in a mass failure or since an operator wants it, for
somebody to decide.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Sequence

from doctor_core import clock
from doctor_core.faults import mass_failure
from doctor_core.faults.settings import Settings
from doctor_core.model import Fault
from doctor_core.model.states import STANDING, FaultState
from doctor_core.store import FaultRecord, Store
from doctor_core.wording import counted, few

LOG = logging.getLogger(__name__)

_NAMED = 3
#: How often the log says that the option is set: somebody may have forgotten.
_REMIND_S = 3600.0
#: The reason of faults that an operator's option holds.
HELD_BY_OPTION = 'held: [inspector] hold is set'


class Holding:
    """Decides whether a new fault is held, and lets go of those that are.

    Each method may be called from any thread; none blocks for long.

    :param settings: what a mass failure is.
    :param store: where the faults are.
    :param hosts: all compute hosts.
    :param monotonic: the time, in seconds, since this machine was booted: a
        wall clock that steps would make one loss one of too many, or too
        many losses single ones.
    """

    def __init__(self, settings: Callable[[], Settings], store: Store,
                 hosts: Callable[[], Sequence[str]],
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._settings = settings
        self._store = store
        self._hosts = hosts
        self._monotonic = monotonic
        # Several hosts fail at a time, and each has to count the others.
        self._lock = threading.RLock()
        self._decided_at = float('-inf')
        self._released: list[str] = []
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
                if self._settings().hold else self._why_held(host, at)
            self._store.faults.add(
                fault, host, FaultState.HELD if why else FaultState.HANDLING,
                reason=why, former=former)
            # Work on Nova is no mass failure, and does not begin one.
            if why != HELD_BY_OPTION:
                self._store.falls.add(fault.id, clock.boot_id(), at)
        return why

    def confirm(self, fault_ids: Collection[str], who: str) -> list[str]:
        """An operator says that these hosts are dead.

        :param who: the operator.
        :returns: the faults that were held, and are not any more.
        """
        return self._release(fault_ids, f'confirmed by {who}')

    def released(self) -> list[str]:
        """The faults that were let go of since this was last asked.

        Those that need not wait any longer are let go of now.
        """
        with self._lock:
            self._note_option()
            self._cool_down()
            released, self._released = self._released, []
        return released

    def _cool_down(self) -> None:
        limits = self._limits()
        if not limits.cool_down_s or self._settings().hold:
            return
        now = self._monotonic()
        over_at = mass_failure.over_at(
            limits, self._falls(now - limits.cool_down_s))
        if over_at is not None and over_at <= now:
            self._release(
                [record.id for record in self._held(by_option=False)],
                f'no host has gone down for {limits.cool_down_s:g} s')

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
                self._decided_at = self._monotonic()
        if released:
            LOG.warning('%s, held so far, to be acted on now: %s',
                        counted(len(released), 'fault'), why)
        return released

    def _why_held(self, host: str, at: float) -> str:
        limits = self._limits()
        if not limits.share:
            return ''
        mass = mass_failure.judge(
            limits, self._falls(at - limits.window_s),
            mass_failure.Fall(host, at), of=len(self._hosts()),
            decided_at=self._decided_at)
        if mass is None:
            return ''
        marked = f' {few(mass.marked, _NAMED)} had been marked down before ' \
            'that was known, and stay so.' if mass.marked else ''
        if mass.begins:
            LOG.error('Mass failure: %d of %d compute hosts went down within '
                      '%g s. The owners of their servers are told.%s From '
                      '%s on no host is marked down in Nova and Neutron. %s',
                      mass.down, mass.of, limits.window_s, marked, host,
                      self._what_to_do())
        return (f'held in a mass failure, as one of {mass.down} of {mass.of} '
                f'compute hosts.{marked}')

    def _what_to_do(self) -> str:
        cool_down_s = self._settings().mass_failure.cool_down_s
        return ('Look whether they are dead, or the network is: "doctor '
                'faults list --state held". If they are dead: "doctor '
                'faults confirm --all". A host that answers again is cleared '
                'by itself.'
                + (f' Without a word from you they are marked down when no '
                   f'host has gone down for {cool_down_s:g} s.'
                   if cool_down_s else ''))

    def _limits(self) -> mass_failure.Limits:
        return self._settings().mass_failure

    def _held(self, *, by_option: bool) -> list[FaultRecord]:
        return [record for record in
                self._store.faults.in_states(FaultState.HELD)
                if (record.reason == HELD_BY_OPTION) is by_option]

    def _falls(self, since: float) -> list[mass_failure.Fall]:
        # Before this machine was booted, when that is not known.
        return [mass_failure.Fall(
            fallen.hostname, fallen.at or 0.0, fallen.is_down,
            is_held=fallen.state == FaultState.HELD)
            for fallen in self._store.falls.since(clock.boot_id(), since)
            if fallen.state != FaultState.HELD
            or fallen.reason != HELD_BY_OPTION]


def _hosts(held: Sequence[FaultRecord]) -> str:
    return few([record.hostname for record in held], _NAMED)

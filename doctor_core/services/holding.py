"""Corrections that wait, in a mass failure, for somebody to decide."""

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from typing import Any

from doctor_core import clock, store
from doctor_core.inspectors import mass_failure
from doctor_core.model import Correction, Fault

LOG = logging.getLogger(__name__)

_NAMED = 3


class Holding:
    """Decides whether a new fault is held, and lets go of those that are.

    Each method may be called from any thread; none blocks for long.

    :param settings: the section ``[inspector]``.
    :param kept: where the faults are.
    :param hosts: all compute hosts.
    """

    def __init__(self, settings: Any, kept: store.Store,
                 hosts: Callable[[], Sequence[str]]) -> None:
        self._settings = settings
        self._store = kept
        self._hosts = hosts
        # Several hosts fail at a time, and each has to count the others.
        self._lock = threading.RLock()
        self._decided_at = float('-inf')
        self._released: list[str] = []

    def open(self, fault: Fault, host: str,
             corrections: Sequence[Correction]) -> str:
        """Remember a fault, and what it calls for; held if need be.

        :returns: why it is held; empty when it is not.
        """
        with self._lock:
            why = self._why_held(host, fault.received_at)
            self._store.open(fault, host, corrections, why_held=why)
        return why

    def reopen(self, record: store.FaultRecord, at: float) -> None:
        """The host failed again while its fault was being cleared.

        It is not held while something of it is marked down still: that
        would be neither the one state nor the other.

        :param at: when it failed.
        """
        with self._lock:
            why = '' if self._store.to_reverse(record.id) \
                else self._why_held(record.hostname, at)
            self._store.reopen(record.id, why_held=why)

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
            self._cool_down()
            released, self._released = self._released, []
        return released

    def _cool_down(self) -> None:
        limits = self._limits()
        if not limits.cool_down_s:
            return
        now = clock.now()
        over_at = mass_failure.over_at(
            limits, self._falls(now - limits.cool_down_s))
        if over_at is not None and over_at <= now:
            self._release(
                [record.id for record in self._store.held()],
                f'no host has gone down for {limits.cool_down_s:g} s')

    def remind(self) -> None:
        """Let the log say what an earlier process left to be decided."""
        held = self._store.held()
        if held:
            LOG.error('Since a mass failure %d compute hosts are not marked '
                      'down: %s. %s', len(held),
                      _named([record.hostname for record in held]),
                      self._what_to_do())

    def _release(self, fault_ids: Collection[str], why: str) -> list[str]:
        with self._lock:
            released = self._store.release(fault_ids, why)
            self._released += released
            if released:
                self._decided_at = clock.now()
        if released:
            LOG.warning('Mass failure: %d faults that were held are acted on '
                        'now: %s', len(released), why)
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
        marked = f' {_named(mass.marked)} had been marked down before that ' \
            'was known, and stay so.' if mass.marked else ''
        if mass.begins:
            LOG.error('Mass failure: %d of %d compute hosts went down within '
                      '%g s. The owners of their servers are told.%s From '
                      '%s on no host is marked down in Nova and Neutron. %s',
                      mass.down, mass.of, limits.window_s, marked, host,
                      self._what_to_do())
        return (f'held in a mass failure, as one of {mass.down} of {mass.of} '
                f'compute hosts.{marked}')

    def _what_to_do(self) -> str:
        cool_down_s = self._settings.mass_failure_cool_down_s
        return ('Look whether they are dead, or the network is: "doctor '
                'faults list --state held". If they are dead: "doctor '
                'faults confirm --all". A host that answers again is cleared '
                'by itself.'
                + (f' Without a word from you they are marked down when no '
                   f'host has gone down for {cool_down_s:g} s.'
                   if cool_down_s else ''))

    def _limits(self) -> mass_failure.Limits:
        settings = self._settings
        return mass_failure.Limits(
            settings.mass_failure_share, settings.mass_failure_hosts,
            settings.mass_failure_window_s,
            settings.mass_failure_cool_down_s)

    def _falls(self, since: float) -> list[mass_failure.Fall]:
        return [mass_failure.Fall(
            fallen.hostname, fallen.received_at, fallen.is_down,
            is_held=fallen.state == store.HELD)
            for fallen in self._store.fallen(since)]


def _named(hosts: Sequence[str]) -> str:
    """The first few hosts, and how many more there are."""
    more = len(hosts) - _NAMED
    return ', '.join(hosts[:_NAMED]) + (f' and {more} more' if more > 0
                                        else '')

"""Which host a report is of; who cannot be placed waits for a look at Nova."""

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from doctor_core import clock, wire
from doctor_core.exceptions import BackendError
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.unplaced import Unplaced
from doctor_core.model import Fault
from doctor_core.store import Store
from doctor_core.wording import few

LOG = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
#: How long a report that fits no host waits for the hypervisor of a host
#: that has none. Some never have one.
_PATIENCE_S = 600.0

T = TypeVar('T')


class Placing:
    """Finds the hosts of reports; each method from any thread."""

    def __init__(self, store: Store, affected: AffectedMap) -> None:
        self._store = store
        self._affected = affected
        self._unplaced = Unplaced(store)
        self._lock = threading.Lock()
        self._looked_at = float('-inf')
        self._is_held = False
        #: Reports for which a look found no host, and when it first did.
        self._sought: dict[str, float] = {}
        #: By monitor, what it hears that means no host.
        self._strangers: dict[str, frozenset[str]] = {}

    def hold(self) -> None:
        """Place nothing from now on: Nova was not looked at yet. What is on
        a host is not known then, nor whether it means another one, even if a
        fault of it is open.
        """
        self._is_held = True

    def go_on(self) -> None:
        """Nova was looked at."""
        self._is_held = False

    def meant(self, hostname: str) -> str | None:
        """The host that a name means: one of Nova's, or one that Nova does
        not have any more and whose fault is open still. Never blocks on more
        than the store.

        Nova shows a lost host whose servers have left like one that goes by
        another name now: it is meant by its own name all the same as long as
        its fault is open, unless the other one is the same machine. Nor does
        a host lose its other names while its fault is open.
        """
        if self._is_held:
            return None
        host = self._affected.resolve(hostname)
        for name in _spellings(hostname) if host != hostname else ():
            if name != host and self._store.faults.open_of(name) is not None \
                    and self._is_meant_by_itself(name, host):
                return name
        return host or self._lost_alias(hostname)

    def _lost_alias(self, hostname: str) -> str | None:
        called = self._affected.hypervisors.called(hostname)
        return next((host for host in called if len(called) == 1
                     and self._store.faults.open_of(host) is not None), None)

    def look_up(self, hostname: str) -> str | None:
        """The same, after a look at Nova if need be; blocks on it.

        :raises BackendError: Nova cannot be asked, and may have the host.
        """
        host = self.meant(hostname)
        if host is not None:
            return host
        if self._is_held:
            raise BackendError('Nova has not answered since the start',
                               recoverable=True)
        cause: BackendError | None = None
        try:
            self._affected.refresh()
        except BackendError as error:
            cause = error
        host = self.meant(hostname)
        if host is None and (
                cause or not self._affected.hypervisors.is_known):
            why = cause or 'it does not tell of its hypervisors'
            raise BackendError(
                f'Whether Nova has a host {wire.escaped(hostname)} cannot be '
                f'asked now: {why}', recoverable=True)
        return host

    def among(self, hosts: Collection[str], names: Collection[str]
              ) -> frozenset[str]:
        """Those of some hosts that are meant by any of these names; never
        blocks on more than the store.
        """
        found = {host for host in hosts if host in names}
        if len(found) < len(hosts):
            # Most names are Nova's own, and are not looked for one by one.
            fits = self._affected.hypervisors.fits
            others = frozenset(names).difference(self._affected.hosts())
            found |= {host for host in hosts if host not in found and any(
                fits(name, host) and self.meant(name) == host
                for name in others)}
        return frozenset(found)

    def note_strangers(self, source: str, names: Collection[str]) -> None:
        """Say once which of the names that a monitor hears mean no host of
        Nova, as far as is known. Never blocks on more than the store.

        :param source: the kind of monitor.
        """
        if self._is_held:
            return
        strangers = frozenset(
            name for name in frozenset(names).difference(
                self._affected.hosts()) if self.meant(name) is None)
        new = strangers - self._strangers.get(source, frozenset())
        self._strangers[source] = strangers
        if new:
            LOG.warning('The monitor %s watches hosts of whose names Nova '
                        'knows none or more than one: %s. If they are lost, '
                        'nobody will be told', source, few(sorted(
                            wire.escaped(name) for name in new)))

    def _is_meant_by_itself(self, lost: str, other: str | None) -> bool:
        return other is None or lost in self._affected.hosts() \
            and not self._affected.hypervisors.are_one(lost, other)

    def has_waiting(self) -> bool:
        """Whether reports wait for :meth:`place`; never blocks."""
        return bool(self._unplaced.waiting())

    def waits(self, host: str) -> bool:
        """Whether an earlier report of a host waits still; never blocks on
        more than the store.
        """
        fits = self._affected.hypervisors.fits
        # Most are of other hosts, and are not looked for one by one.
        return any(fits(report.hostname, host)
                   and self.meant(report.hostname) == host
                   for report in self._unplaced.waiting())

    def keep(self, report: Fault) -> str:
        """Have a report wait; as :meth:`.Unplaced.keep`."""
        return self._unplaced.keep(report)

    def place(self, decide: Callable[[Fault, str], T],
              ignore: Callable[[Fault, str], T]) -> list[tuple[str, T]]:
        """Decide reports that wait, in the order of arrival, after a look at
        Nova if need be; blocks on it.

        One thread looks, for all; at most once a second, or rubbish from a
        monitor would keep Nova busy. What cannot be decided by now waits for
        the next call.

        :param decide: a report, and the host that it is of.
        :param ignore: a report of no host, and why it is of none.
        :returns: of each report that was decided, its id and what came of
            it.
        """
        if self._is_held or not self._lock.acquire(blocking=False):
            return []
        try:
            placed = self._place(self._sought.keys(), decide, ignore)
            # Others wait for the next look at everything.
            waiting = [one for one in self._unplaced.waiting()
                       if one.id not in self._sought]
            if waiting and clock.monotonic() - self._looked_at \
                    >= _LOOK_EVERY_S:
                self._looked_at = clock.monotonic()
                placed += self._place(self._look_for(waiting), decide, ignore)
            return placed
        finally:
            self._lock.release()

    def _look_for(self, waiting: Sequence[Fault]) -> Collection[str]:
        """The reports whose hosts are known by now, or are none."""
        try:
            self._affected.refresh()
        except BackendError as error:
            LOG.warning('Reports of %s wait until Nova can be asked: %s',
                        few([one.hostname for one in waiting], 3), error)
            return ()
        if not self._affected.hypervisors.is_known:
            return ()
        return {one.id for one in waiting}

    def _place(self, looked_for: Collection[str],
               decide: Callable[[Fault, str], T],
               ignore: Callable[[Fault, str], T]) -> list[tuple[str, T]]:
        placed: list[tuple[str, T]] = []
        nameless = self._affected.nameless()
        for report in self._unplaced.waiting():
            host = self.meant(report.hostname)
            if host is not None:
                placed.append((report.id, decide(report, host)))
            elif report.id in looked_for \
                    and not self._is_waited_for(report, nameless):
                placed.append((report.id, ignore(
                    report, f'{report.hostname} means no compute host of '
                    'Nova, or more than one')))
            else:
                continue
            self._unplaced.remove(report)
            self._sought.pop(report.id, None)
        return placed

    def _is_waited_for(self, report: Fault, nameless: Mapping[str, bool]
                       ) -> bool:
        """Whether a report that fits no host may be of one of which Nova
        will tell more.

        :param nameless: the hosts of which it has not; see
            :meth:`.Known.nameless`.
        """
        now = clock.monotonic()
        if report.id not in self._sought and nameless:
            LOG.info('Report %s of %s fits no host, and waits for the '
                     'hypervisor of %s', report.id,
                     wire.escaped(report.hostname), few(sorted(nameless), 3))
        since = self._sought.setdefault(report.id, now)
        return any(nameless.values()) or bool(
            nameless and now - since < _PATIENCE_S)


def _spellings(hostname: str) -> Collection[str]:
    """A host's own name as it may be written, the likeliest first."""
    stripped = hostname.strip().rstrip('.')
    return dict.fromkeys((hostname, stripped, stripped.casefold()))

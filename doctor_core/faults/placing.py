"""Which host a report is of; who cannot be placed waits for a look at Nova."""

import dataclasses
import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Generic, TypeVar

from doctor_core import clock, wire
from doctor_core.exceptions import BackendError
from doctor_core.faults import reports
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.unplaced import Unplaced, Waiting
from doctor_core.model import Fault, FaultStatus
from doctor_core.model.evidence import Evidence, Finding, Weight
from doctor_core.store import Store
from doctor_core.wording import few

LOG = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
#: How long a report that fits no host waits for the hypervisor of a host
#: that has none. Some never have one.
_PATIENCE_S = 600.0

T = TypeVar('T')


@dataclasses.dataclass(frozen=True)
class Decisions(Generic[T]):
    """What becomes of what has waited.

    :ivar decide: of a report, with the host that it is of.
    :ivar ignore: of a report of no host, with why it is of none.
    :ivar outlived: of the report of a loss, with its host, and a sign of
        life that came since.
    :ivar witness: of what was found of a host.
    """

    decide: Callable[[Fault, str], T]
    ignore: Callable[[Fault, str], T]
    outlived: Callable[[Fault, str, Evidence], T]
    witness: Callable[[str, Sequence[Evidence]], None]


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
        return any(fits(one.hostname, host)
                   and self.meant(one.hostname) == host
                   for one in self._unplaced.waiting())

    def keep(self, report: Fault) -> str:
        """Have a report wait; as :meth:`.Unplaced.keep`."""
        return self._unplaced.keep(report)

    def keep_found(self, hostname: str, host: str | None,
                   found: Sequence[Evidence]) -> bool:
        """Have what a witness says of a host wait if reports of it do, or
        may: it says so once.

        :param host: which one is meant; None when that is not known.
        :returns: whether it waits.
        """
        waits = self._is_held or (
            self.waits(host) if host is not None else any(
                one.hostname == hostname for one in self._unplaced.waiting()))
        if waits and not all([self._unplaced.keep_found(
                Finding(hostname, one)) for one in found]):
            LOG.warning('Evidence on host %s is left: too many reports wait '
                        'for a look at Nova', wire.escaped(hostname))
        return waits

    def place(self, then: Decisions[T]) -> list[tuple[str, T]]:
        """Decide reports that wait, in the order of arrival, after a look at
        Nova if need be; blocks on it.

        One thread looks, for all; at most once a second, or rubbish from a
        monitor would keep Nova busy. What cannot be decided by now waits for
        the next call.

        :returns: of each report that was decided, its id and what came of
            it.
        """
        if self._is_held or not self._lock.acquire(blocking=False):
            return []
        try:
            placed = self._place(self._sought.keys(), then)
            # Others wait for the next look at everything.
            waiting = [one for one in self._unplaced.waiting()
                       if isinstance(one, Fault)
                       and one.id not in self._sought]
            if waiting and clock.monotonic() - self._looked_at \
                    >= _LOOK_EVERY_S:
                self._looked_at = clock.monotonic()
                placed += self._place(self._look_for(waiting), then)
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

    def _place(self, looked_for: Collection[str], then: Decisions[T]
               ) -> list[tuple[str, T]]:
        placed: list[tuple[str, T]] = []
        nameless = self._affected.nameless()
        line = self._unplaced.waiting()
        signs = self._signs_of_life(line)
        left: set[str] = set()
        for index, one in enumerate(line):
            host = self.meant(one.hostname)
            if isinstance(one, Finding):
                if one.hostname in left:
                    continue
                if host is not None:
                    then.witness(host, [one.evidence])
            elif host is not None:
                sign = _outliving(one, signs.get(host, {}), index)
                placed.append((one.id, then.decide(one, host) if sign is None
                               else then.outlived(one, host, sign)))
            elif one.id in looked_for \
                    and not self._is_waited_for(one, nameless):
                placed.append((one.id, then.ignore(
                    one, f'{one.hostname} means no compute host of Nova, or '
                    'more than one')))
            else:
                left.add(one.hostname)
                continue
            self._unplaced.remove(one)
            if isinstance(one, Fault):
                self._sought.pop(one.id, None)
        return placed

    def _signs_of_life(self, line: Sequence[Waiting]
                       ) -> dict[str, dict[int, Evidence]]:
        """By host, and by their places in a line."""
        signs: dict[str, dict[int, Evidence]] = {}
        for index, one in enumerate(line):
            if isinstance(one, Finding) \
                    and one.evidence.kind.weight is Weight.LIVES \
                    and (host := self.meant(one.hostname)) is not None:
                signs.setdefault(host, {})[index] = one.evidence
        return signs

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


def _outliving(report: Fault, signs: Mapping[int, Evidence], place: int
               ) -> Evidence | None:
    """The first sign of life that came after a report of a loss, and is not
    older; None when there is none, or it is no loss.

    :param signs: those of its host, by their places in the line.
    :param place: that of the report.
    """
    said = reports.said_by(report)
    return next((
        sign for index, sign in signs.items()
        if report.status is FaultStatus.DOWN and index > place
        and not reports.is_before(sign.at, said)), None)


def _spellings(hostname: str) -> Collection[str]:
    """A host's own name as it may be written, the likeliest first."""
    stripped = hostname.strip().rstrip('.')
    return dict.fromkeys((hostname, stripped, stripped.casefold()))

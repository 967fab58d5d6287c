"""Which reports are faults, which are repetitions, and what follows."""

import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future

from doctor_core import clock, wire
from doctor_core.exceptions import InvalidTransition
from doctor_core.faults import departed, reports
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.answer import Answer
from doctor_core.faults.holders import Holders
from doctor_core.faults.holding import Holding
from doctor_core.faults.placing import Decisions, Placing
from doctor_core.faults.pursuit import Pursuit
from doctor_core.faults.raising import Raising
from doctor_core.faults.reports import Reading
from doctor_core.faults.witnesses import OPERATOR
from doctor_core.faults.witnessing import Witnessing
from doctor_core.model import Fault
from doctor_core.model.evidence import Evidence
from doctor_core.model.states import DOWN, FaultState
from doctor_core.store import FaultRecord, Store

LOG = logging.getLogger(__name__)

_WAITS = 'it waits until Nova was asked for its host'


@dataclasses.dataclass(frozen=True)
class Decided:
    """A report that calls for something, which is remembered by now."""

    report_id: str
    host: str


@dataclasses.dataclass(frozen=True)
class Kept:
    """A report that waits for a look at Nova."""

    report_id: str


class FaultHandler:
    """Takes each report once, and sees that what it calls for is done.

    Each method may be called from any thread.
    """

    def __init__(self, store: Store, affected: AffectedMap,
                 pursuit: Pursuit, holding: Holding, raising: Raising,
                 holders: Holders) -> None:
        self._store = store
        self._affected = affected
        self._pursuit = pursuit
        self._holding = holding
        self._raising = raising
        self._holders = holders
        self._lock = threading.Lock()
        self._deciding: dict[str, threading.RLock] = {}
        self._placing = Placing(store, affected)
        self._witnessing = Witnessing(store, holding, holders)
        self._decisions: Decisions[Answer | Decided] = Decisions(
            self._decided, self._ignore, self._outlived, self._witnessed)

    def decide(self, report: Fault) -> 'Answer | Decided | Kept':
        """Remember what a report means, and all that it calls for; then
        tell the owners who need not wait for Nova.

        Who calls this for one report after another, in the order of arrival,
        has them all judged in that order, however long each is pursued. A
        report that was handled before, by this process or by one that was
        killed, is recognised.

        :returns: what became of it; or the fault to be pursued; or that it
            waits for :meth:`place`.
        """
        if report.type not in wire.KNOWN_TYPES:
            return self._ignore(
                report,
                f'Doctor does not act on events of type {report.type}')
        host = self._placing.meant(report.hostname)
        if host is None or self._placing.waits(host):
            return self._keep(report)
        return self._decided(report, host)

    def _decided(self, report: Fault, host: str) -> 'Answer | Decided':
        with self._decision_of(host):
            answer = self._decide(report, host)
        if answer is not None:
            return answer
        # Not by who pursues it: all of them may wait for a Nova that hangs.
        self._pursuit.tell_first(host)
        return Decided(report.id, host)

    def hold(self) -> None:
        """Keep all reports from now on: Nova was not looked at yet."""
        self._placing.hold()

    def go_on(self) -> None:
        """Decide reports; those that were kept, with :meth:`place`."""
        self._placing.go_on()

    def has_waiting(self) -> bool:
        """Whether reports wait for :meth:`place`; never blocks."""
        return self._placing.has_waiting()

    def _keep(self, report: Fault) -> 'Answer | Kept':
        kept_id = self._placing.keep(report)
        if not kept_id:
            return self._ignore(report, 'too many reports wait for a look at '
                                'Nova')
        if kept_id != report.id:
            return Answer(kept_id, report.hostname, 'repeated', _WAITS)
        LOG.info('Event %s of host %s: %s', report.id, report.hostname,
                 _WAITS)
        return Kept(report.id)

    def place(self) -> 'list[tuple[str, Answer | Decided]]':
        """Decide reports of hosts that were not known, in the order of
        arrival; blocks on a look at Nova, at most once a second.

        :returns: of each report that was decided, its id and what follows,
            for :meth:`pursue`.
        """
        return self._placing.place(self._decisions)

    def pursue(self, decided: 'Answer | Decided') -> Answer:
        """Do what a decision calls for; blocks until it is done, or until
        what is left has to wait. What does not succeed stays owed.
        """
        return self.begin(decided).result()

    def begin(self, decided: 'Answer | Decided') -> 'Future[Answer]':
        """As :meth:`pursue`, but waits for nobody who is being told; see
        :meth:`.Pursuit.begin`.
        """
        record = None
        if not isinstance(decided, Answer):
            record = self._store.faults.open_of(decided.host)
        if record is not None:
            return self._pursuit.begin(record.id)
        answer: Future[Answer] = Future()
        # With none, another thread was faster, and has done it.
        answer.set_result(
            decided if isinstance(decided, Answer) else Answer(
                decided.report_id, decided.host, FaultState.CLEARED))
        return answer

    def look_up(self, hostname: str) -> str | None:
        """The host that a name means, as Nova has it; may block on Nova.

        :raises BackendError: it is not known, and Nova cannot be asked.
        """
        return self._placing.look_up(hostname)

    def clear(self, hostname: str, who: str,
              begin: Callable[[str, str], object] = lambda host, fault: None
              ) -> tuple[str, Answer | None]:
        """An operator says that a host is back; blocks on the cloud.

        :param who: the operator.
        :param begin: told the host and the fault, before anything is
            changed; what it raises ends this.
        :returns: the host as Nova has it, and what became of its fault;
            None when no fault of it is open. The name is empty when it
            means no host.
        :raises BackendError: it is not known, and Nova cannot be asked.
        """
        host = self.look_up(hostname)
        if host is None:
            return '', None
        with self._decision_of(host), self._store.together():
            record = self._store.faults.open_of(host)
            if record is None:
                return host, None
            begin(host, record.id)
            why = f'cleared by {who}'
            self._store.faults.describe(record.id, witness=OPERATOR,
                                        reason=why)
            if record.state in DOWN:
                self._holders.overrule(record, clock.now(), why)
        return host, self._pursuit.pursue(record.id)

    def heard(self, source: str, hostnames: Collection[str]) -> None:
        """A monitor hears these hosts, whoever else says that they are lost;
        never blocks for long.

        :param source: the kind of monitor.
        :param hostnames: as in reports.
        """
        self._placing.note_strangers(source, hostnames)
        lost = self._store.faults.in_states(*sorted(DOWN))
        heard = self._placing.among([one.hostname for one in lost], hostnames)
        for record in lost:
            if record.hostname not in heard:
                continue
            with self._decision_of(record.hostname):
                now = self._store.faults.open_of(record.hostname)
                if now is not None and now.state in DOWN:
                    self._holders.heard(source, now)

    def witnessed(self, hostname: str, found: Sequence[Evidence]) -> None:
        """A witness says something of a host that is said to be lost; as
        :meth:`.Witnessing.take`. Never blocks for long.

        :param hostname: as in reports.
        """
        host = self._placing.meant(hostname)
        is_kept = self._placing.keep_found(hostname, host, found)
        if found and host is not None and not is_kept:
            self._witnessed(host, found)

    def _witnessed(self, host: str, found: Sequence[Evidence]) -> None:
        with self._decision_of(host):
            self._witnessing.take(host, found)

    def look_at_open(self) -> None:
        """Begin to clear faults whose time has come without a report: hosts
        that came and went and are quiet, those whose source fell silent, and
        those that have left Nova. May block on Nova.
        """
        for record in self._store.faults.in_states(*sorted(DOWN)):
            # Asked before, for it may take as long as Nova does.
            reason = self._holders.why_over(record)
            if reason:
                self._end(record, reason, self._holders.overrule)
                continue
            # Nobody is overruled: the host may be registered anew, and lost.
            reason = departed.why_over(self._affected, record.hostname)
            if reason:
                self._end(record, reason, self._holders.begin_clearing)

    def _end(self, record: FaultRecord, reason: str,
             end: Callable[[FaultRecord, float, str], None]) -> None:
        """Begin to clear a fault, if nothing was heard of it meanwhile."""
        with self._decision_of(record.hostname):
            if self._store.faults.find(record.id) != record:
                return
            try:
                end(record, clock.now(), reason)
            except InvalidTransition:
                return
        LOG.warning('Fault %s of host %s ends: %s', record.id,
                    record.hostname, reason)

    # Deciding; nothing here blocks on more than the store.

    @contextlib.contextmanager
    def _decision_of(self, host: str) -> Iterator[None]:
        """The reports of one host one after another."""
        with self._lock:
            lock = self._deciding.setdefault(host, threading.RLock())
        with lock:
            yield

    def _decide(self, report: Fault, host: str) -> Answer | None:
        """Remember what a report means; None when something is to be done.
        """
        if self._store.faults.recall(report.id) is not None:
            return self._again(report, host,
                               self._store.faults.open_of(host))
        with self._holding.deciding(), self._store.together():
            # Whoever works off what is owed may end the fault any moment.
            record = self._store.faults.open_of(host)
            reading = self._read(report, host, record)
            answer = self._act(reading, report, host, record)
        if reading is Reading.RAISES:
            self._raising.announce(report, host)
        return answer

    def _read(self, report: Fault, host: str, record: FaultRecord | None
              ) -> Reading:
        """What a report is; and remember what its sender said last."""
        faults = self._store.faults
        orderer = reports.orderer(report)
        last = faults.said(host, report.source, orderer)
        reading = reports.read(
            report, last, is_down=record is not None and record.state in DOWN,
            holders=faults.holders(record.id) if record else ())
        # An alert that an operator has overruled is sent again and again,
        # and is old as long as this is remembered.
        faults.say(host, report.source, orderer,
                   last if last is not None and reading is Reading.OLD
                   else reports.said_by(report))
        return reading

    def _act(self, reading: Reading, report: Fault, host: str,
             record: FaultRecord | None) -> Answer | None:
        if reading is Reading.OLD:
            return self._ignore(report, 'its sender has said something '
                                'later of the host, or the occurrence is '
                                'over', host)
        if reading is Reading.RAISES:
            self._raising.remember(report, host, record)
            return None
        if record is None:
            return self._ignore(report, 'no fault of the host is open', host)
        self._store.faults.remember(report.id, record.id, reading)
        if reading in (Reading.JOINS, Reading.REPEATS):
            return self._holders.hold(reading, report, record)
        return self._holders.let_go(reading, report, record)

    def _again(self, report: Fault, host: str,
               record: FaultRecord | None) -> Answer | None:
        """A report that was dealt with before: what of it is unfinished is
        gone on with.
        """
        if record is not None and self._pursuit.is_left(record):
            return None
        LOG.info('Event %s of host %s was handled before', report.id, host)
        known = self._store.faults.recall(report.id) or report.id
        return Answer(known, host, 'repeated', 'it was handled before')

    def _outlived(self, report: Fault, host: str, sign: Evidence) -> Answer:
        """The report of a loss has waited until the host was seen alive:
        nobody is told, and who says so again says nothing new.
        """
        with self._decision_of(host), self._store.together():
            self._read(report, host, self._store.faults.open_of(host))
            self._holders.outdate(host, report.source)
            return self._ignore(report, 'the host lives: '
                                + reports.witnessed(sign), host)

    def _ignore(self, report: Fault, why: str, host: str = '') -> Answer:
        LOG.warning('Event %s (%s of host %s) is ignored: %s', report.id,
                    report.type, report.hostname, why)
        host = host or report.hostname
        with self._store.together():
            self._store.faults.add(report, host, FaultState.IGNORED,
                                   reason=why)
            self._store.faults.remember(report.id, '', 'ignored', why)
        return Answer(report.id, host, FaultState.IGNORED, why)

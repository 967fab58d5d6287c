"""Who holds a fault open, and what follows when one of them lets go."""

import functools
import logging
from collections.abc import Callable, Collection

from doctor_core import clock
from doctor_core.faults import reports
from doctor_core.faults.answer import Answer
from doctor_core.faults.flapping import Flapping
from doctor_core.faults.pursuit import Pursuit
from doctor_core.faults.reports import Reading
from doctor_core.faults.silence import Silence
from doctor_core.faults.witnesses import MONITOR, OPERATOR
from doctor_core.model import Fault
from doctor_core.model.states import FaultState
from doctor_core.store import FaultRecord, Store

LOG = logging.getLogger(__name__)

#: How often repetitions have what is left gone on with, in seconds: the
#: first one at once.
_AGAIN_S = 1.0


class Holders:
    """The sources that hold faults open; each method from any thread, for
    one host by one at a time.

    :param own_monitors: the sources that are Doctor's own monitors: what
        they hear is a witness.
    :param monotonic: the time, in seconds.
    """

    def __init__(self, store: Store, pursuit: Pursuit, flapping: Flapping,
                 silence: Silence, own_monitors: Collection[str],
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._store = store
        self._pursuit = pursuit
        self._flapping = flapping
        self._silence = silence
        self._own_monitors = frozenset(own_monitors)
        #: Faults, and monitors that hold them and have heard the host since.
        self._heard: set[tuple[str, str]] = set()
        self._monotonic = monotonic
        #: By host, the fault that was gone on with at a repetition, and when.
        self._gone_on: dict[str, tuple[str, float]] = {}

    def hold(self, reading: Reading, report: Fault,
             record: FaultRecord) -> Answer | None:
        """The host has an open fault; somebody says once more that it is
        lost.

        :returns: None when something is to be done.
        """
        self._store.faults.hold(record.id, report.source, report.id)
        self._store.faults.repeated(record.id)
        self._store.evidence.add(record.id, *report.evidence)
        self._heard.discard((record.id, report.source))
        if record.witness == MONITOR \
                and report.source in self._own_monitors:
            self._store.faults.describe(record.id, witness='')
        LOG.info('Event %s of source %r repeats fault %s of host %s',
                 report.id, report.source, record.id, record.hostname)
        if self._pursuit.is_left(record) and self._goes_on(record):
            return None
        joined = reading is Reading.JOINS
        return Answer(record.id, record.hostname,
                      'joined' if joined else 'repeated',
                      f'{"joins" if joined else "repeats"} fault '
                      f'{record.id}')

    def _goes_on(self, record: FaultRecord) -> bool:
        """Whether a repetition is a reason to go on with what is left of a
        fault: not each of many, for that asks Nova.
        """
        now = self._monotonic()
        fault_id, at = self._gone_on.get(record.hostname, ('', 0.0))
        if fault_id == record.id and now < at + _AGAIN_S:
            return False
        self._gone_on[record.hostname] = record.id, now
        return True

    def let_go(self, reading: Reading, report: Fault,
               record: FaultRecord) -> Answer | None:
        """Somebody says that a host is back that has an open fault.

        :returns: None when something is to be done.
        """
        is_witness = self.witness(report.source, record)
        if reading is Reading.EVIDENCE:
            self._store.faults.says_back(record.id, report.source, report.id)
            if record.state is FaultState.CLEARING:
                # Without a witness that is new there is nothing to be asked
                # before the next look, which asks anyway.
                return None if is_witness else Answer(
                    record.id, record.hostname, record.state, record.note,
                    waits=True)
            return self._noted(report, record, 'its source holds no fault of '
                               'the host')
        self._store.faults.let_go(record.id, report.source, report.id)
        if reading is Reading.RELEASES:
            others = ', '.join(map(reports.named, sorted(
                self._store.faults.holders(record.id))))
            return self._noted(report, record, f'still held by {others}')
        if self._flapping.back(record.hostname):
            return self._noted(report, record, self._flapping.describe())
        self.begin_clearing(record, report.received_at)
        LOG.warning('Host %s is reported up by %s; fault %s is clearing',
                    record.hostname, reports.named(report.source), record.id)
        return None

    def witness(self, source: str, record: FaultRecord) -> bool:
        """Somebody hears a host that is said to be lost: with one of
        Doctor's own monitors its mark need not wait for nova-compute.

        :returns: whether it is a witness, and the first one.
        """
        is_first = source in self._own_monitors \
            and record.witness not in (MONITOR, OPERATOR)
        if is_first:
            self._store.faults.describe(record.id, witness=MONITOR)
        return is_first

    def strangers(self, fault_id: str) -> list[str]:
        """Who holds a fault and is none of Doctor's own monitors."""
        return [source for source in self._store.faults.holders(fault_id)
                if source not in self._own_monitors]

    def heard(self, source: str, record: FaultRecord) -> None:
        """A monitor hears a host that is said to be lost: one of Doctor's
        own is a witness.

        One that holds the fault has forgotten that, or its news of the
        return was lost, if it says so twice and not in between that the host
        is lost: once may be from before.
        """
        if record.witness or source not in self._own_monitors:
            return
        said = record.id, source
        if source in self._store.faults.holders(record.id) \
                and said not in self._heard:
            self._heard.add(said)
            return
        self._store.faults.describe(record.id, witness=MONITOR)

    def begin_clearing(self, record: FaultRecord, at: float,
                       reason: str = '') -> None:
        """What was done because of a fault is owed back from now on.

        :param at: when the host came back, in seconds since the epoch.
        :param reason: why that is known, if nobody reported it.
        :raises InvalidTransition: the fault is not open any more.
        """
        # Who has confirmed it is asked for later; why it waits is over.
        if record.state is not FaultState.HELD:
            reason = '; '.join(filter(None, (record.reason, reason)))
        with self._store.together():
            self._store.faults.move(record.id, FaultState.CLEARING,
                                    cleared_at=at, note='', reason=reason)
            self._store.corrections.owe_undo(record.id)
        self._heard.difference_update(
            (record.id, source) for source in self._own_monitors)

    def overrule(self, record: FaultRecord, at: float, reason: str) -> None:
        """End a fault although who holds it has not: what was said of this
        occurrence is old from now on, however often it is said again; as
        :meth:`begin_clearing`.
        """
        faults = self._store.faults
        with self._store.together():
            self.begin_clearing(record, at, reason)
            for source in faults.holders(record.id):
                self.outdate(record.hostname, source)

    def outdate(self, host: str, source: str) -> None:
        """What a source says of an occurrence is old from now on."""
        faults = self._store.faults
        over = reports.overruled(functools.partial(faults.said, host, source))
        if over is not None:
            faults.say(host, source, *over)

    def why_over(self, record: FaultRecord) -> str:
        """Why an open fault is over without a report; empty when it is not.
        May block on Nova.
        """
        if not self._store.faults.holders(record.id):
            return 'the host is quiet' \
                if self._flapping.is_quiet(record.hostname) else ''
        if record.witness == MONITOR:
            return self._silence.why_over(record)
        return ''

    def _noted(self, report: Fault, record: FaultRecord,
               why: str) -> Answer:
        LOG.warning('Event %s: host %s is said to be up, and fault %s stays '
                    'open: %s', report.id, record.hostname, record.id, why)
        return Answer(record.id, record.hostname, 'noted', why)

"""Which events are faults, which are repetitions, and which are not."""

import concurrent.futures
import logging
import threading
from collections.abc import Collection

from doctor_core import clock, events, store
from doctor_core.exceptions import BackendError
from doctor_core.inspectors import affected as affected_map
from doctor_core.model import (
    Checkpoint,
    Correction,
    Fault,
    FaultStatus,
    Stage,
)
from doctor_core.services import moved
from doctor_core.services.confirmation import Confirmation
from doctor_core.services.holding import Holding
from doctor_core.services.response import Means, Report, Response

LOG = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_RESUMED_AT_ONCE = 16


class FaultHandler:
    """Takes each event once; those of one host one after another.

    Each method may be called from any thread.

    :param means: what the responses work with.
    """

    def __init__(self, means: Means) -> None:
        self._means = means
        self._store = means.kept
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        #: Who decides what waits in a mass failure.
        self.holding = Holding(means.settings, means.kept,
                               means.affected.hosts)
        #: Who looks whether the owners were reached.
        self.confirmation = Confirmation(means.alarms, means.kept)
        self._looked_at = -_LOOK_EVERY_S
        #: Faults whose owners are being told right now.
        self._settling: set[str] = set()

    def handle(self, fault: Fault) -> Report:
        """Do everything that an event calls for; blocks until it is done.

        An event that was handled before, by this process or by one that was
        killed, is recognised. One whose corrections did not all succeed
        stays owed: see :meth:`resume`.
        """
        if fault.type not in events.KNOWN_TYPES:
            return self._ignore(
                fault, f'Doctor does not act on events of type {fault.type}')
        host = self._means.affected.resolve(fault.hostname) \
            or self._look_again(fault.hostname)
        if host is None:
            return self._ignore(
                fault, f'{fault.hostname} means no compute host of Nova, or '
                'more than one')
        with self._lock_of(host):
            begun = self._lift(fault, host) \
                if fault.status is FaultStatus.UP \
                else self._lower(fault, host)
        return self._settle(begun)

    def resume(self, only: Collection[str] | None = None) -> list[Report]:
        """Try again what is still owed; blocks meanwhile.

        Several hosts at a time: an owner who does not answer must not hold
        up those of other hosts.

        :param only: of these faults; None for all.
        """
        records = [record for record in self._store.unfinished()
                   if only is None or record.id in only]
        if not records:
            return []
        with concurrent.futures.ThreadPoolExecutor(
                _RESUMED_AT_ONCE, 'resume') as pool:
            return [report for report in pool.map(
                lambda record: self._try_again(record, by_name=bool(only)),
                records) if report is not None]

    def follow(self) -> None:
        """Set right what nobody else does for servers that have left a lost
        host; blocks meanwhile.
        """
        for host in moved.lost_hosts(self._store):
            with self._lock_of(host):
                moved.mend_ports(self._means, host)

    def _try_again(self, record: store.FaultRecord, *,
                   by_name: bool) -> Report | None:
        """None when the process ends, or when the owners are being told
        right now and nobody asked for this fault by name.
        """
        with self._lock_of(record.hostname):
            if self._means.stopping.is_set() or (
                    not by_name and self._is_settling(record.id)):
                return None
            begun = self._resume(record.id)
        return self._settle(begun)

    def _settle(self, begun: Report | Response) -> Report:
        if isinstance(begun, Report):
            return begun
        try:
            report = begun.settle()
            if report.state in (store.HANDLED, store.HELD):
                self.confirmation.add(report.fault_id, report.host,
                                      begun.servers)
            return report
        finally:
            with self._lock:
                self._settling.discard(begun.fault_id)

    def _begin(self, fault_id: str, found: affected_map.Affected, *,
               tell: bool) -> Response:
        with self._lock:
            self._settling.add(fault_id)
        return Response(self._means, fault_id, found, tell=tell)

    def _look_again(self, reported: str) -> str | None:
        """The host may be new: a look at Nova before an event is dropped.

        Not at every such event, or rubbish from a monitor would keep Nova
        busy.
        """
        with self._lock:
            if clock.monotonic() - self._looked_at < _LOOK_EVERY_S:
                return None
            self._looked_at = clock.monotonic()
        try:
            self._means.affected.refresh()
        except BackendError as error:
            LOG.warning('Cannot look for host %s: %s', reported, error)
        return self._means.affected.resolve(reported)

    def _lock_of(self, host: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(host, threading.Lock())

    def _ignore(self, fault: Fault, why: str, host: str = '') -> Report:
        LOG.warning('Event %s (%s of host %s) is ignored: %s', fault.id,
                    fault.type, fault.hostname, why)
        host = host or fault.hostname
        self._store.ignore(fault, host, why)
        return Report(fault.id, host, store.IGNORED, why)

    # A host is lost.

    def _lower(self, fault: Fault, host: str) -> Report | Response:
        known = self._store.raised(host)
        if known is not None:
            return self._lower_again(fault, known)
        if self._store.cleared_since(host, fault.received_at):
            return self._ignore(fault, 'the host was reported up since', host)
        stamp = self._means.checkpoint
        stamp(Checkpoint(Stage.DETECTED, fault.detected_at, host,
                         fault_id=fault.id))
        found = self._means.affected.of(host)
        stamp(Checkpoint(Stage.AFFECTED_FOUND, clock.now(), host,
                         fault_id=fault.id))
        corrections = affected_map.plan(
            found,
            ports=self._means.settings.update_port_data_plane_status)
        # Before anything is done, so that a crash forgets nothing.
        why_held = self.holding.open(fault, host, corrections)
        LOG.warning('Host %s is down (%s): %d servers and %d ports are '
                    'affected; fault %s%s', host,
                    fault.cause or fault.source or fault.type,
                    len(found.servers), len(found.ports), fault.id,
                    why_held and f' is {why_held}')
        response = self._begin(fault.id, found, tell=True)
        if why_held:
            response.hold(why_held)
        else:
            response.lower(corrections)
        return response

    def _lower_again(self, fault: Fault, known: store.FaultRecord
                     ) -> Report | Response:
        """An event for a host that has an open fault."""
        if known.state == store.CLEARING:
            LOG.warning('Host %s is down again before all was reversed',
                        known.hostname)
            self.holding.reopen(known, fault.received_at)
            return self._resume(known.id)
        if not self._is_settling(known.id) and (
                known.state == store.HANDLING
                or known.state == store.HELD and not known.told):
            return self._resume(known.id)
        if fault.id != known.id:
            self._store.repeated(known.id)
        LOG.info('Event %s repeats fault %s of host %s', fault.id, known.id,
                 known.hostname)
        return Report(known.id, known.hostname, 'repeated',
                      f'repeats fault {known.id}')

    def _is_settling(self, fault_id: str) -> bool:
        with self._lock:
            return fault_id in self._settling

    def _resume(self, fault_id: str) -> Report | Response:
        record = self._store.find(fault_id)
        assert record is not None
        if record.state == store.CLEARING:
            return self._reverse(record)
        tell = not record.told and not self._is_settling(fault_id)
        if record.state != store.HANDLING \
                and not (record.state == store.HELD and tell):
            return Report(record.id, record.hostname, record.state,
                          record.note)
        LOG.info('Going on with fault %s of host %s', record.id,
                 record.hostname)
        response = self._begin(record.id,
                               self._means.affected.of(record.hostname),
                               tell=tell)
        if record.state == store.HELD:
            response.hold(record.note)
        else:
            response.lower(self._called_for(record.id))
        return response

    def _called_for(self, fault_id: str) -> list[Correction]:
        """What is owed still, without what is of servers that are on other
        hosts by now, and must not be touched.
        """
        owed = self._store.corrections(fault_id, owed_only=True)
        left = [correction for correction in owed
                if moved.has_left(self._means.affected, correction)]
        self._store.corrected(fault_id, moved.as_done(left))
        return [correction for correction in owed if correction not in left]

    # A host is back.

    def _lift(self, fault: Fault, host: str) -> Report | Response:
        record = self._store.raised(host)
        if record is None:
            return self._ignore(fault, 'no fault of the host is open', host)
        if fault.received_at < record.received_at:
            return self._ignore(fault, 'the host was reported down since',
                                host)
        LOG.warning('Host %s is up again; fault %s is cleared', host,
                    record.id)
        if not self._store.waive(record.id, fault.received_at):
            self._store.set_state(record.id, store.CLEARING,
                                  cleared_at=fault.received_at)
        return self._reverse(record)

    def _reverse(self, record: store.FaultRecord) -> Report | Response:
        """Take back what this inspector changed, and nothing else."""
        made = self._store.to_reverse(record.id)
        try:
            self._means.affected.refresh()
        except BackendError as error:
            # What Nova has made of the servers since is not known, so none
            # of them is touched before it is.
            note = f'cannot ask Nova what to reverse: {error}'
            LOG.error('Fault %s of host %s: %s; it will be tried again',
                      record.id, record.hostname, note)
            self._store.set_state(record.id, store.CLEARING, note)
            return Report(record.id, record.hostname, store.CLEARING, note)
        found = self._means.affected.of(record.hostname)
        response = self._begin(record.id, found, tell=True)
        ours = [correction for correction in made
                if moved.is_ours(self._means.affected, correction, found)]
        told = self._store.was_reversed(record.id)
        self._store.reversed(record.id, moved.as_done(
            correction for correction in made if correction not in ours))
        response.lift(ours)
        if not told:
            response.tell_unharmed()
        return response

"""Faults: who holds them open, what was said of their targets, how far
Doctor is with them.
"""

import dataclasses
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from doctor_core.exceptions import InvalidTransition
from doctor_core.model import Fault, FaultStatus, TargetKind
from doctor_core.model.states import OPEN, FaultState
from doctor_core.store.database import Database
from doctor_core.store.tables import FAULTS, HOLDS, REPORTS, SAID

#: So many reports are known again when they are delivered once more; of so
#: many faults the ignored ones are kept.
_REMEMBERED = 20000
#: Of so many senders and targets it is known what was said last: many more
#: than a cloud has hosts that somebody watches.
_SAID_REMEMBERED = 100_000
#: So many are forgotten at a time.
_FORGOTTEN_AT_ONCE = 1000


@dataclasses.dataclass(frozen=True)
class FaultRecord:
    """A fault as it is remembered.

    :ivar number: the order of arrival.
    :ivar target_id: the host's name, of a fault of a host.
    :ivar note: what an operator should know: failures, what is waited for.
    :ivar reason: why it ended, or why nothing was done.
    :ivar witness: who, beside the news itself, says that the host is back.
    :ivar former: the fault of the same target before this one.
    :ivar repeats: how often it was reported again.
    :ivar is_path_suspected: whether the host fell silent together with
        others, as far as its report said.
    """

    number: int
    id: str
    target_kind: TargetKind
    target_id: str
    type: str
    source: str
    cause: str
    severity: str
    detected_at: float
    received_at: float
    state: FaultState
    note: str = ''
    reason: str = ''
    witness: str = ''
    former: str = ''
    repeats: int = 0
    cleared_at: float | None = None
    is_path_suspected: bool = False

    @property
    def hostname(self) -> str:
        """The host, of a fault of a host."""
        return self.target_id


@dataclasses.dataclass(frozen=True)
class Said:
    """What a sender said last of a target.

    :ivar moment: by its own clock; None when it did not say.
    :ivar epoch: of its count; empty when it does not count.
    :ivar received_at: when it came, by the clock of who took it in.
    :ivar intake: of the count of who took it in; empty when it was not
        counted there.
    :ivar arrival: its place in that count.
    :ivar began: of an alert, when its occurrence began, by the same clock as
        the moment: it tells one occurrence from another.
    """

    status: FaultStatus
    moment: float | None = None
    epoch: str = ''
    position: int = 0
    received_at: float | None = None
    intake: str = ''
    arrival: int = 0
    began: float | None = None


class Faults:
    """The faults; each method from any thread, for about a millisecond."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # What there is.

    def find(self, fault_id: str) -> FaultRecord | None:
        """A fault by its id."""
        return self._one(FAULTS.c.id == fault_id)

    def beginning(self, letters: str) -> list[FaultRecord]:
        """The faults whose ids begin so, newest first."""
        return self._many(sa.select(FAULTS).where(
            FAULTS.c.id.startswith(letters, autoescape=True)
            ).order_by(FAULTS.c.number.desc()))

    def open_of(self, hostname: str, kind: TargetKind = TargetKind.HOST
                ) -> FaultRecord | None:
        """The fault of a target with which Doctor is not through."""
        return self._one(FAULTS.c.target_kind == kind,
                         FAULTS.c.target_id == hostname,
                         FAULTS.c.state.in_(OPEN))

    def last_of(self, hostname: str, kind: TargetKind = TargetKind.HOST, *,
                ignored: bool = False) -> FaultRecord | None:
        """The latest fault of a target, whatever became of it.

        :param ignored: of those that are ignored; else of all others.
        """
        is_ignored = FAULTS.c.state == FaultState.IGNORED
        return self._one(FAULTS.c.target_kind == kind,
                         FAULTS.c.target_id == hostname,
                         is_ignored if ignored else sa.not_(is_ignored))

    def latest(self, limit: int = 100,
               states: Collection[FaultState] = tuple(FaultState)
               ) -> list[FaultRecord]:
        """The latest faults in these states, and older ones that are open;
        newest first.
        """
        wanted = FAULTS.c.state.in_(states)
        newest = sa.select(FAULTS.c.number).where(wanted).order_by(
            FAULTS.c.number.desc()).limit(limit)
        return self._many(sa.select(FAULTS).where(
            wanted, sa.or_(FAULTS.c.state.in_(OPEN),
                           FAULTS.c.number.in_(newest))
            ).order_by(FAULTS.c.number.desc()))

    def in_states(self, *states: FaultState) -> list[FaultRecord]:
        """All faults in these states, oldest first."""
        return self._many(sa.select(FAULTS).where(
            FAULTS.c.state.in_(states)).order_by(FAULTS.c.number))

    # What happens to one.

    def add(self, fault: Fault, target_id: str, state: FaultState, *,
            note: str = '', reason: str = '', former: str = '',
            kind: TargetKind = TargetKind.HOST) -> None:
        """Remember a fault, held open by the source of its report unless it
        is ignored. Ignored ones are forgotten after 20,000 others.
        """
        row = {'id': fault.id, 'target_kind': kind, 'target_id': target_id,
               'type': fault.type, 'source': fault.source,
               'cause': fault.cause, 'severity': fault.severity,
               'detected_at': fault.detected_at,
               'received_at': fault.received_at, 'state': state,
               'note': note, 'reason': reason, 'former': former,
               'is_path_suspected': fault.is_path_suspected}
        with self._database.begin() as connection:
            self._database.insert(FAULTS, [row], known_are_left=True)
            _forget(connection, FAULTS, FAULTS.c.state == FaultState.IGNORED)
            if state is not FaultState.IGNORED:
                self.hold(fault.id, fault.source, fault.id)

    def move(self, fault_id: str, new: FaultState, *,
             old: Collection[FaultState] = (), **values: Any) -> None:
        """Change the state of a fault, and what else is named.

        :param old: only from one of these; all from which there is a move
            when none is named.
        :raises InvalidTransition: it is in another state by now.
        """
        if not self._database.move(FAULTS, new, [{'id': fault_id, **values}],
                                   old=old):
            record = self.find(fault_id)
            raise InvalidTransition(
                record.state if record else 'unknown', new,
                f'Fault {fault_id}')

    def describe(self, fault_id: str, **values: Any) -> None:
        """Set what is known of a fault beside its state: its note, ..."""
        with self._database.begin() as connection:
            connection.execute(FAULTS.update().where(
                FAULTS.c.id == fault_id).values(**values))

    def repeated(self, fault_id: str) -> None:
        """The same fault was reported once more."""
        self.describe(fault_id, repeats=FAULTS.c.repeats + 1)

    def release(self, fault_ids: Collection[str], why: str) -> list[str]:
        """What these faults call for is to be done now.

        :returns: those that were held.
        """
        return [fault_id for fault_id in fault_ids
                if self._database.move(
                    FAULTS, FaultState.HANDLING,
                    [{'id': fault_id, 'note': '', 'reason': why}],
                    old=(FaultState.HELD,))]

    # Who holds one open.

    def hold(self, fault_id: str, source: str, report_id: str) -> None:
        """A source holds a fault open."""
        with self._database.begin() as connection:
            connection.execute(
                HOLDS.insert().prefix_with('OR REPLACE'),
                {'fault_id': fault_id, 'source': source, 'held': True,
                 'report_id': report_id})

    def let_go(self, fault_id: str, source: str, report_id: str) -> None:
        """A source does not hold a fault open any more."""
        with self._database.begin() as connection:
            connection.execute(
                HOLDS.update().where(HOLDS.c.fault_id == fault_id,
                                     HOLDS.c.source == source)
                .values(held=False, report_id=report_id))

    def says_back(self, fault_id: str, source: str, report_id: str) -> None:
        """A source that does not hold a fault says that its target is back.
        """
        with self._database.begin() as connection:
            connection.execute(
                HOLDS.insert().prefix_with('OR REPLACE'),
                {'fault_id': fault_id, 'source': source, 'held': False,
                 'report_id': report_id})

    def sayers(self, fault_ids: Collection[str]) -> dict[str, list[
            tuple[str, bool]]]:
        """By fault, each source that said something of it, and whether it
        holds it open; any other says that the target is back.
        """
        found: dict[str, list[tuple[str, bool]]] = {
            fault_id: [] for fault_id in fault_ids}
        for row in self._database.read(sa.select(HOLDS).where(
                HOLDS.c.fault_id.in_(fault_ids)).order_by(HOLDS.c.source)):
            found[row['fault_id']].append((row['source'], row['held']))
        return found

    def holders(self, fault_id: str) -> frozenset[str]:
        """The sources that hold a fault open."""
        return frozenset(row['source'] for row in self._database.read(
            sa.select(HOLDS.c.source).where(
                HOLDS.c.fault_id == fault_id, HOLDS.c.held)))

    # What was said.

    def said(self, hostname: str, source: str, sender: str,
             kind: TargetKind = TargetKind.HOST) -> Said | None:
        """What a sender said last of a target."""
        rows = self._database.read(sa.select(SAID).where(
            SAID.c.target_kind == kind, SAID.c.target_id == hostname,
            SAID.c.source == source, SAID.c.sender == sender))
        return _said(rows[0]) if rows else None

    def said_down(self, hostname: str, sources: Collection[str],
                  kind: TargetKind = TargetKind.HOST) -> list[Said]:
        """The last words of any senders of these sources that have it that a
        target is lost.
        """
        return [_said(row) for row in self._database.read(
            sa.select(SAID).where(
                SAID.c.target_kind == kind, SAID.c.target_id == hostname,
                SAID.c.source.in_(sources),
                SAID.c.status == FaultStatus.DOWN))]

    def say(self, hostname: str, source: str, sender: str, said: Said,
            kind: TargetKind = TargetKind.HOST) -> None:
        """Remember what a sender said last.

        Of those who said nothing for longest, what is beyond 100,000 is
        forgotten, unless a fault of the target is open.
        """
        with self._database.begin() as connection:
            connection.execute(
                SAID.insert().prefix_with('OR REPLACE'),
                {'target_kind': kind, 'target_id': hostname,
                 'source': source, 'sender': sender,
                 **dataclasses.asdict(said)})
            _forget_said(connection)

    def remember(self, report_id: str, fault_id: str, reading: str,
                 note: str = '') -> None:
        """A report was dealt with; one that is known is left as it is."""
        with self._database.begin() as connection:
            connection.execute(
                REPORTS.insert().prefix_with('OR IGNORE'),
                {'id': report_id, 'fault_id': fault_id, 'reading': reading,
                 'note': note})
            _forget(connection, REPORTS)

    def recall(self, report_id: str) -> str | None:
        """The fault of a report that was dealt with before; empty when it
        had none, None when it is new.
        """
        rows = self._database.read(sa.select(REPORTS.c.fault_id).where(
            REPORTS.c.id == report_id))
        return rows[0]['fault_id'] if rows else None

    def read_as(self, reading: str) -> frozenset[str]:
        """The faults of which a report was read so."""
        return frozenset(row['fault_id'] for row in self._database.read(
            sa.select(REPORTS.c.fault_id).where(
                REPORTS.c.reading == reading)))

    def _one(self, *conditions: Any) -> FaultRecord | None:
        found = self._many(sa.select(FAULTS).where(*conditions).order_by(
            FAULTS.c.number.desc()).limit(1))
        return found[0] if found else None

    def _many(self, query: Any) -> list[FaultRecord]:
        return [_record(row) for row in self._database.read(query)]


def _forget(connection: sa.Connection, table: sa.Table,
            *conditions: Any) -> None:
    """Delete old rows, of those that meet the conditions, now and then."""
    newest = connection.scalar(sa.select(sa.func.max(table.c.number))) or 0
    if newest % _FORGOTTEN_AT_ONCE == 0:
        connection.execute(table.delete().where(
            *conditions, table.c.number <= newest - _REMEMBERED))


def _forget_said(connection: sa.Connection) -> None:
    """Delete, now and then, what was said longest ago: what is said anew has
    a new place.
    """
    place: sa.ColumnElement[int] = sa.literal_column('said.rowid')
    newest = connection.scalar(sa.select(sa.func.max(place)).select_from(
        SAID)) or 0
    if newest % _FORGOTTEN_AT_ONCE:
        return
    last_kept = connection.scalar(
        sa.select(place).select_from(SAID).order_by(place.desc())
        .offset(_SAID_REMEMBERED).limit(1))
    if last_kept is not None:
        connection.execute(SAID.delete().where(
            place <= last_kept, SAID.c.target_id.not_in(
                sa.select(FAULTS.c.target_id).where(
                    FAULTS.c.state.in_(OPEN)))))


def _said(row: dict[str, Any]) -> Said:
    return Said(FaultStatus(row['status']), row['moment'], row['epoch'],
                row['position'], row['received_at'], row['intake'],
                row['arrival'], row['began'])


def _record(row: dict[str, Any]) -> FaultRecord:
    return FaultRecord(**{**row, 'state': FaultState(row['state']),
                          'target_kind': TargetKind(row['target_kind']),
                          # None in a file of a release before.
                          'is_path_suspected': bool(
                              row['is_path_suspected'])})



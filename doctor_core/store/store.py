"""Faults, and the corrections that they call for."""

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from doctor_core.model import (
    Action,
    Correction,
    Fault,
    FaultStatus,
    StateChange,
)
from doctor_core.store.alarms import AlarmStore
from doctor_core.store.tables import (
    CLEARED,
    CLEARING,
    CORRECTIONS,
    DOWN,
    FAULTS,
    HANDLING,
    HELD,
    IGNORED,
    OPEN,
    UNFINISHED,
    Fallen,
    FaultRecord,
    Tally,
    correction_of,
    fault_row,
)

#: Corrections without an outcome, or with a bad one.
_UNDONE = sa.or_(CORRECTIONS.c.at.is_(None), CORRECTIONS.c.error != '')


class Store(AlarmStore):
    """Faults, corrections and alarms; each method from any thread.

    Every method blocks for about a millisecond, the time of one transaction.

    :param path: the SQLite file; empty keeps everything in memory.
    :raises ConfigError: the file cannot be used.
    """

    def _rehearse(self) -> None:
        """Have the statements of a fault compiled before there is one.

        The first time costs the owners ten milliseconds otherwise.
        """
        fault = Fault('', '', FaultStatus.DOWN, 0.0, 0.0)
        correction = Correction(Action.RESET_STATE, '', '', '', '')
        self.raised('')
        self.cleared_since('', 0.0)
        self.fallen(0.0)
        self.open(fault, '', [correction, dataclasses.replace(
            correction, action=Action.FORCE_DOWN)])
        with self._lock, self._engine.begin() as connection:
            connection.execute(FAULTS.delete().where(
                FAULTS.c.id == fault.id))
            connection.execute(CORRECTIONS.delete().where(
                CORRECTIONS.c.fault_id == fault.id))

    def raised(self, hostname: str) -> FaultRecord | None:
        """The fault of a host that was not cleared yet."""
        return self._one(FAULTS.c.hostname == hostname,
                         FAULTS.c.state.in_(OPEN))

    def cleared_since(self, hostname: str, at: float) -> bool:
        """Whether the host was reported up later than that."""
        return self._one(FAULTS.c.hostname == hostname,
                         FAULTS.c.cleared_at > at) is not None

    def find(self, fault_id: str) -> FaultRecord | None:
        """A fault by its id."""
        return self._one(FAULTS.c.id == fault_id)

    def faults(self, limit: int = 100) -> list[FaultRecord]:
        """The latest faults, newest first."""
        rows = self._read(sa.select(FAULTS).order_by(
            FAULTS.c.received_at.desc()).limit(limit))
        return [FaultRecord(**row) for row in rows]

    def unfinished(self) -> list[FaultRecord]:
        """Faults of which something is still owed."""
        rows = self._read(sa.select(FAULTS).where(sa.or_(
            FAULTS.c.state.in_(UNFINISHED),
            sa.and_(FAULTS.c.state == HELD, FAULTS.c.told.is_(False)))))
        return [FaultRecord(**row) for row in rows]

    def held(self) -> list[FaultRecord]:
        """Faults whose corrections wait for an operator, oldest first."""
        rows = self._read(sa.select(FAULTS).where(
            FAULTS.c.state == HELD).order_by(FAULTS.c.received_at))
        return [FaultRecord(**row) for row in rows]

    def fallen(self, since: float) -> list[Fallen]:
        """Faults of hosts that are down, or went down after that."""
        # Read at each of a thousand faults when a thousand hosts fail.
        query = sa.select(
            FAULTS.c.hostname, FAULTS.c.received_at, FAULTS.c.state).where(
                sa.or_(FAULTS.c.state.in_(DOWN),
                       sa.and_(FAULTS.c.state.in_((CLEARING, CLEARED)),
                               FAULTS.c.received_at > since)))
        with self._lock, self._engine.connect() as connection:
            return [Fallen(*row) for row in connection.execute(query)]

    def open(self, fault: Fault, hostname: str,
             corrections: Sequence[Correction], *,
             why_held: str = '') -> None:
        """Remember a fault and all that it calls for, in one transaction.

        :param why_held: why that is not to be done yet, if it is not.
        """
        row = {**fault_row(fault, hostname, HELD if why_held else HANDLING),
               'note': why_held}
        with self._lock, self._engine.begin() as connection:
            connection.execute(FAULTS.insert(), row)
            _insert_corrections(connection, fault.id, corrections)

    def owe(self, fault_id: str, corrections: Sequence[Correction]) -> None:
        """Remember that a fault calls for more."""
        with self._lock, self._engine.begin() as connection:
            _insert_corrections(connection, fault_id, corrections)

    def reopen(self, fault_id: str, *, why_held: str = '') -> None:
        """The host failed again while its fault was being cleared.

        All its corrections are owed anew, whether they had been reversed
        already or not, and the owners have to be told again.

        :param why_held: why that is not to be done yet, if it is not.
        """
        with self._lock, self._engine.begin() as connection:
            connection.execute(FAULTS.update().where(
                FAULTS.c.id == fault_id).values(
                    state=HELD if why_held else HANDLING, note=why_held,
                    told=False, cleared_at=None))
            connection.execute(CORRECTIONS.update().where(
                CORRECTIONS.c.fault_id == fault_id).values(
                    at=None, error='', reversed_at=None))

    def release(self, fault_ids: Collection[str], note: str) -> list[str]:
        """What these faults call for is to be done now.

        :returns: those that were held.
        """
        released = []
        with self._lock, self._engine.begin() as connection:
            for fault_id in fault_ids:
                changed = connection.execute(FAULTS.update().where(
                    FAULTS.c.id == fault_id, FAULTS.c.state == HELD).values(
                        state=HANDLING, note=note))
                if changed.rowcount:
                    released.append(fault_id)
        return released

    def waive(self, fault_id: str, cleared_at: float) -> bool:
        """The host of a held fault is back: nothing of it was done, and
        nothing is left to do or to reverse.

        :returns: whether it was held.
        """
        with self._lock, self._engine.begin() as connection:
            changed = connection.execute(FAULTS.update().where(
                FAULTS.c.id == fault_id, FAULTS.c.state == HELD).values(
                    state=CLEARING, cleared_at=cleared_at))
            if changed.rowcount:
                connection.execute(CORRECTIONS.delete().where(
                    CORRECTIONS.c.fault_id == fault_id))
        return bool(changed.rowcount)

    def ignore(self, fault: Fault, hostname: str, note: str) -> None:
        """Remember an event that nothing was done about, and why."""
        row = {**fault_row(fault, hostname, IGNORED), 'note': note}
        with self._lock, self._engine.begin() as connection:
            connection.execute(
                FAULTS.insert().prefix_with('OR IGNORE'), row)

    def corrected(self, fault_id: str,
                  changes: Iterable[StateChange]) -> None:
        """Remember the outcome of corrections."""
        self._update_corrections(
            fault_id, changes, lambda change: {'at': change.at,
                                               'error': change.error})

    def reversed(self, fault_id: str,
                 changes: Iterable[StateChange]) -> None:
        """Remember that corrections were reversed; failures stay owed."""
        self._update_corrections(
            fault_id, (change for change in changes if change.done),
            lambda change: {'reversed_at': change.at})

    def _update_corrections(self, fault_id: str,
                            changes: Iterable[StateChange],
                            values: Any) -> None:
        rows = [{'b_fault': fault_id,
                 'b_action': change.correction.action,
                 'b_target': change.correction.target_id,
                 **values(change)} for change in changes]
        if not rows:
            return
        with self._lock, self._engine.begin() as connection:
            connection.execute(
                CORRECTIONS.update().where(
                    CORRECTIONS.c.fault_id == sa.bindparam('b_fault'),
                    CORRECTIONS.c.action == sa.bindparam('b_action'),
                    CORRECTIONS.c.target_id == sa.bindparam('b_target')),
                rows)

    def corrections(self, fault_id: str, *,
                    owed_only: bool = False) -> list[Correction]:
        """What a fault called for.

        :param owed_only: only what has not succeeded yet.
        """
        query = sa.select(CORRECTIONS).where(
            CORRECTIONS.c.fault_id == fault_id)
        if owed_only:
            query = query.where(_UNDONE)
        return [correction_of(row) for row in self._read(query)]

    def tally(self, fault_ids: Collection[str]) -> list[Tally]:
        """How many corrections of each kind these faults called for."""
        columns = (CORRECTIONS.c.fault_id, CORRECTIONS.c.action)
        rows = self._read(sa.select(
            *columns, sa.func.count().label('count'),
            sa.func.sum(sa.case((_UNDONE, 1), else_=0)).label('undone'))
            .where(CORRECTIONS.c.fault_id.in_(fault_ids))
            .group_by(*columns).order_by(*columns))
        return [Tally(row['fault_id'], Action(row['action']), row['count'],
                      row['undone']) for row in rows]

    def to_reverse(self, fault_id: str) -> list[Correction]:
        """What was, or may have been, changed and not reversed since.

        A correction without an outcome counts: it may have been made just
        before the process was killed. So does one that failed: the request
        may have been carried out although its answer was lost.
        """
        query = sa.select(CORRECTIONS).where(
            CORRECTIONS.c.fault_id == fault_id,
            CORRECTIONS.c.reversed_at.is_(None))
        return [correction_of(row) for row in self._read(query)]

    def was_reversed(self, fault_id: str) -> bool:
        """Whether something that a fault called for was taken back."""
        return bool(self._read(sa.select(CORRECTIONS.c.fault_id).where(
            CORRECTIONS.c.fault_id == fault_id,
            CORRECTIONS.c.reversed_at.is_not(None)).limit(1)))

    def set_state(self, fault_id: str, state: str, note: str = '', *,
                  cleared_at: float | None = None,
                  only_from: str = '') -> None:
        """A fault's new state, and what is to be known of it.

        :param only_from: leave a fault alone that is in another state by
            now.
        """
        values: dict[str, Any] = {'state': state, 'note': note}
        if cleared_at is not None:
            values['cleared_at'] = cleared_at
        self._update_fault(fault_id, values, only_from)

    def set_told(self, fault_id: str) -> None:
        """The owners have been told, or given up."""
        self._update_fault(fault_id, {'told': True})

    def repeated(self, fault_id: str) -> None:
        """The same fault was reported once more."""
        self._update_fault(fault_id, {'repeats': FAULTS.c.repeats + 1})

    def _update_fault(self, fault_id: str, values: dict[str, Any],
                      only_from: str = '') -> None:
        query = FAULTS.update().where(FAULTS.c.id == fault_id)
        if only_from:
            query = query.where(FAULTS.c.state == only_from)
        with self._lock, self._engine.begin() as connection:
            connection.execute(query.values(**values))

    def _one(self, *conditions: Any) -> FaultRecord | None:
        rows = self._read(sa.select(FAULTS).where(*conditions).order_by(
            FAULTS.c.received_at.desc()).limit(1))
        return FaultRecord(**rows[0]) if rows else None



def _insert_corrections(connection: Any, fault_id: str,
                        corrections: Sequence[Correction]) -> None:
    if corrections:
        connection.execute(
            CORRECTIONS.insert(),
            [{'fault_id': fault_id, **dataclasses.asdict(correction)}
             for correction in corrections])

"""The corrections that faults call for, each with a state of its own."""

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from doctor_core.model import Action, Correction, Mark, StateChange
from doctor_core.model.states import STANDING, CorrectionState
from doctor_core.store.database import Database
from doctor_core.store.tables import CORRECTIONS, SERVERS

_C = CorrectionState


@dataclasses.dataclass(frozen=True)
class CorrectionRecord:
    """A correction as it is remembered.

    :ivar at: when it came into its state, as far as that is known.
    :ivar reason: why it is in that state, or what failed.
    """

    correction: Correction
    state: CorrectionState
    at: float | None = None
    reason: str = ''


@dataclasses.dataclass(frozen=True)
class Standing:
    """Something that Doctor has changed, or may have, and not set back.

    :ivar server: the name of the server that it is about, if it is known.
    """

    fault_id: str
    record: CorrectionRecord
    server: str = ''


@dataclasses.dataclass(frozen=True)
class Tally:
    """How many corrections of one kind a fault has in one state."""

    fault_id: str
    action: Action
    state: CorrectionState
    count: int


class Corrections:
    """The corrections; each method from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, fault_id: str, *states: CorrectionState
           ) -> list[CorrectionRecord]:
        """What a fault calls for; in these states only, if any are named."""
        query = sa.select(CORRECTIONS).where(
            CORRECTIONS.c.fault_id == fault_id)
        if states:
            query = query.where(CORRECTIONS.c.state.in_(states))
        return [_record(row) for row in self._database.read(query)]

    def standing(self) -> list[Standing]:
        """What of all faults was changed, or may have been, and is to be set
        back some time; that of one host together.
        """
        about = sa.func.coalesce(sa.func.nullif(
            CORRECTIONS.c.server_id, ''), CORRECTIONS.c.target_id)
        query = sa.select(CORRECTIONS, SERVERS.c.document).outerjoin(
            SERVERS, sa.and_(SERVERS.c.fault_id == CORRECTIONS.c.fault_id,
                             SERVERS.c.server_id == about)
        ).where(CORRECTIONS.c.state.in_(STANDING),
                CORRECTIONS.c.action != Action.START
                ).order_by(CORRECTIONS.c.host, CORRECTIONS.c.fault_id,
                           CORRECTIONS.c.action, CORRECTIONS.c.target_id)
        return [Standing(row['fault_id'], _record(row), json.loads(
            row['document'] or '{}').get('name', ''))
            for row in self._database.read(query)]

    def tally(self, fault_ids: Collection[str]) -> list[Tally]:
        """How many corrections of each kind are in which state."""
        columns = (CORRECTIONS.c.fault_id, CORRECTIONS.c.action,
                   CORRECTIONS.c.state)
        rows = self._database.read(
            sa.select(*columns, sa.func.count().label('count'))
            .where(CORRECTIONS.c.fault_id.in_(fault_ids))
            .group_by(*columns).order_by(*columns))
        return [Tally(row['fault_id'], Action(row['action']),
                      _C(row['state']), row['count']) for row in rows]

    def owe(self, fault_id: str, corrections: Iterable[Correction]) -> None:
        """A fault calls for these; what is known of already is left."""
        self._database.insert(
            CORRECTIONS,
            [{**_key(fault_id, one), 'host': one.host,
              'server_id': one.server_id, 'before': one.before,
              'state': _C.OWED} for one in corrections],
            known_are_left=True)

    def move(self, fault_id: str, new: CorrectionState,
             corrections: Iterable[Correction], *,
             old: Collection[CorrectionState] = (), at: float | None = None,
             reason: str = '') -> int:
        """Change the state of corrections; those that are in another one
        than the move leads from are left.

        :returns: how many were moved.
        """
        return self._database.move(
            CORRECTIONS, new,
            [{**_key(fault_id, one), 'at': at, 'reason': reason}
             for one in corrections], old=old)

    def ask(self, fault_id: str, corrections: Iterable[Correction]
            ) -> tuple[list[Correction], frozenset[tuple[Action, str]]]:
        """From now on these may have been asked for.

        :returns: those that are to be asked for: what was waived, is to be
            taken back, or was passed on meanwhile is not among them; and the
            keys of those of which it is not known what came of it before.
        """
        corrections = list(corrections)
        with self._database.begin():
            before = self.still(fault_id, _C.ASKED, corrections)
            self.move(fault_id, _C.ASKED, corrections)
            return (self.still(fault_id, _C.ASKED, corrections),
                    frozenset(one.key for one in before))

    def still(self, fault_id: str, state: CorrectionState,
              corrections: Iterable[Correction]) -> list[Correction]:
        """Those of these that are in a state now, in the same order."""
        found = {record.correction.key for record
                 in self.of(fault_id, state)}
        return [one for one in corrections if one.key in found]

    def settle(self, fault_id: str, new: CorrectionState,
               changes: Iterable[StateChange], *,
               final: CorrectionState = _C.IN_DOUBT,
               prefix: str = '') -> None:
        """Remember outcomes: what was made is moved, what failed stays owed,
        with the reason.

        :param final: where that is moved to that failed for good.
        :param prefix: what its reason begins with.
        """
        changes = list(changes)
        with self._database.begin():
            if new is _C.DONE:
                self._refuse(fault_id, [change for change in changes
                                        if change.is_refused])
                changes = [change for change in changes
                           if not change.is_refused]
            self._database.move(CORRECTIONS, new, [
                {**_key(fault_id, change.correction), 'at': change.at,
                 'reason': change.remark}
                for change in changes if change.done])
            self._database.move(CORRECTIONS, final, [
                {**_key(fault_id, change.correction), 'at': change.at,
                 'reason': prefix + change.error}
                for change in changes if change.is_final])
            self._explain(fault_id, [
                change for change in changes
                if not change.done and not change.is_final])

    def _refuse(self, fault_id: str, refused: Collection[StateChange]
                ) -> None:
        """What these ask for was not made: it is not to be taken back."""
        for final, new in ((True, _C.GIVEN_UP), (False, _C.OWED)):
            self._database.move(CORRECTIONS, new, [
                {**_key(fault_id, change.correction), 'at': change.at,
                 'reason': change.error}
                for change in refused if change.is_final is final],
                old=(_C.ASKED,))
        # The return of the host was faster than the answer.
        self._database.move(CORRECTIONS, _C.LEFT, [
            {**_key(fault_id, change.correction), 'at': change.at,
             'reason': f'it was never made: {change.error}'}
            for change in refused], old=(_C.UNDO_OWED,))

    def owe_undo(self, fault_id: str) -> None:
        """What was made, or may have been, is to be taken back; what nobody
        was asked for is not called for any more.
        """
        with self._database.begin():
            records = [record for record in self.of(fault_id)
                       if record.correction.mark is Mark.LOST]
            self.move(fault_id, _C.WAIVED, _in(records, _C.OWED))
            for state in (_C.ASKED, _C.DONE, _C.IN_DOUBT):
                self.move(fault_id, _C.UNDO_OWED, _in(records, state),
                          old=(state,))

    def pass_on(self, fault_id: str, later_id: str) -> None:
        """A later fault of the host takes over what was not undone: it is
        asked for anew, with the values from before the first of them.
        """
        with self._database.begin():
            records = [record for record in
                       self.of(fault_id, *STANDING, _C.OWED)
                       if record.correction.mark is Mark.LOST]
            self.move(fault_id, _C.PASSED_ON,
                      [record.correction for record in records])
            self.owe(later_id, [record.correction for record in records])
            self.move(later_id, _C.ASKED, [
                record.correction for record in records
                if record.state is not _C.OWED])

    def _explain(self, fault_id: str,
                 changes: Collection[StateChange]) -> None:
        if not changes:
            return
        keys = ('fault_id', 'action', 'target_id')
        statement = CORRECTIONS.update().where(
            *(CORRECTIONS.c[name] == sa.bindparam(f'b_{name}')
              for name in keys)).values(reason=sa.bindparam('b_reason'))
        with self._database.begin() as connection:
            connection.execute(statement, [
                {f'b_{name}': value for name, value in
                 {**_key(fault_id, change.correction),
                  'reason': change.error}.items()} for change in changes])


def _key(fault_id: str, correction: Correction) -> dict[str, str]:
    return {'fault_id': fault_id, 'action': correction.action,
            'target_id': correction.target_id}


def _record(row: Mapping[str, Any]) -> CorrectionRecord:
    return CorrectionRecord(_correction(row), _C(row['state']), row['at'],
                            row['reason'])


def _in(records: Iterable[CorrectionRecord],
        state: CorrectionState) -> list[Correction]:
    return [record.correction for record in records
            if record.state is state]


def _correction(row: Mapping[str, Any]) -> Correction:
    return Correction(Action(row['action']), row['target_id'], row['host'],
                      Mark.BACK if row['action'] == Action.START
                      else Mark.LOST, row['before'], row['server_id'])

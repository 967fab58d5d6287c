"""Which hosts went down when, as far as a mass failure is concerned."""

from typing import NamedTuple

import sqlalchemy as sa

from doctor_core.model import TargetKind
from doctor_core.model.evidence import EvidenceKind
from doctor_core.model.states import DOWN
from doctor_core.store.database import Database
from doctor_core.store.tables import EVIDENCE, FALLS, FAULTS


class Fallen(NamedTuple):
    """The least that is remembered of a fault whose host is down.

    :ivar at: when it was raised, in seconds of the monotonic clock, or fell
        silent, if a path is suspected; None when that was before this machine
        was booted, or is not known.
    :ivar reason: why the fault is in its state, if that was said.
    :ivar kinds: of evidence beside the report.
    """

    fault_id: str
    hostname: str
    at: float | None
    state: str
    reason: str
    kinds: frozenset[EvidenceKind]
    is_path_suspected: bool = False


class Falls:
    """When faults of hosts were raised; each method from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, fault_id: str, boot_id: str, at: float) -> None:
        """Remember when a fault was raised, or its host fell silent.

        :param boot_id: of the machine whose clock that is.
        :param at: in seconds of its monotonic clock.
        """
        self._database.insert(FALLS, [
            {'fault_id': fault_id, 'boot_id': boot_id, 'at': at}],
            known_are_left=True)

    def down(self, boot_id: str) -> list[Fallen]:
        """Hosts that are down, and not back.

        :param boot_id: of the machine whose clock counts.
        """
        # Read at each of a thousand faults when a thousand hosts fail.
        query = sa.select(
            FAULTS.c.id, FAULTS.c.target_kind, FAULTS.c.target_id,
            FALLS.c.at, FAULTS.c.state, FAULTS.c.reason,
            FAULTS.c.is_path_suspected, EVIDENCE.c.kind).select_from(
                FAULTS.outerjoin(FALLS, sa.and_(
                    FALLS.c.fault_id == FAULTS.c.id,
                    FALLS.c.boot_id == boot_id))
                .outerjoin(EVIDENCE, EVIDENCE.c.fault_id == FAULTS.c.id)
            ).where(FAULTS.c.state.in_(DOWN)).order_by(FAULTS.c.number)
        with self._database.begin() as connection:
            rows = [row for row in connection.execute(query)
                    if row.target_kind == TargetKind.HOST]
        kinds: dict[str, set[EvidenceKind]] = {}
        for row in rows:
            kinds.setdefault(row.id, set()).update(
                [EvidenceKind(row.kind)] if row.kind else [])
        return [Fallen(row.id, row.target_id, row.at, row.state, row.reason,
                       frozenset(kinds.pop(row.id)),
                       bool(row.is_path_suspected))
                for row in rows if row.id in kinds]

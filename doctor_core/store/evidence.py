"""What speaks for or against the deaths of hosts, by fault."""

import dataclasses
from collections.abc import Collection

import sqlalchemy as sa

from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.store.database import Database
from doctor_core.store.tables import EVIDENCE


class EvidenceTable:
    """What is known beside the reports; each method from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, fault_id: str, *found: Evidence) -> None:
        """Remember evidence; what a source says again replaces what it said.
        """
        if not found:
            return
        with self._database.begin() as connection:
            connection.execute(EVIDENCE.insert().prefix_with('OR REPLACE'), [
                {'fault_id': fault_id, **dataclasses.asdict(one)}
                for one in found])

    def kinds(self, fault_ids: Collection[str]
              ) -> dict[str, list[EvidenceKind]]:
        """The kinds there are of each of these faults."""
        found: dict[str, list[EvidenceKind]] = {
            fault_id: [] for fault_id in fault_ids}
        for row in self._database.read(
                sa.select(EVIDENCE.c.fault_id, EVIDENCE.c.kind).where(
                    EVIDENCE.c.fault_id.in_(fault_ids)).distinct()):
            found[row['fault_id']].append(EvidenceKind(row['kind']))
        return found

    def of(self, fault_id: str) -> list[Evidence]:
        """All of a fault, oldest first."""
        with self._database.begin() as connection:
            return [Evidence(EvidenceKind(row.kind), row.source, row.at,
                             row.text)
                    for row in connection.execute(EVIDENCE.select().where(
                        EVIDENCE.c.fault_id == fault_id
                        ).order_by(EVIDENCE.c.at))]

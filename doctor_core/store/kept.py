"""Reports that wait until it is known which host they mean."""

import sqlalchemy as sa

from doctor_core.store.database import Database
from doctor_core.store.tables import KEPT


class Kept:
    """The reports, in the order of arrival; each method from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, report_id: str, document: str) -> None:
        """Keep a report; one that is kept already is left as it is."""
        self._database.insert(
            KEPT, [{'id': report_id, 'document': document}],
            known_are_left=True)

    def remove(self, report_id: str) -> None:
        """A report waits no more."""
        with self._database.begin() as connection:
            connection.execute(KEPT.delete().where(KEPT.c.id == report_id))

    def documents(self) -> list[str]:
        """All of them, oldest first."""
        return [row['document'] for row in self._database.read(
            sa.select(KEPT.c.document).order_by(KEPT.c.number))]

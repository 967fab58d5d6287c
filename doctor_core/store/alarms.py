"""Alarms, each as its JSON."""

import json
from typing import Any

import sqlalchemy as sa

from doctor_core.store.database import Database
from doctor_core.store.tables import ALARMS


class Alarms:
    """The alarms that the inspector evaluates; methods from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, alarm_id: str, document: dict[str, Any]) -> None:
        """Keep an alarm's JSON."""
        with self._database.begin() as connection:
            connection.execute(
                ALARMS.insert().prefix_with('OR REPLACE'),
                {'id': alarm_id, 'document': json.dumps(document)})

    def delete(self, alarm_id: str) -> None:
        """Forget an alarm; one that is gone is fine."""
        with self._database.begin() as connection:
            connection.execute(ALARMS.delete().where(
                ALARMS.c.id == alarm_id))

    def all(self) -> list[dict[str, Any]]:
        """The JSON of every alarm."""
        return [json.loads(row['document'])
                for row in self._database.read(sa.select(ALARMS))]

"""Alarms, each as its JSON."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from doctor_core.store.database import Database
from doctor_core.store.tables import ALARMS


class Alarms:
    """The alarms that the inspector evaluates; methods from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, documents: Mapping[str, dict[str, Any]]) -> None:
        """Keep the JSON of alarms, by their ids."""
        rows = [{'id': alarm_id, 'document': json.dumps(document)}
                for alarm_id, document in documents.items()]
        if not rows:
            return
        with self._database.begin() as connection:
            connection.execute(ALARMS.insert().prefix_with('OR REPLACE'),
                               rows)

    def delete(self, alarm_id: str) -> None:
        """Forget an alarm; one that is gone is fine."""
        with self._database.begin() as connection:
            connection.execute(ALARMS.delete().where(
                ALARMS.c.id == alarm_id))

    def all(self) -> list[dict[str, Any]]:
        """The JSON of every alarm."""
        return [json.loads(row['document'])
                for row in self._database.read(sa.select(ALARMS))]

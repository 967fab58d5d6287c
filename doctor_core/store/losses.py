"""When hosts were lost, as far as that is known."""

import dataclasses

import sqlalchemy as sa

from doctor_core.store.database import Database
from doctor_core.store.tables import LOSSES


@dataclasses.dataclass(frozen=True)
class Loss:
    """The two moments between which a host was lost, in seconds of the
    monotonic clock, which all processes of a machine share until it is
    booted.

    :ivar boot_id: of the machine whose clock that is.
    :ivar not_before: None when not known.
    """

    boot_id: str
    not_before: float | None
    not_after: float


class Losses:
    """The losses; each method from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, fault_id: str, loss: Loss) -> None:
        """Remember when the host of a fault was lost."""
        with self._database.begin() as connection:
            connection.execute(
                LOSSES.insert().prefix_with('OR REPLACE'),
                {'fault_id': fault_id, **dataclasses.asdict(loss)})

    def find(self, fault_id: str) -> Loss | None:
        """When the host of a fault was lost; None when nothing is known."""
        rows = self._database.read(sa.select(
            LOSSES.c.boot_id, LOSSES.c.not_before, LOSSES.c.not_after).where(
                LOSSES.c.fault_id == fault_id))
        return Loss(**rows[0]) if rows else None

"""Which hosts went down when, as far as a mass failure is concerned."""

from typing import NamedTuple

import sqlalchemy as sa

from doctor_core.model import TargetKind
from doctor_core.model.states import DOWN
from doctor_core.store.database import Database
from doctor_core.store.tables import FALLS, FAULTS


class Fallen(NamedTuple):
    """The least that is remembered of a fault.

    :ivar at: when it was raised, in seconds of the monotonic clock; None
        when that was before this machine was booted, or is not known.
    :ivar reason: why the fault is in its state, if that was said.
    """

    hostname: str
    at: float | None
    state: str
    reason: str = ''

    @property
    def is_down(self) -> bool:
        """Whether the host has not come back since."""
        return self.state in DOWN


class Falls:
    """When faults of hosts were raised; each method from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, fault_id: str, boot_id: str, at: float) -> None:
        """Remember when a fault was raised.

        :param boot_id: of the machine whose clock that is.
        :param at: in seconds of its monotonic clock.
        """
        self._database.insert(FALLS, [
            {'fault_id': fault_id, 'boot_id': boot_id, 'at': at}],
            known_are_left=True)

    def since(self, boot_id: str, at: float) -> list[Fallen]:
        """Hosts that are down, or went down after that, by this clock."""
        # Read at each of a thousand faults when a thousand hosts fail. One
        # query with OR, or with the kind of target, would make SQLite look
        # through all faults that ever were.
        both = FAULTS.outerjoin(FALLS, sa.and_(
            FALLS.c.fault_id == FAULTS.c.id, FALLS.c.boot_id == boot_id))
        late = sa.select(FALLS.c.fault_id).where(
            FALLS.c.boot_id == boot_id, FALLS.c.at > at)
        query = sa.union(*(
            sa.select(FAULTS.c.id, FAULTS.c.target_kind, FAULTS.c.target_id,
                      FALLS.c.at, FAULTS.c.state,
                      FAULTS.c.reason).select_from(both).where(one)
            for one in (FAULTS.c.state.in_(DOWN), FAULTS.c.id.in_(late))))
        with self._database.begin() as connection:
            return [Fallen(*row) for _, kind, *row
                    in connection.execute(query) if kind == TargetKind.HOST]

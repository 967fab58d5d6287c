"""What is remembered: the tables, and rows <-> words."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from doctor_core.model import Action, Correction, Fault

#: States of a fault.
HANDLING = 'handling'
HANDLED = 'handled'
HELD = 'held'
CLEARING = 'clearing'
CLEARED = 'cleared'
IGNORED = 'ignored'
#: Of a host that is down.
DOWN = (HANDLING, HANDLED, HELD)
#: Of a host with which Doctor is not through.
OPEN = (*DOWN, CLEARING)
#: Of a host for which Doctor has something to do.
UNFINISHED = (HANDLING, CLEARING)

METADATA = sa.MetaData()

FAULTS = sa.Table(
    'faults', METADATA,
    sa.Column('id', sa.String(64), primary_key=True),
    sa.Column('hostname', sa.String(255), nullable=False, index=True),
    sa.Column('type', sa.String(255), nullable=False),
    sa.Column('source', sa.String(255), nullable=False),
    sa.Column('cause', sa.Text, nullable=False),
    sa.Column('severity', sa.String(64), nullable=False),
    sa.Column('detected_at', sa.Float, nullable=False),
    sa.Column('received_at', sa.Float, nullable=False),
    sa.Column('state', sa.String(16), nullable=False),
    sa.Column('note', sa.Text, nullable=False, default=''),
    sa.Column('told', sa.Boolean, nullable=False, default=False),
    sa.Column('repeats', sa.Integer, nullable=False, default=0),
    sa.Column('cleared_at', sa.Float, nullable=True))

CORRECTIONS = sa.Table(
    'corrections', METADATA,
    sa.Column('fault_id', sa.String(64), primary_key=True),
    sa.Column('action', sa.String(32), primary_key=True),
    sa.Column('target_id', sa.String(64), primary_key=True),
    sa.Column('host', sa.String(255), nullable=False, index=True),
    sa.Column('old', sa.String(32), nullable=False),
    sa.Column('new', sa.String(32), nullable=False),
    sa.Column('at', sa.Float, nullable=True),
    sa.Column('error', sa.Text, nullable=False, default=''),
    sa.Column('reversed_at', sa.Float, nullable=True))

ALARMS = sa.Table(
    'alarms', METADATA,
    sa.Column('id', sa.String(64), primary_key=True),
    sa.Column('document', sa.Text, nullable=False))


@dataclasses.dataclass(frozen=True)
class FaultRecord:
    """A fault as it is remembered.

    :ivar state: ``handling`` or ``clearing`` while something is owed,
        ``handled``, ``held`` until an operator confirms that the host is
        dead, ``cleared``, or ``ignored``.
    :ivar note: what an operator should know: failures, why it was ignored.
    :ivar told: whether the owners were told, or given up.
    :ivar repeats: how often the same fault was reported again.
    """

    id: str
    hostname: str
    type: str
    source: str
    cause: str
    severity: str
    detected_at: float
    received_at: float
    state: str
    note: str = ''
    told: bool = False
    repeats: int = 0
    cleared_at: float | None = None


class Fallen(NamedTuple):
    """The least that is remembered of a fault."""

    hostname: str
    received_at: float
    state: str

    @property
    def is_down(self) -> bool:
        """Whether the host has not come back since."""
        return self.state in DOWN


@dataclasses.dataclass(frozen=True)
class Tally:
    """How many corrections of one kind a fault called for.

    :ivar undone: how many of them have not succeeded.
    """

    fault_id: str
    action: Action
    count: int
    undone: int


def fault_row(fault: Fault, hostname: str, state: str) -> dict[str, Any]:
    """The row of a fault that is new."""
    return {'id': fault.id, 'hostname': hostname, 'type': fault.type,
            'source': fault.source, 'cause': fault.cause,
            'severity': fault.severity, 'detected_at': fault.detected_at,
            'received_at': fault.received_at, 'state': state}


def correction_of(row: Mapping[str, Any]) -> Correction:
    """The correction of a row."""
    return Correction(Action(row['action']), row['target_id'], row['host'],
                      row['old'], row['new'])

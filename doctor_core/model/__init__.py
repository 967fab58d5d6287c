"""The words of Doctor: frozen values that travel through it.

Times whose names end in ``_at`` are seconds since the epoch.
"""

from doctor_core.model.alarms import (
    Alarm,
    AlarmRule,
    AlarmState,
    Condition,
    Delivered,
    Event,
    Notice,
    Reached,
    Severity,
    Trait,
    TraitType,
)
from doctor_core.model.deployment import (
    Need,
    Node,
)
from doctor_core.model.faults import (
    Action,
    Correction,
    Fault,
    FaultStatus,
    Mark,
    News,
    SequenceNumber,
    StateChange,
    TargetKind,
    Telling,
)
from doctor_core.model.hosts import (
    Aggregate,
    ComputeService,
    Host,
    Hypervisor,
    Port,
    Server,
)
from doctor_core.model.ids import (
    new_id,
)
from doctor_core.model.stages import (
    Checkpoint,
    Outcome,
    Stage,
    Stamp,
    Verdict,
)

__all__ = [
    'Action',
    'Aggregate',
    'Alarm',
    'AlarmRule',
    'AlarmState',
    'Checkpoint',
    'ComputeService',
    'Condition',
    'Correction',
    'Delivered',
    'Event',
    'Fault',
    'FaultStatus',
    'Host',
    'Hypervisor',
    'Mark',
    'Need',
    'News',
    'Node',
    'Notice',
    'Outcome',
    'Port',
    'Reached',
               'SequenceNumber',
    'Server',
    'Severity',
    'Stage',
    'Stamp',
    'StateChange',
    'TargetKind',
    'Telling',
    'Trait',
    'TraitType',
    'Verdict',
    'new_id',
]

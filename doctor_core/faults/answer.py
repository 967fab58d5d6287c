"""What became of a report."""

import dataclasses

from doctor_core.model import StateChange


@dataclasses.dataclass(frozen=True)
class Answer:
    """What became of a report, for those who wait for it.

    :ivar state: the state of its fault; or ``repeated`` when its source had
        said so before, ``joined`` when another source holds the fault open,
        ``noted`` when it ended nothing, ``ignored``.
    :ivar note: why, what failed, or what is waited for; empty when all went
        well.
    :ivar servers: the ids of the servers whose owners were to be told.
    :ivar changes: the outcome of each correction.
    :ivar waits: whether nothing failed, and something is waited for.
    :ivar for_witness: whether that is somebody who has seen the host, and
        perhaps never comes.
    """

    fault_id: str
    host: str
    state: str
    note: str = ''
    servers: tuple[str, ...] = ()
    changes: tuple[StateChange, ...] = ()
    waits: bool = False
    for_witness: bool = False


"""Faults, and what Doctor corrects because of them."""

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

from doctor_core.model.evidence import Evidence
from doctor_core.model.hosts import Server
from doctor_core.model.ids import new_id


class FaultStatus(enum.StrEnum):
    """Whether a fault is raised or cleared."""

    DOWN = 'down'
    UP = 'up'


class TargetKind(enum.StrEnum):
    """What a fault can be of; so far somebody handles hosts only."""

    HOST = 'host'
    SERVER = 'server'
    PORT = 'port'


@dataclasses.dataclass(frozen=True)
class SequenceNumber:
    """Where a report stands among all that one process sent, or took in.

    :ivar epoch: names the count; two of different epochs have no order.
    :ivar number: grows with each report.
    """

    epoch: str
    number: int


@dataclasses.dataclass(frozen=True)
class Fault:
    """What a monitor, or an alert, says of a host: a report.

    :ivar hostname: as the monitor knows the host; Nova may know it by its
        long or short form.
    :ivar type: the dotted event type, e.g. ``compute.host.down``.
    :ivar detected_at: when the monitor saw it, by the monitor's clock.
    :ivar received_at: when Doctor heard of it; says nothing of the order of
        two reports, for Doctor's own clock may step.
    :ivar source: who holds the fault open until it says otherwise: a kind of
        monitor (``sample``), or an alert's sender and fingerprint. Not a
        process: who takes over a host takes over the hold.
    :ivar sender: the process that says it, as far as is known. Its reports
        have an order; those of two senders have none.
    :ivar said_at: the time that the report itself carries, by the sender's
        clock; None when it carries none, or one that cannot be.
    :ivar began_at: when the occurrence began that an alert is about, by the
        sender's clock; None when nothing says so.
    :ivar ended_at: when it ended; None while it lasts.
    :ivar sequence: where it stands among the reports of its sender.
    :ivar arrival: where it stands among all that came in at one place, by
        whomever; None where that is not counted.
    :ivar evidence: what it rests on, as far as was said.
    :ivar is_path_suspected: whether so many hosts fell silent together that
        a path to them is suspected, rather than their deaths.
    :ivar is_by_rule: whether an operator's own rule says so, whoever hears
        the host; where it was seen only.
    :ivar remarks: what was not as it should be in the report, for a person.
    :ivar details: everything else that the event said, untouched.
    """

    hostname: str
    type: str
    status: FaultStatus
    detected_at: float
    received_at: float
    id: str = dataclasses.field(default_factory=new_id)
    source: str = ''
    cause: str = ''
    severity: str = ''
    sender: str = ''
    said_at: float | None = None
    began_at: float | None = None
    ended_at: float | None = None
    sequence: SequenceNumber | None = None
    arrival: SequenceNumber | None = None
    evidence: tuple[Evidence, ...] = ()
    is_path_suspected: bool = False
    is_by_rule: bool = False
    remarks: tuple[str, ...] = ()
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Action(enum.StrEnum):
    """What Doctor can correct in Nova's and Neutron's picture.

    :cvar START: starts a server whose guest has ended; goes one way only.
    """

    FORCE_DOWN = 'force-down'
    RESET_STATE = 'reset-state'
    DATA_PLANE_STATUS = 'data-plane-status'
    START = 'start'


class Mark(enum.StrEnum):
    """Which way a correction goes."""

    LOST = 'lost'
    BACK = 'back'


@dataclasses.dataclass(frozen=True)
class Correction:
    """One thing to be set right.

    :ivar target_id: the compute service, server or port.
    :ivar host: the host it is on.
    :ivar mark: whether it is to be shown as lost, or as it was before.
    :ivar before: the value before Doctor changed it, in the words of the
        API; empty when it is not known.
    :ivar server_id: the server that a port belongs to; empty when it is not
        known, and of everything else.
    """

    action: Action
    target_id: str
    host: str
    mark: Mark
    before: str = ''
    server_id: str = ''

    @property
    def key(self) -> tuple[Action, str]:
        """What it is about, whichever way it goes."""
        return self.action, self.target_id

    def back(self) -> 'Correction':
        """The correction that takes this one back."""
        return dataclasses.replace(self, mark=Mark.BACK)


@dataclasses.dataclass(frozen=True)
class StateChange:
    """A correction that was tried.

    :ivar at: when the API had answered.
    :ivar error: why it failed; empty when it succeeded.
    :ivar remark: what went otherwise than it should although it succeeded.
    :ivar is_final: whether it failed for good: trying again is of no use.
    :ivar is_refused: whether it failed since the service said no, each time
        that it was asked: nothing was changed. Without that, an answer may
        have been lost, and it is taken back when the host returns.
    """

    correction: Correction
    at: float
    error: str = ''
    remark: str = ''
    is_final: bool = False
    is_refused: bool = False

    @property
    def done(self) -> bool:
        return not self.error


class News(enum.StrEnum):
    """What the owner of a server is told in the course of a fault.

    :cvar LOST: the host is lost, and the server with it.
    :cvar STOPPED: the host is back, but the guest ended with it.
    :cvar BACK: the server is as it was before, or as Nova shows it now.
    """

    LOST = 'lost'
    STOPPED = 'stopped'
    BACK = 'back'


@dataclasses.dataclass(frozen=True)
class Telling:
    """One thing that the owner of a server is to be told.

    :ivar server: as it was when the fault found it.
    :ivar shown: the state that the notice shows.
    :ivar traits: further traits of the event, by name; texts.
    """

    server: Server
    news: News
    shown: str
    traits: Mapping[str, str] = dataclasses.field(default_factory=dict)

"""What plugins say of hosts, made fit for the log, the bus and a person."""

import dataclasses

from doctor_core import wire
from doctor_core.model import Fault
from doctor_core.model.evidence import Evidence
from doctor_core.monitors.base import HostStatus


def evidence(found: Evidence) -> Evidence:
    """What a plugin has found; its text may be of whoever was asked."""
    return dataclasses.replace(found, source=wire.in_short(found.source),
                               text=wire.in_short(found.text))


def verdict(fault: Fault) -> Fault:
    """What a plugin reports."""
    return dataclasses.replace(
        fault, cause=wire.in_short(fault.cause),
        evidence=tuple(map(evidence, fault.evidence)))


def status(held: HostStatus) -> HostStatus:
    """What a plugin holds of a host."""
    return dataclasses.replace(held, state=wire.in_short(held.state),
                               problem=wire.in_short(held.problem))

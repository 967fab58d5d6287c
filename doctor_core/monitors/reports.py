"""A verdict on a host, as a monitor reports it."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from doctor_core import clock, wire
from doctor_core.model import Fault, FaultStatus
from doctor_core.model.evidence import Evidence
from doctor_core.monitors.judgement import Target
from doctor_core.wording import counted

LOG = logging.getLogger(__name__)


def host_down(hostname: str, cause: str,
              details: Mapping[str, Any] | None = None, *,
              rests_on: Sequence[Evidence] = (),
              is_path_suspected: bool = False, is_by_rule: bool = False,
              at: float | None = None) -> Fault:
    """That a host is down.

    :param cause: why that is thought, in few words.
    :param details: what else is known, for whoever looks into it.
    :param rests_on: what the verdict rests on; its texts are the cause at
        length.
    :param is_path_suspected: whether it fell silent together with others.
    :param is_by_rule: whether an operator's rule says so of a host that
        answers still by another path.
    :param at: when it was seen, in epoch seconds; now when None.
    """
    return dataclasses.replace(
        _fault(hostname, FaultStatus.DOWN, cause, details, at),
        evidence=tuple(rests_on), is_path_suspected=is_path_suspected,
        is_by_rule=is_by_rule)


def host_up(hostname: str, details: Mapping[str, Any] | None = None, *,
            at: float | None = None) -> Fault:
    """That a host is up again.

    :param at: as of :func:`host_down`.
    """
    return _fault(hostname, FaultStatus.UP, 'answers again', details, at)


def log(fault: Fault) -> None:
    """Have the log say what is reported of a host."""
    if fault.status is not FaultStatus.DOWN:
        LOG.info('Host %s is up again since %f', fault.hostname,
                 fault.detected_at)
        return
    why = '; '.join(filter(None, (one.text for one in fault.evidence))) \
        or fault.cause
    if fault.is_path_suspected:
        together = fault.details.get('silent_together')
        why += (f"; {counted(together, 'host')} fell silent within a second"
                if together else '') + ': first a path to them is suspected'
    LOG.info('doctor monitor detected at %f host %s is down: %s',
             fault.detected_at, fault.hostname, why)


def _fault(hostname: str, status: FaultStatus, cause: str,
           details: Mapping[str, Any] | None, at: float | None) -> Fault:
    now, down = clock.now(), status is FaultStatus.DOWN
    return Fault(
        hostname=hostname, type=wire.HOST_DOWN if down else wire.HOST_UP,
        status=status, detected_at=now if at is None else at,
        received_at=now, said_at=now,
        cause=cause, severity='critical' if down else 'info',
        details=details or {})


def last_answer_at(targets: Sequence[Target]) -> float | None:
    """When the last answer came, by the epoch; None before the first."""
    heard_at = max((target.heard_at for target in targets),
                   default=float('-inf'))
    if heard_at == float('-inf'):
        return None
    return clock.now() - (clock.monotonic() - heard_at)

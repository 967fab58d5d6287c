"""A source that said a host is lost, and is silent although the host lives."""

import dataclasses
import logging
from collections.abc import Callable

from doctor_core import clock
from doctor_core.cloud.heartbeats import Heartbeats
from doctor_core.exceptions import BackendError
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.settings import Settings
from doctor_core.store import FaultRecord

LOG = logging.getLogger(__name__)

#: nova-compute that reports is heard at least so often, in seconds: its own
#: report_interval is 10.
_REPORTS_WITHIN_S = 45.0


@dataclasses.dataclass
class _Beating:
    """nova-compute of a host that is held down reports.

    :ivar since: since when, without a gap.
    :ivar last: when it was seen last.
    :ivar repeats: how often it had been said that the host is lost.
    """

    since: float
    last: float
    repeats: int


class Silence:
    """Since when nova-compute reports although its host is held down.

    :param settings: how long is long enough.
    :param monotonic: the time, in seconds.
    """

    def __init__(self, settings: Callable[[], Settings],
                 affected: AffectedMap,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._settings = settings
        self._affected = affected
        self._monotonic = monotonic
        self._reports = Heartbeats()
        self._since: dict[str, _Beating] = {}

    def why_over(self, record: FaultRecord) -> str:
        """Why a fault is over although its source has not cleared it: the
        host was heard, and nova-compute has reported for long enough. Empty
        when it is not over; may block on Nova.
        """
        limit_s = self._settings().silent_source_s
        if not limit_s:
            return ''
        try:
            service = self._affected.service(record.hostname)
        except BackendError as error:
            LOG.debug('%s', error)
            return ''
        now = self._monotonic()
        beating = self._since.get(record.id)
        if beating is None or beating.repeats != record.repeats:
            # Whoever says it again is not silent.
            beating = self._since[record.id] = _Beating(
                now, now, record.repeats)
        if service is None or not self._reports.look(record.id, service):
            # One report is missing at the most: else it counts anew.
            if now > beating.last + _REPORTS_WITHIN_S:
                beating.since = now
        else:
            beating.last = now
            self._reports.restart(record.id, service)
        if beating.last < beating.since + limit_s:
            return ''
        return (f'Doctor\'s own monitor hears the host, nova-compute has '
                f'reported for {limit_s:g} s, and who said that it was lost '
                'is silent')

    def forget(self, fault_id: str) -> None:
        """A fault has ended."""
        self._reports.forget(fault_id)
        self._since.pop(fault_id, None)

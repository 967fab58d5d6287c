"""Reports whose host Nova was not asked about yet, or could not be.

They wait, in the order of arrival and over a restart, for a look at Nova that
begins after they came; only that says that there is no such host.
"""

import json
import threading

from doctor_core import clock, wire
from doctor_core.model import Fault
from doctor_core.store import Store

#: So many wait; each source's repetitions count once.
MOST = 5000


class Unplaced:
    """The reports that wait; each method from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._reports: dict[str, Fault] = {}
        for document in store.kept.documents():
            report = wire.fault_from_payload(json.loads(document),
                                             clock.now())
            self._reports[report.id] = report

    def keep(self, report: Fault) -> str:
        """Have a report wait.

        :returns: the report that waits: an earlier one if it says the same;
            empty when too many wait.
        """
        with self._lock:
            for other in reversed(self._reports.values()):
                if _who(other) != _who(report):
                    continue
                if other.status is report.status:
                    return other.id
                break
            if len(self._reports) >= MOST:
                return ''
            self._store.kept.add(report.id, json.dumps(
                wire.fault_to_payload(report)))
            self._reports[report.id] = report
            return report.id

    def waiting(self) -> list[Fault]:
        """The reports, oldest first."""
        with self._lock:
            return list(self._reports.values())

    def remove(self, report: Fault) -> None:
        """A report waits no more."""
        with self._lock:
            self._store.kept.remove(report.id)
            self._reports.pop(report.id, None)


def _who(report: Fault) -> tuple[str, str, str]:
    return report.hostname, report.source, report.sender

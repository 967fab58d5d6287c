"""Reports whose host Nova was not asked about yet, or could not be; and what
witnesses have said since of their hosts.

They wait, in the order of arrival and over a restart, for a look at Nova that
begins after they came; only that says that there is no such host.
"""

import collections
import json
import threading
from typing import Any

from doctor_core import clock, wire
from doctor_core.model import Fault
from doctor_core.model.evidence import Finding, Weight
from doctor_core.store import Store

#: So many reports wait, and so many words of witnesses; each source's
#: repetitions count once.
MOST = 5000

#: What waits.
Waiting = Fault | Finding


class Unplaced:
    """The reports that wait; each method from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._line: dict[str, Waiting] = {}
        #: How many of each kind.
        self._counts: collections.Counter[type[Waiting]] = (
            collections.Counter())
        for document in store.kept.documents():
            self._put(_read(document))

    def keep(self, report: Fault) -> str:
        """Have a report wait.

        :returns: the report that waits: an earlier one if it says the same;
            empty when too many wait.
        """
        with self._lock:
            for other in reversed(self._line.values()):
                if isinstance(other, Finding):
                    if _ends(other, report):
                        break
                    continue
                if _who(other) != _who(report):
                    continue
                if other.status is report.status:
                    return other.id
                break
            return report.id if self._add(
                report, wire.fault_to_payload(report)) else ''

    def keep_found(self, finding: Finding) -> bool:
        """Have wait what was found of a host; what its source said before of
        the same kind waits no more.

        :returns: whether it waits; not when too many do.
        """
        with self._lock:
            if _id(finding) in self._line:
                self._remove(finding)
            return self._add(finding, wire.witnessed_to_payload(
                finding.hostname, [finding.evidence]))

    def waiting(self) -> list[Waiting]:
        """What waits, oldest first."""
        with self._lock:
            return list(self._line.values())

    def remove(self, one: Waiting) -> None:
        """It waits no more."""
        with self._lock:
            # A witness may have said so anew meanwhile.
            if self._line.get(_id(one)) is one:
                self._remove(one)

    def _add(self, one: Waiting, payload: dict[str, Any]) -> bool:
        if self._counts[type(one)] >= MOST:
            return False
        self._store.kept.add(_id(one), json.dumps(payload))
        self._put(one)
        return True

    def _put(self, one: Waiting) -> None:
        self._line[_id(one)] = one
        self._counts[type(one)] += 1

    def _remove(self, one: Waiting) -> None:
        self._store.kept.remove(_id(one))
        del self._line[_id(one)]
        self._counts[type(one)] -= 1


def _read(document: str) -> Waiting:
    payload, now = json.loads(document), clock.now()
    if 'type' in payload:
        return wire.fault_from_payload(payload, now)
    hostname, (evidence,) = wire.witnessed_from_payload(payload, now)
    return Finding(hostname, evidence)


def _who(report: Fault) -> tuple[str, str, str]:
    return report.hostname, report.source, report.sender


def _id(one: Waiting) -> str:
    if isinstance(one, Fault):
        return one.id
    return f'{one.evidence.kind} {one.evidence.source} {one.hostname}'


def _ends(finding: Finding, report: Fault) -> bool:
    """Whether what is said of a host after it is no repetition of what was
    said before.
    """
    return finding.hostname == report.hostname \
        and finding.evidence.kind.weight is Weight.LIVES

"""Corrections that nobody answers: the log says so soon, not when it is over.
"""

import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator

LOG = logging.getLogger(__name__)

#: For how long nothing is answered before that is said, in seconds.
_SOON_S = 5.0


@dataclasses.dataclass
class Asked:
    """Corrections that were asked for together.

    :ivar left: how many have no outcome yet.
    :ivar since: since when none of them has had one.
    """

    fault_id: str
    host: str
    left: int
    since: float
    is_said: bool = False


class Unanswered:
    """What is being asked for; each method from any thread.

    :param monotonic: the time, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked: list[Asked] = []

    @contextlib.contextmanager
    def asking(self, fault_id: str, host: str, count: int
               ) -> Iterator[Callable[[], None]]:
        """So many corrections are asked for inside.

        :returns: called when one of them has its outcome.
        """
        asked = Asked(fault_id, host, count, self._monotonic())

        def answered() -> None:
            asked.left -= 1
            asked.since = self._monotonic()

        with self._lock:
            self._asked.append(asked)
        try:
            yield answered
        finally:
            with self._lock:
                self._asked = [one for one in self._asked if one is not asked]

    def look(self) -> None:
        """Say of which there was no answer for some seconds; never blocks."""
        until = self._monotonic() - _SOON_S
        with self._lock:
            late = [one for one in self._asked
                    if one.since <= until and not one.is_said]
            for one in late:
                one.is_said = True
        for one in late:
            LOG.warning('Fault %s of host %s: nobody has answered for %g s. '
                        'Corrections that wait for Nova or Neutron: %d',
                        one.fault_id, one.host, _SOON_S, one.left)

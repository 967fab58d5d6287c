"""What Nova told last of its host aggregates: which hosts belong together."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait

from doctor_core import background
from doctor_core.cloud.views import Views
from doctor_core.exceptions import BackendError
from doctor_core.model import Aggregate

LOG = logging.getLogger(__name__)


class Aggregates:
    """Asked for in a thread of their own, so that nobody waits for them who
    does not want to. Each method may be called from any thread; none raises.

    :param cloud: gives the OpenStack APIs, or raises CloudError.
    :ivar begin: has work done in a thread that is given a name.
    """

    def __init__(self, cloud: Callable[[], Views]) -> None:
        self._cloud = cloud
        self.begin: Callable[[Callable[[], None], str], Future[None]] = \
            background.begin
        self._lock = threading.Lock()
        self._known: tuple[Aggregate, ...] | None = None
        self._asked: Future[None] | None = None
        self._is_failing = False

    @property
    def known(self) -> Sequence[Aggregate] | None:
        """Those of the last answer; None as long as there was none."""
        return self._known

    def racks(self) -> dict[str, str]:
        """The rack of each host that is in one; of one that is in several,
        the first.
        """
        return {host: one.rack for one in reversed(self._known or ())
                if one.rack for host in one.hosts}

    def look(self) -> None:
        """Ask anew, unless a question is under way; never blocks."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = self.begin(self._ask, 'nova-aggregates')

    def wait(self, timeout_s: float) -> None:
        """Return when what was asked is answered, or cannot be; blocks for
        so many seconds at the most.
        """
        with self._lock:
            asked = self._asked
        if asked is not None:
            wait([asked], timeout_s)

    def _ask(self) -> None:
        try:
            self._known = tuple(self._cloud().aggregates())
        except BackendError as error:
            if not self._is_failing:
                LOG.warning(
                    'Nova does not tell of its host aggregates: %s. %s',
                    error, 'It is not known which hosts are of one rack, '
                    'zone or aggregate' if self._known is None else
                    'They are taken to be as they were')
            self._is_failing = True
            return
        except Exception:  # the thread's outermost frame
            LOG.exception('The host aggregates are not known')
            return
        if self._is_failing:
            LOG.warning('Nova tells of its host aggregates again')
        self._is_failing = False

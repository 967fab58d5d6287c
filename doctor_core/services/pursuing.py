"""What reports call for, host by host, beside one another."""

import collections
import dataclasses
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from doctor_core.exceptions import StoreError

LOG = logging.getLogger(__name__)

_AT_ONCE = 512
#: So many reports of a host are answered by one pursuit.
_ANSWERED = 100


@dataclasses.dataclass
class _Owed:
    """A pursuit that has not begun.

    :ivar reports: those that call for it, oldest first.
    """

    is_loss: bool = False
    reports: collections.deque[str] = dataclasses.field(
        default_factory=collections.deque)


class Pursuing:
    """Pursues hosts in threads: each once at a time, and once more if a
    report came meanwhile, however many came. Losses go before returns.

    Each method may be called from any thread.

    :param pursue: called with a host and the reports that call for that,
        oldest first; may block for long.
    :param passed: called with a host and a report beyond its latest hundred
        that wait: no pursuit answers it.
    :param name: names the threads.
    :param pool: threads; some of its own when None.
    """

    def __init__(self, pursue: Callable[[str, Sequence[str]], object],
                 passed: Callable[[str, str], object], name: str,
                 pool: Executor | None = None) -> None:
        self._pursue = pursue
        self._passed = passed
        self._name = name
        self._pool = pool or ThreadPoolExecutor(_AT_ONCE, name)
        self._lock = threading.Lock()
        self._owed: dict[str, _Owed] = {}
        #: Whose turn is next.
        self._losses: dict[str, None] = {}
        self._returns: dict[str, None] = {}
        self._under_way: set[str] = set()
        self._closing = False

    def put(self, host: str, report_id: str, *, is_loss: bool) -> None:
        """A report calls for the pursuit of a host; never blocks."""
        passed = ''
        with self._lock:
            is_new = host not in self._owed
            owed = self._owed.setdefault(host, _Owed())
            owed.is_loss |= is_loss
            if len(owed.reports) >= _ANSWERED:
                passed = owed.reports.popleft()
            owed.reports.append(report_id)
            is_ready = host not in self._under_way
            if is_ready:
                self._queue(host, owed)
        if is_new and is_ready:
            self._pool.submit(self._next)
        if passed:
            self._passed(host, passed)

    def close(self) -> None:
        """Wait for what is under way, and begin nothing any more: it is in
        the store.
        """
        with self._lock:
            self._closing = True
        self._pool.shutdown()

    def _queue(self, host: str, owed: _Owed) -> None:
        if owed.is_loss:
            self._returns.pop(host, None)
            self._losses.setdefault(host)
        else:
            self._returns.setdefault(host)

    def _next(self) -> None:
        """Pursue one; there are as many of these as hosts whose turn is to
        come.
        """
        with self._lock:
            if self._closing:
                return
            ready = self._losses or self._returns
            host = next(iter(ready))
            del ready[host]
            reports = list(self._owed.pop(host).reports)
            self._under_way.add(host)
        try:
            self._pursue(host, reports)
        except Exception as error:  # the outermost frame of a thread
            LOG.error('%s: what follows of a report of host %s failed: %s',
                      self._name, host, error,
                      exc_info=not isinstance(error, StoreError))
        finally:
            self._ended(host)

    def _ended(self, host: str) -> None:
        with self._lock:
            self._under_way.discard(host)
            owed = self._owed.get(host)
            if owed is None or self._closing:
                return
            self._queue(host, owed)
        try:
            self._pool.submit(self._next)
        except RuntimeError as error:
            # Closed meanwhile.
            LOG.debug('%s', error)

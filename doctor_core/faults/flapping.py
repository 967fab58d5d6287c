"""Hosts that come and go: their faults stay open until they are quiet."""

import collections
import threading
from collections.abc import Callable, Iterable

from doctor_core import clock
from doctor_core.faults.settings import Settings


class Flapping:
    """Counts the returns of each host; each method from any thread.

    What it counts is lost with the process: after a restart a host may come
    and go as often again, unless its fault was kept open already.

    :param settings: how many returns, in how many seconds, are a flap, and
        after how many quiet ones it is over.
    :param monotonic: the time, in seconds; no step of the time of day
        counts.
    :param kept_open: the hosts whose faults a former process kept open: they
        came and went a moment ago, as far as anybody knows.
    """

    def __init__(self, settings: Callable[[], Settings],
                 monotonic: Callable[[], float] = clock.monotonic,
                 kept_open: Iterable[str] = ()) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._started_at = monotonic()
        self._seen = {
            host: collections.deque(
                [self._started_at] * max(1, settings().flap_returns))
            for host in kept_open}

    def back(self, host: str) -> bool:
        """A host is back.

        :returns: whether its fault is to stay open until it is quiet.
        """
        now = self._monotonic()
        settings = self._settings()
        with self._lock:
            seen = self._seen.setdefault(host, collections.deque())
            while seen and seen[0] <= now - settings.flap_window_s:
                seen.popleft()
            flaps = 0 < settings.flap_returns <= len(seen)
            seen.append(now)
            # More of them say no more.
            while len(seen) > max(1, settings.flap_returns):
                seen.popleft()
            return flaps

    def is_quiet(self, host: str) -> bool:
        """Whether a host whose fault was left open has been back for long
        enough; one that is not known here, since the process began.
        """
        with self._lock:
            seen = self._seen.get(host)
            since = seen[-1] if seen else self._started_at
            return since + self._settings().flap_quiet_s <= self._monotonic()

    def describe(self) -> str:
        """Why a fault stays open."""
        return (f'the host comes and goes: it is cleared when it has been '
                f'back for {self._settings().flap_quiet_s:g} s')

"""Servers of which something was heard that may be old: Nova is asked."""

import logging
import threading
from collections.abc import Callable, Collection

from doctor_core.exceptions import BackendError
from doctor_core.soon import Soon

LOG = logging.getLogger(__name__)

#: How many are asked for in a round, and wait for one.
_AT_A_TIME = 50
_MOST = 1000
_PAUSE_S = 0.5


class Doubts:
    """Asks in a thread of its own, for some servers at a time, each once
    for all that was heard of it meanwhile. Each method from any thread.

    What Nova does not answer, and what is too much, is left to the next look
    at the cloud.

    :param ask: asks Nova for servers by their ids, and learns what they are;
        may block.
    """

    def __init__(self, ask: Callable[[Collection[str]], object]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._waiting: dict[str, None] = {}
        self._is_full = False
        self._soon = Soon(self._round, 'nova-doubts', pause_s=_PAUSE_S)

    def add(self, server_id: str) -> None:
        """Have Nova asked for a server; never blocks."""
        with self._lock:
            if server_id in self._waiting:
                return
            was_full = self._is_full
            self._is_full = len(self._waiting) >= _MOST
            if not self._is_full:
                self._waiting[server_id] = None
        if not self._is_full:
            self._soon.ask()
        elif not was_full:
            LOG.info('Much is heard from Nova that may be old: the next look '
                     'at the cloud will tell')

    def close(self) -> None:
        """Return when the round that was asked for is over; may be called
        again.
        """
        self._soon.close()

    def _round(self) -> None:
        with self._lock:
            batch = [*self._waiting][:_AT_A_TIME]
            for server_id in batch:
                del self._waiting[server_id]
            is_more = bool(self._waiting)
        try:
            self._ask(batch)
        except BackendError as error:
            LOG.info('Nova was not asked for servers of which old news came; '
                     'the next look at the cloud will tell: %s', error)
        if is_more:
            self._soon.ask()

"""What the inspector does while nothing happens."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from doctor_core import store
from doctor_core.exceptions import BackendError
from doctor_core.inspectors.affected import AffectedMap
from doctor_core.services.handler import FaultHandler

LOG = logging.getLogger(__name__)

_PAUSE_S = 30.0
#: How seldom what is owed is tried again, after some failures.
_LAST_RETRY_S = 30.0
#: How soon an operator's word is obeyed.
_LOOK_S = 0.5


class Upkeep:
    """Finishes what is owed, in threads of its own.

    :param settings: the section ``[inspector]``.
    :param stopping: set when the process ends.
    :param first_retry_s: how soon what is owed is tried again; then less
        and less often.
    """

    def __init__(self, settings: Any, handler: FaultHandler,
                 affected: AffectedMap, stopping: threading.Event, *,
                 first_retry_s: float = 2.0) -> None:
        self._settings = settings
        self._handler = handler
        self._affected = affected
        self._stopping = stopping
        self._threads = [
            threading.Thread(target=self._repeat, args=(round_,), name=name,
                             daemon=True)
            for name, round_ in (('inspector-upkeep', self._finish),
                                 ('inspector-refresh', self._refresh),
                                 ('inspector-release', self._release))]
        self._first_retry_s = self._retry_s = first_retry_s

    def start(self) -> None:
        """Begin; never blocks for long."""
        self._handler.holding.remind()
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until it has ended; may be called without a start."""
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _repeat(self, round_: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                round_()
            except BackendError as error:
                LOG.warning('A round of the inspector\'s upkeep ended early: '
                            '%s', error)
            except Exception:  # the thread's outermost frame
                LOG.exception('A round of the inspector\'s upkeep failed')
                self._stopping.wait(_PAUSE_S)

    def _finish(self) -> None:
        """Do what is owed, what servers that have moved need, and what
        did not reach an owner.
        """
        is_owed = True
        try:
            reports = self._handler.resume()
            self._handler.follow()
            self._handler.confirmation.look()
            is_owed = any(report.state in (store.HANDLING, store.CLEARING)
                          for report in reports)
        finally:
            self._retry_s = min(2 * self._retry_s, _LAST_RETRY_S) if is_owed \
                else self._first_retry_s
            self._stopping.wait(self._retry_s)

    def _refresh(self) -> None:
        """Look at the whole cloud now and then."""
        self._stopping.wait(self._settings.refresh_s)
        if not self._stopping.is_set():
            self._affected.refresh()

    def _release(self) -> None:
        """Do what was held and is not any more."""
        released = self._handler.holding.released()
        if released:
            self._handler.resume(released)
        self._stopping.wait(_LOOK_S)

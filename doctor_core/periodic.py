"""What has to be done now and then; the only module that knows futurist."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType

from doctor_core.eventlet_unused import eventlet_unused

with eventlet_unused():
    from futurist import periodics

LOG = logging.getLogger(__name__)

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType]
#: A pause that is none would keep the thread busy.
_SHORTEST_S = 0.001


class Periodic:
    """Has rounds made, one after another, by a thread of its own.

    A round that raises is logged with its traceback, and the next one comes
    as if nothing had happened.

    :param name: the thread's name; also says in the log what failed.
    :param round_: makes one round; may block. It returns the seconds until
        the next one, or None for those of ``pause_s``.
    :param pause_s: seconds from the end of a round to the next one; where
        they may change, what tells them: asked now, and after each round.
    :param at_once: whether the first round comes without a pause.
    :param failed_pause_s: the least seconds from a round that raised to the
        next one: a log must not fill with one traceback.
    """

    def __init__(self, name: str, round_: Callable[[], float | None],
                 pause_s: float | Callable[[], float], *,
                 at_once: bool = False, failed_pause_s: float = 0.0
                 ) -> None:
        self._name = name
        self._worker = periodics.PeriodicWorker(
            [(_Round(round_, pause_s, at_once, failed_pause_s), (), {})],
            schedule_strategy='last_finished', on_failure=self._failed)
        self._thread = threading.Thread(target=self._worker.start, name=name,
                                        daemon=True)

    def start(self) -> None:
        """Begin; does not block. Called once."""
        self._thread.start()

    def stop(self) -> None:
        """End: a pause at once, a round when it returns.

        May be called again, and where nothing was started; not from within
        a round.
        """
        self._worker.stop()
        if self._thread.is_alive():
            self._thread.join()

    def _failed(self, _callback: object, _kind: str, _spacing: float,
                exc_info: _ExcInfo, traceback: str | None = None) -> None:
        LOG.error('A round of %s failed; the next one comes', self._name,
                  exc_info=exc_info)


class _Round:
    """A round, with the attributes by which futurist knows when it is due;
    it reads them anew after each.
    """

    _is_periodic = True

    def __init__(self, round_: Callable[[], float | None],
                 pause_s: float | Callable[[], float],
                 at_once: bool, failed_pause_s: float) -> None:
        self._round = round_
        self._pause_s = pause_s
        self._failed_pause_s = failed_pause_s
        self._periodic_run_immediately = at_once
        self._periodic_spacing = self._pause(None)

    def _pause(self, said_s: float | None) -> float:
        if said_s is None:
            said_s = self._pause_s() if callable(self._pause_s) \
                else self._pause_s
        return max(_SHORTEST_S, said_s)

    def __call__(self) -> None:
        try:
            said_s = self._round()
        except Exception:
            self._periodic_spacing = max(self._failed_pause_s,
                                         self._pause(None))
            raise
        self._periodic_spacing = self._pause(said_s)

"""Work that is asked for often, and done once for all who have asked."""

import logging
import threading
from collections.abc import Callable

from doctor_core import clock

LOG = logging.getLogger(__name__)


class Soon:
    """Has work done by a thread of its own: at once, or, where it was done a
    moment ago, when that moment is over.

    Whoever asks is not held up by it, and a thousand who ask within a second
    cost a few rounds of work. Each method may be called from any thread.

    :param work: does all there is to do; may block. What it raises is
        logged with its traceback, and it is done again.
    :param name: the thread's name.
    :param pause_s: seconds from the end of a round to the next one.
    :param again_s: seconds until what could not be done is done again: the
        first time, and at the most.
    """

    def __init__(self, work: Callable[[], None], name: str, *,
                 pause_s: float = 0.05,
                 again_s: tuple[float, float] = (1.0, 30.0)) -> None:
        self._work = work
        self._name = name
        self._pause_s = pause_s
        self._first_again_s, self._last_again_s = again_s
        self._again_s = self._first_again_s
        self._again: clock.Deadline | None = None
        self._changed = threading.Condition()
        self._is_asked = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def ask(self) -> bool:
        """Have the work done; never blocks.

        :returns: False once closed: nobody does it any more.
        """
        with self._changed:
            if self._closed:
                return False
            self._is_asked = True
            self._wake()
        return True

    def ask_again(self) -> None:
        """What there is to do could not be done: have it done after a pause,
        each longer than the one before, or when somebody asks, and once more
        before the end. Never blocks.
        """
        with self._changed:
            if self._again is None and not self._closed:
                self._again = clock.Deadline(self._again_s)
                self._wake()

    def close(self) -> None:
        """Return when all is done that was asked for, or was tried once
        more; not from within a round. May be called again.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._main, name=self._name, daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _main(self) -> None:
        while self._is_to_be_done():
            try:
                self._work()
            except Exception:
                LOG.exception('A round of %s failed', self._name)
                self.ask_again()
            with self._changed:
                if self._again is None:
                    self._again_s = self._first_again_s
                self._changed.wait_for(lambda: self._closed, self._pause_s)

    def _is_to_be_done(self) -> bool:
        """Wait until somebody has asked; False when that is over."""
        with self._changed:
            while not self._is_asked and not self._closed:
                left_s = self._again.left_s() if self._again else None
                if left_s == 0.0:
                    self._again_s = min(2 * self._again_s,
                                        self._last_again_s)
                    break
                self._changed.wait(left_s)
            wanted = self._is_asked or self._again is not None
            self._is_asked, self._again = False, None
            return wanted

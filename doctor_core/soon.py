"""Work that is asked for often, and done once for all who have asked."""

import logging
import threading
from collections.abc import Callable

LOG = logging.getLogger(__name__)


class Soon:
    """Has work done by a thread of its own: at once, or, where it was done a
    moment ago, when that moment is over.

    Whoever asks is not held up by it, and a thousand who ask within a second
    cost a few rounds of work. Each method may be called from any thread.

    :param work: does all there is to do; may block. What it raises is
        logged with its traceback.
    :param name: the thread's name.
    :param pause_s: seconds from the end of a round to the next one.
    """

    def __init__(self, work: Callable[[], None], name: str, *,
                 pause_s: float = 0.05) -> None:
        self._work = work
        self._name = name
        self._pause_s = pause_s
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
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._main, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return True

    def close(self) -> None:
        """Return when all is done that was asked for; not from within a
        round. May be called again.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _main(self) -> None:
        while self._is_to_be_done():
            try:
                self._work()
            except Exception:
                LOG.exception('A round of %s failed', self._name)
            with self._changed:
                self._changed.wait_for(lambda: self._closed, self._pause_s)

    def _is_to_be_done(self) -> bool:
        """Wait until somebody has asked; False when that is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_asked or self._closed)
            asked, self._is_asked = self._is_asked, False
            return asked

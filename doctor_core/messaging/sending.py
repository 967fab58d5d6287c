"""Messages that are sent within a time, or not."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from doctor_core import clock

_Job = tuple[Any, 'Future[None]']


class Overdue(Exception):
    """The broker has neither taken nor refused a message in time."""


class Sending:
    """Sends one message after another, from a thread of its own.

    oslo.messaging waits for the broker's word without an end: one that is
    short of memory or disk says nothing until it has some again, though it
    keeps the connection.

    :param send: sends a message; may block.
    :param limit_s: for how long whoever sends waits, in seconds.
    """

    def __init__(self, send: Callable[..., None], limit_s: float) -> None:
        self._send = send
        self._limit_s = limit_s
        # One at a time: connections beyond the pool are not worth it, and
        # oslo.messaging warns about them.
        self._turn = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._begun = False
        #: What nobody waits for any more, and is still being sent.
        self._left: Future[None] | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether the broker says nothing of a message that was given up.
        Never blocks.
        """
        return self._left is not None and not self._left.done()

    def __call__(self, *message: Any) -> None:
        """Send a message; raises what that raises.

        :raises Overdue: not in time, or one before it is stuck. It may be
            taken later all the same.
        """
        if self.is_stuck:
            raise Overdue(self._complaint())
        deadline = clock.Deadline(self._limit_s)
        if not self._turn.acquire(timeout=deadline.left_s()):
            raise Overdue(self._complaint())
        if not self._begun:
            self._begun = True
            threading.Thread(target=self._main, name='bus-sending',
                             daemon=True).start()
        done: Future[None] = Future()
        self._jobs.put((message, done))
        try:
            done.result(deadline.left_s())
        except TimeoutError:
            if done.done():  # just now, or it is what sends that raises it
                return done.result()
            self._left = done
            raise Overdue(self._complaint()) from None

    def close(self) -> None:
        """Send nothing any more; does not wait for what is stuck."""
        if self._begun:
            self._begun = False
            self._jobs.put(None)

    def _complaint(self) -> str:
        return (f'the broker has said nothing for {self._limit_s:.0f} s (it '
                'lets nobody publish while it is short of memory or disk)')

    def _main(self) -> None:
        while (job := self._jobs.get()) is not None:
            message, done = job
            try:
                self._send(*message)
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(None)
            finally:
                self._turn.release()

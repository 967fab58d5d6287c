"""Signals, for a main thread that waits for them."""

import contextlib
import signal
import socket
from collections.abc import Iterable


class Signals:
    """Waits for signals, whichever thread the kernel has interrupted.

    A lock that the main thread waits for is not let go of when it is another
    thread; the signal is dealt with when something else wakes the main
    thread, which may be never. So the interpreter writes each signal to a
    socket, and that is read.

    Made in the main thread, of which there is one for each process.

    :param numbers: of the signals.
    """

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self._heard, self._tell = socket.socketpair()
        self._tell.setblocking(False)
        self._before = {number: signal.signal(number, _ignored)
                        for number in numbers}
        self._fd_before = signal.set_wakeup_fd(
            self._tell.fileno(), warn_on_full_buffer=False)

    def wait(self) -> frozenset[int]:
        """The numbers of the signals that have come since the last call, and
        0 if :meth:`wake` was called; blocks until there is any.
        """
        return frozenset(self._heard.recv(4096))

    def wake(self) -> None:
        """Have :meth:`wait` return; from any thread, never blocks."""
        # Where there is no room, it is about to return anyway.
        with contextlib.suppress(BlockingIOError):
            self._tell.send(b'\0')

    def close(self) -> None:
        """Leave the signals to who had them before; in the main thread."""
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._heard.close()
        self._tell.close()


def _ignored(_number: int, _frame: object) -> None:
    """What there is to be done, the main thread does."""

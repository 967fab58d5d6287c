"""SIGTERM as an exception, so that what was begun is undone."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

_EXIT = 128 + signal.SIGTERM


@contextlib.contextmanager
def as_exception() -> Iterator[None]:
    """Have the first SIGTERM raise SystemExit in the main thread, as Ctrl-C
    raises KeyboardInterrupt; further ones do not disturb the undoing.

    Nothing in other threads.
    """
    def end(*_args: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(_EXIT)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

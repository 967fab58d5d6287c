"""SIGTERM and SIGHUP as an exception, so that what was begun is undone."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

#: Asked to end, and left by the terminal.
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def as_exception() -> Iterator[None]:
    """Have the first of these signals raise SystemExit in the main thread, as
    Ctrl-C raises KeyboardInterrupt; further ones do not disturb the undoing.

    A signal that is ignored, as nohup has it, stays so. Nothing in other
    threads.
    """
    def end(number: int, _frame: Any) -> None:
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS
              if signal.getsignal(number) is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Work in a thread that may be left alone.

The threads of a ThreadPoolExecutor are waited for when the process ends,
however long a peer takes to answer; these are not.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar('T')


def begin(work: Callable[[], T], name: str) -> 'Future[T]':
    """Have it done by a thread of its own; does not block.

    :param name: the thread's name.
    :returns: what becomes of it. To cancel that ends nothing.
    """
    done: Future[T] = Future()
    # From here on nobody can cancel it: it will take its outcome.
    done.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done

"""An asyncio loop in a thread of its own, behind a synchronous face."""

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from doctor_core import clock, descriptors

LOG = logging.getLogger(__name__)

T = TypeVar('T')

#: Seconds between two lines that say that something is short.
_SAID_S = 60.0


class LoopThread:
    """Runs coroutines for callers who are not asynchronous.

    Any thread may call; none of the loop's own may call :meth:`run`.

    :param name: the thread's name, as logs and debuggers show it.
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(_Complaints().handle)
        self._thread = threading.Thread(
            target=self._main, name=name, daemon=True)
        self._thread.start()

    def _main(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self._cancel_all()
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(
                asyncio.gather(*tasks, return_exceptions=True))

    def submit(self, coroutine: Coroutine[Any, Any, T]
               ) -> concurrent.futures.Future[T]:
        """Start a coroutine; does not block."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def run(self, coroutine: Coroutine[Any, Any, T],
            timeout_s: float | None = None) -> T:
        """Run a coroutine and wait for its result.

        :raises TimeoutError: it took longer; it is cancelled.
        """
        future = self.submit(coroutine)
        try:
            return future.result(timeout_s)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise

    def stop(self) -> None:
        """Cancel what runs and end the thread; may be called again."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()


class _Complaints:
    """What a loop complains of. While descriptors are short, asyncio does so
    a hundred times a second, each time with a traceback.
    """

    def __init__(self) -> None:
        self._said_at: float | None = None

    def handle(self, loop: asyncio.AbstractEventLoop,
               context: dict[str, Any]) -> None:
        """Log it; a shortage in one line, and once a minute."""
        error = context.get('exception')
        if not descriptors.is_shortage(error):
            loop.default_exception_handler(context)
            return
        now = clock.monotonic()
        if self._said_at is None or now - self._said_at >= _SAID_S:
            self._said_at = now
            LOG.error('%s: %s', context.get('message', 'asyncio'), error)

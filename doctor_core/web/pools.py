"""Threads for what blocks, so many and no more."""

import asyncio
import concurrent.futures
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from doctor_core.exceptions import DoctorError

T = TypeVar('T')
#: What is to be done; None ends the thread that gets it.
_Jobs: TypeAlias = queue.SimpleQueue[
    tuple[concurrent.futures.Future[Any], Callable[[], Any]] | None]


class PoolFull(DoctorError):
    """All threads of a pool are busy, and enough wait for one."""


class Pool:
    """Threads that run functions, first come, first served.

    Unlike those of :mod:`concurrent.futures` they keep no process from
    ending: a peer that does not answer is no reason to live.

    :param name: names the threads; for a person, too.
    :param threads: how many functions run at a time.
    :param waiting: how many more may wait for a thread.
    """

    def __init__(self, name: str, *, threads: int = 4,
                 waiting: int = 64) -> None:
        self.name = name
        self.limit = threads + waiting
        self._most = threads
        self._lock = threading.Lock()
        self._threads = 0
        self._taken = 0
        self._jobs: _Jobs = queue.SimpleQueue()

    @property
    def taken(self) -> int:
        """How many functions run or wait."""
        return self._taken

    @property
    def is_full(self) -> bool:
        """Whether the next function would be refused."""
        return self._taken >= self.limit

    def run(self, function: Callable[..., T], *args: Any
            ) -> asyncio.Future[T]:
        """Run a function in one of the threads; does not block.

        Called from an asyncio loop. What is cancelled before it has a thread
        is not run.

        :raises PoolFull: at once.
        """
        return asyncio.wrap_future(self._submit(lambda: function(*args)))

    def close(self) -> None:
        """End the threads: what waits is cancelled, what runs is left alone.

        May be called again. What comes later has threads again.
        """
        with self._lock:
            jobs, self._jobs = self._jobs, queue.SimpleQueue()
            threads, self._threads = self._threads, 0
        with contextlib.suppress(queue.Empty):
            while job := jobs.get_nowait():
                job[0].cancel()
                self._leave()
        for _ in range(threads):
            jobs.put(None)

    def _submit(self, work: Callable[[], T]) -> concurrent.futures.Future[T]:
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        with self._lock:
            if self.is_full:
                raise PoolFull(f'Too much waits for {self.name}; try again.')
            self._taken += 1
            grow = self._threads < min(self._taken, self._most)
            self._threads += grow
            jobs = self._jobs
            jobs.put((future, work))
        if grow:
            threading.Thread(target=self._main, args=(jobs,),
                             name=self.name, daemon=True).start()
        return future

    def _main(self, jobs: _Jobs) -> None:
        while (job := jobs.get()) is not None:
            self._do(*job)
            # A thread that waits holds on to nothing.
            del job

    def _do(self, future: concurrent.futures.Future[Any],
            work: Callable[[], Any]) -> None:
        if not future.set_running_or_notify_cancel():
            self._leave()
            return
        try:
            result = work()
        except BaseException as error:  # whoever waits for it gets it
            self._leave()
            future.set_exception(error)
        else:
            self._leave()
            future.set_result(result)

    def _leave(self) -> None:
        with self._lock:
            self._taken -= 1

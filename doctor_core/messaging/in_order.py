"""Messages one after another, and what follows of each at the same time."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from doctor_core.exceptions import StoreError

LOG = logging.getLogger(__name__)

_AT_ONCE = 512


class InOrder:
    """A handler in two steps: deciding in the order of arrival, and then
    pursuing, which may take long, beside that of others.

    The first step must not block for long: whoever comes later waits for it.

    :param decide: called as a :data:`.bus.Handler`, by one thread at a time;
        returns what is left to be done. What it has decided has to last: the
        message is not brought again when that fails.
    :param name: names the threads.
    :param pool: does what is left; threads of its own when None.
    """

    def __init__(self, decide: Callable[
            [str, Any, Mapping[str, Any]], Callable[[], object] | None],
            name: str, pool: Executor | None = None) -> None:
        self._decide = decide
        self._name = name
        self._pool = pool or ThreadPoolExecutor(_AT_ONCE, name)

    def take(self, event_type: str, payload: Any,
             metadata: Mapping[str, Any]) -> None:
        """Take one message, from one thread at a time."""
        rest = self._decide(event_type, payload, metadata)
        if rest is not None:
            self._pool.submit(self._pursue, rest)

    def _pursue(self, rest: Callable[[], object]) -> None:
        try:
            rest()
        except Exception as error:  # the outermost frame of a thread
            LOG.error('A message of %s was taken, and what follows of it '
                      'failed: %s', self._name, error,
                      exc_info=not isinstance(error, StoreError))

    def close(self) -> None:
        """Wait for all that is under way; nothing may be taken any more."""
        self._pool.shutdown()

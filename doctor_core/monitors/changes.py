"""Changes of what is held of hosts, on their way to who takes them."""

import collections
import logging
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from doctor_core.monitors.verdict import Change

LOG = logging.getLogger(__name__)

#: So long after it was refused one is told again, in seconds.
_AGAIN_S = 1.0

Of = TypeVar('Of', bound=Hashable)


class Changes(Generic[Of]):
    """Tells them, those of one host in their order; one that is refused is
    told again and holds up nothing of others.

    One thread only.

    :param take: called with each; it may raise.
    """

    def __init__(self, take: Callable[[Of, Change], None]) -> None:
        self._take = take
        self._left: collections.deque[tuple[Of, Change]] = collections.deque()
        #: Of whom one was refused, and when it is told again.
        self._refused: dict[Of, float] = {}

    def put(self, of: Of, change: Change) -> None:
        """Something has changed."""
        self._left.append((of, change))

    def tell(self, now: float) -> None:
        """Tell what is due; never raises.

        :param now: a monotonic time, in seconds.
        """
        for _ in range(len(self._left)):
            of, change = self._left.popleft()
            if self._refused.get(of, now) > now:
                self._left.append((of, change))
                continue
            try:
                self._take(of, change)
            except Exception:  # whoever takes it may be a plugin
                if of not in self._refused:
                    LOG.exception('That a host is %s could not be told; it '
                                  'is tried again', change)
                self._refused[of] = now + _AGAIN_S
                self._left.append((of, change))
            else:
                self._refused.pop(of, None)

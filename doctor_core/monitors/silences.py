"""Whether hosts fell silent together: then a path is suspected first. Pure.

Hosts die one by one. What three or more have in common that fall silent within
one second is more likely a switch or a route than their deaths; which it is,
another witness of each has to say.
"""

import bisect
import collections
from collections.abc import Hashable, Sequence

#: So many silences that began so close to each other are first a path's.
HOSTS = 3
WITHIN_S = 1.0


class Silences:
    """Which hosts are silent, and since when; those that are down as well.

    Who answers again after a while goes on to count for those that fell
    silent with it: the ports of a switch come up one after another.

    One thread may change it; the times are seconds of one monotonic clock.

    :param within_s: what is together; longer where it is known less exactly
        since when a host is silent.
    :param lasting_s: a silence that was shorter was a lost probe or two, and
        counts no more once it has ended.
    """

    def __init__(self, within_s: float = WITHIN_S,
                 lasting_s: float = 0.0) -> None:
        self._within_s = within_s
        self._lasting_s = lasting_s
        self._began: dict[Hashable, float] = {}
        #: Of those that have ended, when they began.
        self._over: dict[Hashable, float] = {}
        #: What :func:`_sizes` says of them: found once for all, for when many
        #: are lost at once each of them asks; empty when they changed.
        self._sizes: dict[float, int] = {}

    def began(self, host: Hashable, at: float) -> None:
        """A host is silent; what is said again of the same silence is not
        taken.

        :param at: since when: the first probe was sent that nothing of it
            answered.
        """
        if host not in self._began:
            self._began[host] = at
            self._over.pop(host, None)
            self._sizes = {}

    def ended(self, host: Hashable, at: float) -> None:
        """A host answers.

        :param at: since when.
        """
        began = self._began.pop(host, None)
        if began is None:
            return
        if at - began >= self._lasting_s:
            self._over[host] = began
        if not self._began:
            self._over.clear()
        self._sizes = {}

    def left(self, host: Hashable) -> None:
        """A host is not watched any more."""
        self._began.pop(host, None)
        self._over.pop(host, None)
        self._sizes = {}

    def since(self, host: Hashable) -> float | None:
        """Since when a host is silent; None when it is not."""
        return self._began.get(host)

    def together(self, host: Hashable) -> int:
        """How many hosts fell silent within one second, this one among them;
        1 when it did alone, 0 when it is not silent.
        """
        own = self._began.get(host)
        if own is None:
            return 0
        if not self._sizes:
            self._forget()
            self._sizes = _sizes(sorted([
                *self._began.values(), *self._over.values()]), self._within_s)
        return self._sizes[own]

    def _forget(self) -> None:
        """Those that have ended, and began with none that lasts."""
        lasting = sorted(self._began.values())

        def counts(at: float) -> bool:
            index = bisect.bisect_left(lasting, at - self._within_s)
            return index < len(lasting) \
                and lasting[index] <= at + self._within_s
        self._over = {host: at for host, at in self._over.items()
                      if counts(at)}

    def is_path(self, host: Hashable) -> bool:
        """Whether so many fell silent with a host that a path is suspected.
        """
        return self.together(host) >= HOSTS


def _sizes(times: Sequence[float], within_s: float) -> dict[float, int]:
    """The size of the largest group that each time belongs to; a group's
    first and last are no more apart than that.

    :param times: the earliest first.
    """
    sizes: dict[float, int] = {}
    # The time of the first and the size of those that may reach the next
    # time, the largest first: one that begins later reaches further.
    groups: collections.deque[tuple[float, int]] = collections.deque()
    end = 0
    for index, at in enumerate(times):
        while end < len(times) and times[end] - at <= within_s:
            end += 1
        while groups and groups[-1][1] <= end - index:
            groups.pop()
        groups.append((at, end - index))
        while at - groups[0][0] > within_s:
            groups.popleft()
        sizes.setdefault(at, groups[0][1])
    return sizes

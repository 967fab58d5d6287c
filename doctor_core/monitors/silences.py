"""Whether hosts fell silent together: then a path is suspected first. Pure.

Hosts die one by one. What three or more have in common that fall silent within
one second is more likely a switch or a route than their deaths; which it is,
another witness of each has to say.
"""

from collections.abc import Hashable

#: So many silences that began so close to each other are first a path's.
HOSTS = 3
WITHIN_S = 1.0


class Silences:
    """Which hosts are silent, and since when; those that are down as well.

    One thread may change it; the times are seconds of one monotonic clock.

    :param within_s: what is together; longer where it is known less exactly
        since when a host is silent.
    """

    def __init__(self, within_s: float = WITHIN_S) -> None:
        self._within_s = within_s
        self._began: dict[Hashable, float] = {}

    def began(self, host: Hashable, at: float) -> None:
        """A host is silent.

        :param at: since when: the first probe was sent that nothing of it
            answered.
        """
        self._began[host] = at

    def ended(self, host: Hashable) -> None:
        """A host answers, or is not watched any more."""
        self._began.pop(host, None)

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
        near = sorted(at for at in self._began.values()
                      if abs(at - own) <= self._within_s)
        first = most = 0
        for last, at in enumerate(near):
            while at - near[first] > self._within_s:
                first += 1
            if near[first] <= own <= at:
                most = max(most, last - first + 1)
        return most

    def is_path(self, host: Hashable) -> bool:
        """Whether so many fell silent with a host that a path is suspected.
        """
        return self.together(host) >= HOSTS

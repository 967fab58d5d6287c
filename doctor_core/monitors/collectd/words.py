"""What the collectds of all hosts say of hosts, and what follows. Pure.

A host is silent once the first collectd says that it is down, and lost a
second or two later: by then it is known who fell silent with it, and whether
it is rather a path to them that is broken. The times given are seconds of one
monotonic clock.
"""

from collections.abc import Callable, Collection, Sequence

from doctor_core.model import Fault
from doctor_core.monitors.silences import HOSTS, WITHIN_S, Silences

#: Who falls silent in the very last moment did so with it.
_TICK_S = 0.001


class Words:
    """Who has said of which host that it is down. One thread may change it;
    any may read.

    :param counts: whether a host's collectd can tell of another host now:
        what it once said holds nobody down if it cannot.
    :param within_s: what is together, and for how long others are waited
        for; longer than a second where it is told later than it began.
    """

    def __init__(self, counts: Callable[[str, str], bool],
                 within_s: float = WITHIN_S) -> None:
        self._counts = counts
        self._silences = Silences(within_s)
        self._within_s = within_s
        #: By the host, and by who says it.
        self._said: dict[str, dict[str, Fault]] = {}
        #: When each is lost that is silent, and not lost yet.
        self._due: dict[str, float] = {}
        self._lost: set[str] = set()

    def of(self, hostname: str) -> Sequence[tuple[str, Fault]]:
        """Who says that a host is down, and their events."""
        return list(self._said.get(hostname, {}).items())

    def is_lost(self, hostname: str) -> bool:
        """Whether it was said to be lost, and not to be back since."""
        return hostname in self._lost

    def down(self, observer: str, event: Fault, now: float) -> bool:
        """A collectd says that a host is down.

        :returns: whether it is the first to say so.
        """
        hostname = event.hostname
        is_first = hostname not in self._said
        # Others may read it.
        self._said[hostname] = {**self._said.get(hostname, {}),
                                observer: event}
        if is_first:
            self._silences.began(hostname, now)
            self._due[hostname] = now + self._within_s + _TICK_S
        return is_first

    def up(self, observer: str, hostname: str, now: float) -> bool:
        """A collectd says that a host is well.

        :returns: whether nobody who counts says any more that it is down.
        """
        left = {who: event for who, event in self.of(hostname)
                if who != observer and self._counts(who, hostname)}
        if left:
            self._said[hostname] = left
        else:
            self._silences.ended(hostname, now)
            self._forget(hostname)
        return not left

    def _forget(self, hostname: str) -> None:
        """It is well, or not watched any more."""
        self._said.pop(hostname, None)
        self._due.pop(hostname, None)
        self._lost.discard(hostname)

    def proved(self, hostname: str) -> None:
        """Its death is proved: nothing is to be waited for."""
        if hostname in self._due:
            self._due[hostname] = float('-inf')

    def due(self, now: float) -> list[str]:
        """Who is lost by now, and nobody was told."""
        return [name for name, at in self._due.items() if at <= now]

    def lost(self, hostname: str) -> None:
        """It was told."""
        self._due.pop(hostname, None)
        self._lost.add(hostname)

    def keep(self, hostnames: Collection[str]) -> list[str]:
        """There are no other hosts any more.

        :returns: those that were silent and are gone.
        """
        gone = sorted(self._said.keys() - set(hostnames))
        for name in gone:
            self._silences.left(name)
            self._forget(name)
        return gone

    def together(self, hostname: str) -> int:
        """How many hosts fell silent with it, itself among them."""
        return self._silences.together(hostname)

    def is_path(self, hostname: str) -> bool:
        """Whether these are so many that a path to them is suspected."""
        return self.together(hostname) >= HOSTS

    def wait_s(self, now: float) -> float | None:
        """Seconds until the next one is lost; None when none is silent."""
        return max(0.0, min(self._due.values()) - now) if self._due else None

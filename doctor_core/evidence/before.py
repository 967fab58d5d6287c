"""What a process before this one knew of silent hosts."""

from collections.abc import Callable, Collection, Mapping

from doctor_core.model.evidence import Evidence

#: For so long after the start a host that lived before is given the time in
#: which a witness can say so again.
_COUNTS_S = 60.0


class Before:
    """Not for several threads at a time.

    :param monotonic: the time, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        #: Kinds of monitors by a host that they had reported down.
        self._down: dict[str, set[str]] = {}
        #: By host that was kept back, a sign of life; and until when that
        #: counts.
        self._alive: dict[str, Evidence] = {}
        self._alive_until = float('-inf')

    def presume_down(self, kind: str, hostnames: Collection[str]) -> None:
        """These a monitor of a kind had reported down."""
        for name in hostnames:
            self._down.setdefault(name, set()).add(kind)

    def was_down(self, kind: str, hostname: str) -> bool:
        """Whether that kind had; true the first time only."""
        kinds = self._down.get(hostname, set())
        is_one = kind in kinds
        kinds.discard(kind)
        return is_one

    def presume_alive(self, signs: Mapping[str, Evidence]) -> None:
        """These were kept back."""
        self._alive = dict(signs)
        self._alive_until = self._monotonic() + _COUNTS_S

    @property
    def alive(self) -> Mapping[str, Evidence]:
        """Those of them that have not been silent yet."""
        if self._monotonic() >= self._alive_until:
            self._alive.clear()
        return self._alive

    def take_sign(self, hostname: str) -> Evidence | None:
        """The sign of life of one that falls silent; None when there is none
        that counts, or it was taken.
        """
        sign = self.alive.get(hostname)
        self._alive.pop(hostname, None)
        return sign

"""Probes on their way."""

from collections.abc import Iterable

from doctor_core.monitors.judgement import Target
from doctor_core.monitors.probing.wire import Address


class Batch:
    """Probes that went out together.

    :ivar waiting: who has not answered yet.
    :ivar sent_at: when they had left; the deadline counts from it.
    :ivar expired: whether the deadline has passed.
    :ivar stretched: whether it was put off; that is done once.
    """

    __slots__ = ('deadline', 'expired', 'ident', 'sent_at', 'sequence',
                 'stretched', 'waiting')

    def __init__(self, ident: int, sequence: int,
                 waiting: dict[Address, Target]) -> None:
        self.ident = ident
        self.sequence = sequence
        self.waiting = waiting
        self.sent_at = 0.0
        self.deadline = 0.0
        self.expired = False
        self.stretched = False


class Burst:
    """Probes that confirm suspicions, or refute them.

    :ivar due: when each of them is to be sent to all suspects, in order.
    """

    __slots__ = ('due', 'suspects')

    def __init__(self, suspects: list[Target], due: Iterable[float]) -> None:
        self.suspects = suspects
        self.due = sorted(due)

    def sent(self, now: float, spacing_s: float) -> None:
        """The next of them was; what was late is not made up for at once."""
        del self.due[0]
        if self.due:
            self.due[0] = max(self.due[0], now + spacing_s)

"""Probes on their way."""

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

    :ivar left: how many are still to be sent to each suspect.
    :ivar due_at: when the next one is.
    """

    __slots__ = ('due_at', 'left', 'suspects')

    def __init__(self, suspects: list[Target], left: int,
                 due_at: float) -> None:
        self.suspects = suspects
        self.left = left
        self.due_at = due_at

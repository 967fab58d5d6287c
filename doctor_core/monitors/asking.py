"""Hosts that are asked one by one, and the questions that are under way."""

import dataclasses

from doctor_core.model import Host
from doctor_core.monitors.judgement import Target


@dataclasses.dataclass(eq=False)
class Polled:
    """A host that is asked, and what is held of it.

    :ivar problem: why it did not answer, or could not be asked.
    :ivar missed_at: when the last probe began that it did not answer.
    :ivar is_new: whether it has not been asked yet.
    """

    host: Host
    target: Target
    problem: str = ''
    missed_at: float = float('-inf')
    is_new: bool = True


@dataclasses.dataclass(eq=False)
class Probe:
    """A question to a host that is under way.

    :ivar deadline: when it should have returned; then, when next to count
        that it has not.
    :ivar overdue: whether it should have returned.
    """

    polled: Polled
    began_at: float
    deadline: float
    overdue: bool = False


class Places:
    """The places of probes. One that does not return gives its place up in
    the end, or nobody else would be asked; so many may, and no more: each
    has a thread that nobody can end. Only one thread may use it.

    :param count: how many there are.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        #: All that are under way.
        self.running: set[Probe] = set()
        self._given_up: set[Probe] = set()

    @property
    def are_taken(self) -> bool:
        """Whether no other probe may begin."""
        return len(self.running) - len(self._given_up) >= self.count

    @property
    def given_up(self) -> int:
        """How many are under way without a place."""
        return len(self._given_up)

    def give_up(self, probe: Probe) -> None:
        """This one has been under way for too long."""
        if len(self._given_up) < self.count:
            self._given_up.add(probe)

    def left(self, probe: Probe) -> None:
        """This one has returned."""
        self.running.discard(probe)
        self._given_up.discard(probe)

"""What answers and silence mean: for one target, and for the observer.

Pure: no clock, no I/O. The times given are seconds of one monotonic clock.
"""

import logging
import random
from collections.abc import Hashable, Sequence

from doctor_core.monitors.guard import Guard
from doctor_core.monitors.verdict import (
    FAILED,
    Change,
    Health,
    Policy,
    State,
)

LOG = logging.getLogger(__name__)

_NEVER = float('-inf')
#: How often the log has a near miss of the same target.
_NOTE_S = 60.0
#: After a break of the monitor's own link, its neighbours are found again one
#: by one: a lost question is repeated after a second (RFC 4861 section 10,
#: RETRANS_TIMER; Linux does the same with ARP).
SETTLE_S = 1.5
#: For so long nobody answers before the log says so: operators are woken by
#: it, and a machine that is busy hears all of them a moment later.
_SAY_S = 1.0


class Target:
    """One address that is probed.

    :ivar name: for the log.
    :ivar listed: as its host lists it.
    :ivar watched_at: since when it is probed.
    :ivar was_heard: whether it answered before that, as far as is known.
    :ivar heard_at: when its last answer was taken.
    :ivar suspect_at: since when the answers of others prove that its silence
        is its own: when the first probe that it then missed was sent.
    :ivar silent_at: when the first of the probes was sent that it has missed
        in a row, whoever answered.
    :ivar near_misses: how often a suspicion was refuted.
    :ivar noted_at: when the log last had one of these.
    :ivar late: how many answers came after their deadline.
    """

    __slots__ = ('address', 'health', 'heard_at', 'late', 'listed', 'name',
                 'near_misses', 'network', 'noted_at', 'silent_at',
                 'suspect_at', 'was_heard', 'watched_at')

    def __init__(self, name: str, address: Hashable, policy: Policy,
                 network: 'Network', *, listed: str = '',
                 watched_at: float = _NEVER, was_heard: bool = True) -> None:
        self.name = name
        self.listed = listed
        self.watched_at = watched_at
        self.was_heard = was_heard
        self.address = address
        self.network = network
        self.health = Health(policy)
        self.heard_at = _NEVER
        self.suspect_at = _NEVER
        self.silent_at = _NEVER
        self.noted_at = _NEVER
        self.near_misses = 0
        self.late = 0

    @property
    def is_known(self) -> bool:
        """Whether it has ever answered: only then its silence says anything.
        """
        return self.was_heard or self.heard_at > _NEVER


class Network:
    """A network, and whether the monitor itself is still on it.

    :ivar standing: how many of its targets are not known to be down.
    :ivar withheld: those that would be down, had anybody witnessed it.
    :ivar isolated: whether nobody answers who should.
    :ivar suspects: how many of its targets are suspect.
    :ivar shaken: whether these are more than half of those standing.

    :param together_s: who fell silent within so many seconds may have done so
        together.
    """

    def __init__(self, name: str, together_s: float = SETTLE_S) -> None:
        self.name = name
        self._together_s = together_s
        self.guard = Guard()
        self.targets: list[Target] = []
        self.standing = 0
        self.withheld: set[Target] = set()
        self.isolated = False
        self._isolated_at = _NEVER
        self._is_said = False
        self.suspects = 0
        self.shaken = False
        #: Until then nobody's silence proves anything: it was isolated.
        self._back_at = _NEVER
        #: Nor that of those who fell silent with it: it was shaken.
        self._steady_at = _NEVER
        self._shaken_at = _NEVER

    def holds(self, targets: Sequence[Target]) -> None:
        """These are its targets from now on."""
        self.targets = list(targets)
        self.withheld &= set(targets)
        self.standing = sum(target.health.state not in FAILED
                            for target in targets)
        self.suspects = sum(target.health.state is State.SUSPECT
                            for target in targets)

    def healthy(self, count: int) -> list[Target]:
        """A few, at random, that should answer now if the link is up."""
        some = random.sample(self.targets, min(2 * count, len(self.targets)))
        return [target for target in some
                if target.health.state is State.HEALTHY][:count]

    def answered(self, target: Target, now: float, *,
                 late: bool = False) -> Change | None:
        """Take an answer.

        :param late: whether it came after its deadline, when it was counted
            as missed: it refutes a suspicion, and no more.
        :returns: REFUTED, UP, or None. The first answer ever is UP at once.
        """
        if not target.is_known:
            return self._first_answered(target, now)
        target.heard_at = now
        target.late += late
        if late and target.health.state in FAILED:
            return None
        change = target.health.answered(now)
        self.withheld.discard(target)
        if change is Change.UP:
            self.standing += 1
        elif change is Change.REFUTED:
            self.suspects -= 1
            self._note(target, now)
        return change

    def _first_answered(self, target: Target, now: float) -> Change:
        """What was held of it till now was of whatever was there then."""
        health = target.health
        self.withheld.discard(target)
        self.standing += health.state in FAILED
        self.suspects -= health.state is State.SUSPECT
        health.forget()
        health.answered(now)
        target.heard_at = now
        return Change.UP

    @staticmethod
    def _note(target: Target, now: float) -> None:
        target.near_misses += 1
        if now - target.noted_at >= _NOTE_S:
            target.noted_at = now
            LOG.info('Near miss: %s answered %.1f ms after a probe that '
                     'it missed; near misses so far: %d, late answers: '
                     '%d', target.name, (now - target.suspect_at) * 1000,
                     target.near_misses, target.late)

    def missed(self, target: Target, sent_at: float, now: float,
               suspect_at: float | None = None) -> Change | None:
        """Count a miss.

        :param sent_at: when the probe was sent that was not answered.
        :param suspect_at: what it is of a target that misses its first one;
            ``sent_at`` when None.
        :returns: SUSPECTED, DOWN, or None.
        """
        health = target.health
        if not health.misses:
            target.suspect_at = sent_at if suspect_at is None else suspect_at
            target.silent_at = sent_at
        was_standing = health.state not in FAILED
        was_suspect = health.state is State.SUSPECT
        change = health.missed(now, sent_at=sent_at, witnessed=(
            not self.unsettled(now, target) and self.guard.witnessed(
                target.suspect_at, sent_at, self.standing - 1)))
        self.suspects += (health.state is State.SUSPECT) - was_suspect
        if change is Change.DOWN:
            self.standing -= was_standing
            self.withheld.discard(target)
        elif health.withheld:
            self.withheld.add(target)
        return change

    def confirm(self, target: Target, sent_at: float, now: float
                ) -> Change | None:
        """Look whether somebody witnesses now what was withheld.

        :param sent_at: when the last probe was sent that it missed.
        :returns: DOWN, or None.
        """
        if not self.guard.witnessed(target.suspect_at, sent_at,
                                    self.standing - 1):
            return None
        return self._fallen(target, target.health.confirm(now))

    def agree(self, target: Target, now: float) -> Change | None:
        """A second witness says that a suspect is dead, too.

        :returns: DOWN, or None when it is too early, or when the monitor
            itself may be cut off from this network.
        """
        if self.unsettled(now, target) or not self.guard.witnessed(
                target.suspect_at, now, self.standing - 1):
            return None
        return self._fallen(target, target.health.agree(now))

    def _fallen(self, target: Target, change: Change | None
                ) -> Change | None:
        """A suspect may have become a lost host."""
        if change:
            self.withheld.discard(target)
            self.suspects -= 1
            self.standing -= 1
        return change

    def unsettled(self, now: float, target: Target | None = None) -> bool:
        """Whether who is silent may only not have been found again yet.

        :param target: who; anybody when None. Of one that was silent long
            before, it is not so: others that come and go say nothing of it.
        """
        if self.isolated or now < self._back_at:
            return True
        return now < self._steady_at and (
            target is None or not target.health.misses
            or target.silent_at >= self._shaken_at - self._together_s)

    def reconsider(self, now: float) -> list[Target]:
        """Somebody answered: look at the silent ones afresh.

        :returns: those that are to be probed once more.
        """
        if self.unsettled(now):
            return []
        suspects = list(self.withheld)
        self.withheld.clear()
        for target in suspects:
            target.health.reconsider(now)
            target.suspect_at = now
        return suspects

    def doubt_itself(self, now: float) -> None:
        """Judge whether it is the monitor that is cut off; now and then."""
        isolated = self.guard.isolated(len(self.withheld), self.standing)
        shaken = self.guard.shaken(self.suspects, self.standing)
        if self.isolated:
            self._back_at = now + SETTLE_S
        elif shaken and not self.shaken:
            self._shaken_at, self._steady_at = now, now + SETTLE_S
        self.shaken = shaken
        if isolated and not self.isolated:
            self._isolated_at = now
        self.isolated = isolated
        if isolated and not self._is_said \
                and now - self._isolated_at >= _SAY_S:
            self._is_said = True
            LOG.error('None of %d addresses on network %s answers: the '
                      'monitor seems to be cut off; nothing is reported '
                      'until one answers', self.standing, self.name)
        elif self._is_said and not isolated:
            self._is_said = False
            LOG.warning('Answers come again on network %s; who stays '
                        'silent is reported', self.name)

"""Whom to ask when, of hosts that are asked one by one; and what it means.

Pure: no clock, no I/O. The times given are seconds of one monotonic clock.
"""

import heapq
import itertools
import logging
import random
from collections.abc import Callable, Collection, Iterator, Sequence

from doctor_core.model import Host
from doctor_core.monitors.asking import Places, Polled, Probe
from doctor_core.monitors.changes import Changes
from doctor_core.monitors.guard import WordsOnly
from doctor_core.monitors.judgement import SETTLE_S, Network, Target
from doctor_core.monitors.silences import WITHIN_S, Silences
from doctor_core.monitors.unasked import Unasked
from doctor_core.monitors.verdict import FAILED, Change, Policy, State

LOG = logging.getLogger(__name__)

#: How much longer than it may a probe takes before it counts as one that
#: will not return; a busy machine is late, too.
_GRACE_S = 1.0
#: How often the log says that probes are late.
_NOTE_S = 60.0
#: Why a host is not asked that has its turn.
_NEGLECTED = 'it is not asked: the probes of others do not return'
#: All that are new are asked within this, however long the interval.
FIRST_S = 0.8
#: The longest time between two steps.
_IDLE_S = 1.0


class Rounds:
    """Has each host asked once in an interval, and judges the answers.

    Only one thread may use it; :attr:`hosts` may be read by others.

    :param interval_s: seconds between two probes of a host.
    :param timeout_s: seconds that a probe may take.
    :param at_a_time: how many are under way at most; and as many again that
        do not return.
    :param silence_counts: whether a host that is asked and says nothing is
        silent. It is not where somebody else is asked about it: then only his
        word counts, and that of many at once is no sign of a broken path.
    :param changed: called with each host that is suspect, answers after
        all, went down or up; when it raises, it is called again after a
        second.
    """

    def __init__(self, policy: Policy, *, interval_s: float,
                 timeout_s: float, at_a_time: int,
                 changed: Callable[[Polled, Change], None],
                 silence_counts: bool = True) -> None:
        #: By name.
        self.hosts: dict[str, Polled] = {}
        self.network = Network('of the hosts', SETTLE_S + interval_s)
        #: Who is silent; since when, is known to an interval only.
        self.silences = Silences(WITHIN_S + interval_s, interval_s)
        #: Who cannot be asked.
        self.unasked = Unasked(policy.misses)
        self._policy = policy
        self._interval_s = interval_s
        self._limit_s = timeout_s + _GRACE_S
        self._silence_counts = silence_counts
        if not silence_counts:
            self.network.guard = WordsOnly()
        self._changes = Changes(changed)
        self._queue: list[tuple[float, int, Polled]] = []
        self._order = itertools.count()
        self._places = Places(at_a_time)
        self._neglect_at = float('-inf')
        self._presumed: frozenset[str] = frozenset()
        self._heard: Collection[str] | None = None
        self._was_unsettled = False
        self._wake_at: float | None = None
        self._noted_at = float('-inf')

    def presume_down(self, hostnames: Collection[str]) -> None:
        """These were reported down; to be called before :meth:`watch`."""
        self._presumed = frozenset(hostnames)

    def presume_heard(self, hostnames: Collection[str]) -> None:
        """These have answered some time, and no others; to be called before
        :meth:`watch`. Of the others nothing is told before they do.
        """
        self._heard = frozenset(hostnames)

    @property
    def heard(self) -> set[str]:
        """Who has ever answered."""
        return {name for name, polled in self.hosts.items()
                if polled.target.is_known}

    def watch(self, hosts: Sequence[Host], now: float) -> None:
        """Ask these from now on; who was asked before is not forgotten."""
        fresh: dict[str, Polled] = {}
        for host in hosts:
            before = self.hosts.get(host.name)
            if before and before.host == host:
                fresh[host.name] = before
                continue
            target = before.target if before else self._target(host, now)
            fresh[host.name] = polled = Polled(host, target)
            # Not all at once.
            self._push(polled, now + random.uniform(
                0, min(self._interval_s, FIRST_S)))
        self._presumed |= {
            name for name, gone in self.hosts.items() if name not in fresh
            and gone.target.is_known and gone.target.health.state in FAILED}
        if self._heard is not None:
            self._heard = {*self._heard, *self.heard}
        for name in self.hosts.keys() - fresh.keys():
            self.silences.left(name)
            self.unasked.gone(name)
        self.hosts = fresh
        self.network.holds([polled.target for polled in fresh.values()])

    def _target(self, host: Host, now: float) -> Target:
        target = Target(
            host.name, host.name, self._policy, self.network,
            listed=host.address, watched_at=now, was_heard=(
                self._heard is None or host.name in self._heard
                or host.name in self._presumed))
        if host.name in self._presumed:
            target.health.presume_down(now, confirm=True)
            self._presumed -= {host.name}
        return target

    def _push(self, polled: Polled, due_at: float) -> None:
        heapq.heappush(self._queue, (due_at, next(self._order), polled))

    def _is_watched(self, polled: Polled) -> bool:
        return self.hosts.get(polled.host.name) is polled

    def begin(self, now: float) -> Iterator[Probe]:
        """The probes that are to be made now."""
        while self._queue and self._queue[0][0] <= now:
            if self._places.are_taken:
                self._note_late(now)
                return
            _due_at, _order, polled = heapq.heappop(self._queue)
            if self._is_watched(polled):
                probe = Probe(polled, now, now + self._limit_s)
                self._places.running.add(probe)
                yield probe

    def _note_late(self, now: float) -> None:
        late_s = now - self._queue[0][0]
        if late_s < self._interval_s or now - self._noted_at < _NOTE_S:
            return
        self._noted_at = now
        LOG.warning('Hosts are asked %.1f s late: %d are asked at a time, and '
                    '%d of these do not return; see at_a_time, interval_s '
                    'and timeout_s', late_s, self._places.count,
                    sum(probe.overdue for probe in self._places.running))

    def answered(self, probe: Probe, now: float) -> None:
        """The host is well."""
        if not self._ended(probe):
            return
        probe.polled.problem = ''
        self.unasked.asked(probe.polled.host.name)
        self.silences.ended(probe.polled.host.name, now)
        is_first = not probe.polled.target.is_known
        change = self.network.answered(probe.polled.target, now,
                                       late=probe.overdue)
        self._tell(probe.polled, None if is_first else change)
        self.network.guard.seen(probe.began_at)
        if self.network.unsettled(now):
            return
        if self._was_unsettled:
            self._was_unsettled = False
            self._suspect_afresh(now)
        # It may be the evidence that was not there when they were missed.
        for target in list(self.network.withheld):
            polled = self.hosts[target.name]
            self._tell(polled, self.network.confirm(
                target, polled.missed_at, now))

    def _suspect_afresh(self, now: float) -> None:
        """The own link is back: what was missed without it proves nothing.
        """
        self.network.withheld.clear()
        for target in self.network.targets:
            if target.health.state is State.SUSPECT:
                target.health.reconsider(now)
                target.suspect_at = now

    def missed(self, probe: Probe, now: float, problem: str = '') -> None:
        """The host did not answer, or said that it is not well.

        :param problem: what it said.
        """
        if self._ended(probe):
            probe.polled.problem = problem
            self.unasked.asked(probe.polled.host.name)
            if not probe.overdue:
                self._miss(probe, probe.began_at, now)

    def failed(self, probe: Probe, now: float, problem: str) -> None:
        """The host could not be asked: that says nothing of it."""
        if self._ended(probe):
            probe.polled.problem = problem
            self.unasked.failed(probe.polled.host.name, problem, now)

    def _ended(self, probe: Probe) -> bool:
        """Have the host asked again, in time.

        :returns: whether it is still watched, as it was when it was asked.
        """
        self._places.left(probe)
        if not self._is_watched(probe.polled):
            return False
        # From then on they take turns within the interval.
        interval_s = self._interval_s if not probe.polled.is_new \
            else random.uniform(min(self._interval_s, FIRST_S),
                                self._interval_s)
        probe.polled.is_new = False
        self._push(probe.polled, probe.began_at + interval_s)
        return True

    def _miss(self, probe: Probe, sent_at: float, now: float) -> None:
        if self.network.unsettled(sent_at, probe.polled.target):
            return  # it was the monitor that could not be heard then
        # Others' answers count from when the silence was noticed: a probe
        # takes long, and the link may break while it is under way.
        probe.polled.missed_at = sent_at
        if self._silence_counts:
            self.silences.began(probe.polled.host.name, sent_at)
        self._tell(probe.polled, self.network.missed(
            probe.polled.target, sent_at, now, suspect_at=now))

    def _tell(self, polled: Polled, change: Change | None) -> None:
        if change is not None and polled.target.is_known:
            self._changes.put(polled, change)

    def step(self, now: float) -> float:
        """Judge what has not returned, and tell what is new.

        :returns: when to call again.
        """
        lag_s = 0.0 if self._wake_at is None else now - self._wake_at
        if lag_s >= _GRACE_S:
            self._neglect_at = now + self._interval_s
        for probe in self._places.running:
            if lag_s >= _GRACE_S:
                # The monitor was stopped for a while, and they were, too.
                probe.deadline = max(probe.deadline, now + _GRACE_S)
            if probe.deadline <= now:
                self._overdue(probe, now)
        self._note_neglected(now)
        self.unasked.look(now, len(self.hosts))
        self.network.doubt_itself(now)
        self._was_unsettled |= self.network.unsettled(now)
        self._changes.tell(now)
        self._wake_at = self._next_wake(now)
        return self._wake_at

    def _overdue(self, probe: Probe, now: float) -> None:
        """It is as good as no answer, once in each interval."""
        if self._is_watched(probe.polled):
            probe.polled.problem = 'the probe does not return'
            if self._silence_counts:
                self._miss(probe, now if probe.overdue else probe.began_at,
                           now)
            else:
                self.unasked.failed(probe.polled.host.name,
                                    probe.polled.problem, now)
        if probe.overdue:
            self._places.give_up(probe)
        probe.overdue = True
        probe.deadline = now + self._interval_s

    def _note_neglected(self, now: float) -> None:
        """Of whom nobody asks, for want of a place, nothing is known; once in
        each interval.
        """
        if now < self._neglect_at:
            return
        self._neglect_at = now + self._interval_s
        if not any(probe.overdue for probe in self._places.running):
            return
        for due_at, _order, polled in self._queue:
            if now - due_at >= self._interval_s and self._is_watched(polled):
                polled.problem = _NEGLECTED
                self.unasked.failed(polled.host.name, _NEGLECTED, now)

    @property
    def given_up(self) -> int:
        """How many probes nobody waits for: others have their places."""
        return self._places.given_up

    def _next_wake(self, now: float) -> float:
        times = [now + _IDLE_S, *(
            probe.deadline for probe in self._places.running)]
        if self._queue and not self._places.are_taken:
            times.append(self._queue[0][0])
        return min(times)

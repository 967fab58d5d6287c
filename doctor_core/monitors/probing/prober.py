"""What to send and what to conclude, moment by moment.

Time is cut into slots and each slot has its share of the targets. What is
sent together is a batch: one id and sequence, one deadline, and the targets
that have not answered yet. A batch's deadline counts from when it was really
sent; the wire is emptied before anything expires, and a probe that is late is
never made up for by a burst. So a monitor that was stopped for a while wakes
up to answers, not to misses.
"""

import collections
import random
from collections.abc import Callable, Iterable, Sequence

from doctor_core import clock
from doctor_core.monitors.changes import Changes
from doctor_core.monitors.judgement import Network, Target
from doctor_core.monitors.probing.batches import Batch, Burst
from doctor_core.monitors.probing.settings import Timing
from doctor_core.monitors.probing.wire import Address, Wire
from doctor_core.monitors.verdict import Change, State

#: Slots closer together than this cost more wake-ups than they spread load.
_SLOT_S = 0.002
#: For how long an answer that is late still tells that the target lives.
_LINGER_S = 1.0
#: How often the id of the probes changes: a firewall that keeps a broken
#: state for one id must not make a host look dead for ever.
_RENEW_S = 30.0
#: How many bystanders are probed along with suspects.
_WITNESSES = 3
#: The longest time between two steps.
_IDLE_S = 1.0


class Prober:
    """Decides on each target; never waits.

    Only one thread may use it; its targets may be read by others.

    :param changed: called with each target that is suspect, is silent for
        as long as a second witness wants, answers after all, went down or
        up; when it raises, it is called again after a second.
    :param clock: asked when a batch has really been sent.
    """

    def __init__(self, targets: Sequence[Target], wire: Wire,
                 timing: Timing, changed: Callable[[Target, Change], None], *,
                 clock: clock.Clock = clock.SYSTEM) -> None:
        self.wire = wire
        self.timing = timing
        #: Answers that nobody waited for.
        self.strays = 0
        self._clock = clock
        self._targets: list[Target] = []
        self._networks: list[Network] = []
        self._changes = Changes(changed)
        self._open: dict[tuple[int, int], Batch] = {}
        self._pending: collections.deque[Batch] = collections.deque()
        self._lingering: collections.deque[Batch] = collections.deque()
        self._bursts: list[Burst] = []
        self._sequence = random.randrange(0x10000)
        self._ident = 0
        self._renew_at = float('-inf')
        self._wake_at: float | None = None
        self.probe(targets)

    def probe(self, targets: Sequence[Target]) -> None:
        """Probe these from now on; those that were before go on as before.

        :param targets: the addresses are all different.
        """
        gone = set(self._targets) - set(targets)
        for batch in self._open.values():
            for target in gone:
                batch.waiting.pop(target.address, None)
        for burst in self._bursts:
            burst.suspects = [target for target in burst.suspects
                              if target not in gone]
        self._targets = list(targets)
        shares: dict[Network, list[Target]] = {
            network: [] for network in self._networks}
        for target in targets:
            shares.setdefault(target.network, []).append(target)
        for network, share in shares.items():
            network.holds(share)
        self._networks = [network for network, share in shares.items()
                          if share]
        self._lay_out()

    def _lay_out(self) -> None:
        """Give each target its slot, at random, so that load is even."""
        shuffled = random.sample(self._targets, len(self._targets))
        count = max(1, min(len(shuffled),
                           int(self.timing.interval_s / _SLOT_S)))
        self._slots = [
            ({target.address: target for target in share},
             self.wire.prepare([target.address for target in share]))
            for share in (shuffled[i::count] for i in range(count)) if share]
        self._gap_s = self.timing.interval_s / count
        self._next_slot = 0
        self._slot_at: float | None = None

    @property
    def isolated(self) -> list[str]:
        """The networks on which nobody answers who should."""
        return [network.name for network in self._networks
                if network.isolated]

    def step(self, now: float) -> float:
        """Do what is due.

        :param now: a monotonic time.
        :returns: when to call again.
        """
        if self._wake_at is not None:
            self._allow_for_lag(now, now - self._wake_at)
        self._take(now)
        self._expire(now)
        for network in self._networks:
            network.doubt_itself(now)
        self._send_bursts(now)
        self._send_slot(now)
        self._changes.tell(now)
        self._wake_at = self._next_wake(now)
        return self._wake_at

    def _allow_for_lag(self, now: float, lag_s: float) -> None:
        """After a long sleep, answers may still be on their way."""
        if lag_s < self.timing.timeout_s:
            return
        for batch in self._pending:
            if not batch.stretched:
                batch.stretched = True
                batch.deadline = now + self.timing.timeout_s

    def _take(self, now: float) -> None:
        witnessed = set()
        for source, ident, sequence in self.wire.receive():
            batch = self._open.get((ident, sequence))
            target = batch.waiting.pop(source, None) if batch else None
            if batch is None or target is None:
                self.strays += 1
                continue
            # In a hurry: there are tens of thousands a second.
            if (batch.expired
                    or target.health.state is not State.HEALTHY):
                self._answered(target, batch, now)
            target.heard_at = now
            if target.network.guard.seen(batch.sent_at):
                witnessed.add(target.network)
        for network in witnessed:
            if network.withheld:
                self._confirm(network.reconsider(now), now, now)

    def _answered(self, target: Target, batch: Batch, now: float) -> None:
        change = target.network.answered(target, now, late=batch.expired)
        if change:
            self._changes.put(target, change)

    def agree(self, target: Target) -> None:
        """A second witness says that a suspect is dead, too; to be called by
        the thread that steps.
        """
        change = target.network.agree(target, self._clock.monotonic())
        if change:
            self._changes.put(target, change)

    def _confirm(self, suspects: list[Target], since: float, now: float
                 ) -> None:
        """Send suspects probes of their own: some at once, and one when they
        have been silent for as long as it takes.

        :param since: when the first probe was sent that they missed.
        """
        timing = self.timing
        due = [now + nth * timing.spacing_s for nth in range(timing.confirm)]
        due += [since + silence_s for silence_s in timing.silences_s]
        if suspects and due:
            self._bursts.append(Burst(suspects, due))

    def _expire(self, now: float) -> None:
        while self._pending and self._pending[0].deadline <= now:
            batch = self._pending.popleft()
            if not batch.waiting:
                del self._open[batch.ident, batch.sequence]
                continue
            batch.expired = True
            self._lingering.append(batch)
            self._confirm([
                target for target in batch.waiting.values()
                # Who was heard since, if late, has not missed it.
                if target.heard_at <= batch.sent_at
                and self._missed(target, batch.sent_at, now)],
                batch.sent_at, now)
        while self._lingering and (
                self._lingering[0].sent_at + _LINGER_S <= now):
            batch = self._lingering.popleft()
            self._open.pop((batch.ident, batch.sequence), None)

    def _missed(self, target: Target, sent_at: float, now: float) -> bool:
        """Count a miss.

        :returns: whether the target has become suspect.
        """
        change = target.network.missed(target, sent_at, now)
        if change:
            self._changes.put(target, change)
        return change is Change.SUSPECTED

    def _send_bursts(self, now: float) -> None:
        for burst in self._bursts:
            if burst.due[0] > now:
                continue
            probed = [target for target in burst.suspects
                      if target.health.state is State.SUSPECT]
            if not probed:
                burst.due.clear()
                continue
            burst.sent(now, self.timing.spacing_s)
            probed += _witnesses(probed)
            waiting = {target.address: target for target in probed}
            self._send(waiting, self.wire.prepare(list(waiting)))
        self._bursts = [burst for burst in self._bursts if burst.due]

    def _send_slot(self, now: float) -> None:
        if not self._slots:
            return
        if self._slot_at is None:
            # Several monitors that are started together come apart.
            self._slot_at = now + random.uniform(0, self._gap_s)
        if self._slot_at > now:
            return
        waiting, prepared = self._slots[self._next_slot]
        self._send(dict(waiting), prepared)
        self._next_slot = (self._next_slot + 1) % len(self._slots)
        self._slot_at = max(self._slot_at + self._gap_s,
                            now + self._gap_s / 2)

    def _send(self, waiting: dict[Address, Target], prepared: object) -> None:
        now = self._clock.monotonic()
        if now >= self._renew_at:
            self._ident = self.wire.renew()
            self._renew_at = now + _RENEW_S
        self._sequence = (self._sequence + 1) & 0xffff
        batch = Batch(self._ident, self._sequence, waiting)
        for address in self.wire.send(prepared, batch.sequence):
            del waiting[address]
        batch.sent_at = self._clock.monotonic()
        batch.deadline = batch.sent_at + self.timing.timeout_s
        self._open[batch.ident, batch.sequence] = batch
        self._pending.append(batch)

    def _next_wake(self, now: float) -> float:
        times = [now + _IDLE_S]
        times += [burst.due[0] for burst in self._bursts]
        if self._pending:
            times.append(self._pending[0].deadline)
        if self._slot_at is not None:
            times.append(self._slot_at)
        return min(times)


def _witnesses(suspects: Iterable[Target]) -> list[Target]:
    """A few of their networks whose answers show that the links are up."""
    return [witness for network in {target.network for target in suspects}
            for witness in network.healthy(_WITNESSES)]

"""A network and its time, which pass only when a test lets them."""

import heapq

from doctor_core.monitors.judgement import Network, Target
from doctor_core.monitors.probing.prober import Prober
from doctor_core.monitors.probing.settings import Timing
from doctor_core.monitors.verdict import Change, Policy

TIMING = Timing(interval_s=0.040, timeout_s=0.012, confirm=3,
                spacing_s=0.001)
POLICY = Policy(misses=4, soak_samples=3, soak_s=0.5, hold_down_s=0.0)


class FakeClock:

    def __init__(self):
        self.at = 1000.0

    def monotonic(self):
        return self.at

    def now(self):
        return self.at + 1e9

    def sleep(self, seconds):
        self.at += seconds


class FakeWire:
    """Delivers an answer after the delay that ``delay`` says, if any.

    :ivar delay: called with an address and the time; seconds or None.
    :ivar own: the addresses of the monitor's machine.
    :ivar sent: (time, address, id, sequence) of every probe.
    """

    def __init__(self, clock, delay=lambda address, at: 0.0002):
        self.clock = clock
        self.delay = delay
        self.sent = []
        self.full = set()
        self.own = set()
        self._ident = 0
        self._coming = []

    def resolve(self, name):
        return name

    def is_own(self, address):
        return address in self.own

    def prepare(self, addresses):
        return list(addresses)

    def renew(self):
        self._ident += 1
        return self._ident

    def send(self, prepared, sequence):
        for address in prepared:
            if address in self.full:
                continue
            self.sent.append((self.clock.at, address, self._ident, sequence))
            delay_s = self.delay(address, self.clock.at)
            if delay_s is not None:
                self.inject(address, self._ident, sequence, delay_s)
        return [address for address in prepared if address in self.full]

    def inject(self, source, ident, sequence, delay_s=0.0):
        """Let an answer come that nobody asked for."""
        heapq.heappush(self._coming, (self.clock.at + delay_s,
                                      source, ident, sequence))

    def receive(self):
        while self._coming and self._coming[0][0] <= self.clock.at:
            yield heapq.heappop(self._coming)[1:]

    def close(self):
        pass


class Lab:
    """A prober with its hosts, network and clock.

    :ivar told: (time, name, change) of every verdict.
    """

    def __init__(self, hosts=3, timing=TIMING, policy=POLICY):
        self.clock = FakeClock()
        self.wire = FakeWire(self.clock)
        self.dead = set()
        self.wire.delay = lambda address, at: (
            None if address in self.dead else 0.0002)
        self.told = []
        network = Network('lan')
        self.targets = {f'h{i}': Target(f'h{i}', f'h{i}', policy, network)
                        for i in range(hosts)}
        self.prober = Prober(
            list(self.targets.values()), self.wire, timing,
            self._changed,
            clock=self.clock)

    def _changed(self, target, change):
        if change in (Change.DOWN, Change.UP):
            self.told.append((self.clock.at, target.name, change))

    def run(self, seconds):
        """Let time pass."""
        end = self.clock.at + seconds
        while self.clock.at < end:
            wake_at = self.prober.step(self.clock.at)
            self.clock.at = max(self.clock.at + 1e-6, min(wake_at, end))

    def pause(self, seconds):
        """Let time pass, but not for the monitor."""
        self.clock.at += seconds

    def changes(self):
        """Who went where, in order."""
        return [(name, change) for _at, name, change in self.told]

"""What holds of verdicts in whichever order monitors and others speak."""

import dataclasses
import math

import fixtures
import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.evidence.case import DUMPS_S, LIVES_S
from doctor_core.evidence.corroboration import Corroboration, Outlets
from doctor_core.model import Fault, FaultStatus
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight

KINDS = ('ping', 'agent')
#: When a monitor has a silent host lost: by itself, and if it is borne out.
SILENCE_S, AGREED_S = 0.6, 0.3

DEATHS = [kind for kind in EvidenceKind if kind.weight >= Weight.SECOND]
LIVES = [kind for kind in EvidenceKind if kind.weight is Weight.LIVES]

death = st.tuples(st.just('found'), st.sampled_from(DEATHS),
                  st.sampled_from(('bmc', 'kdump')))
life = st.tuples(st.just('found'), st.just(EvidenceKind.HEARTBEAT),
                 st.sampled_from(('nova', 'lease')))
spoken = st.one_of(
    st.tuples(st.just('miss'), st.sampled_from(KINDS), st.just(False)),
    st.tuples(st.just('miss'), st.sampled_from(KINDS), st.booleans()),
    st.tuples(st.just('answer'), st.sampled_from(KINDS), st.just(None)),
    death, life)
waits = st.sampled_from((0.0, 0.1, 0.35, 0.7, 1.0, 3.0, LIVES_S, 70.0))
histories = st.lists(st.tuples(waits, spoken), max_size=25)


@dataclasses.dataclass
class Watcher:
    """A monitor, as far as it concerns one host.

    :ivar silent_at: since when it does not hear the host.
    :ivar lost_at: when it has it lost, if nobody bears it out.
    """

    silent_at: float | None = None
    lost_at: float = math.inf
    is_lost: bool = False
    is_by_rule: bool = False
    heard_at: float | None = None

    def agree(self):
        if self.silent_at is not None and not self.is_lost:
            self.lost_at = min(self.lost_at, self.silent_at + AGREED_S)


class World:
    """Two monitors that hold to their contract, and what is told.

    :ivar downs: when it was told that the host is down, or not any more.
    :ivar signs: when others said that it lives, in this silence.
    :ivar panicked_at: when its crash kernel sent word, in this silence.
    :ivar complaints: what was told, and must not have been.
    """

    def __init__(self):
        self.now = 100.0
        self.watchers = {kind: Watcher() for kind in KINDS}
        self.sides = Corroboration(KINDS, Outlets(
            self.report, self.witnessed,
            lambda kind, _name, _evidence: self.watchers[kind].agree(),
            lambda *_question: None, self.heard_at), lambda: self.now)
        self.stepped_at = self.now
        self.standing, self.ended = set(), set()
        self.downs = [(self.now, False)]
        self.signs = []
        self.panicked_at = -math.inf
        self.complaints = []

    def play(self, history):
        for wait_s, (what, *about) in history:
            self.wait(wait_s)
            getattr(self, what)(*about)
        self.wait(2 * LIVES_S)
        self.complaints += [
            f'{kind}: lost, and nobody was told' for kind, one
            in self.watchers.items() if one.is_lost and not self.lives()
            and kind not in self.standing]
        return self

    def is_down(self, at):
        """Whether the host was down then, by what was told."""
        return [is_down for when, is_down in self.downs if when <= at][-1]

    def down_unlike(self, other):
        """When it was down here and not there."""
        return [at for at, _is_down in [*self.downs, *other.downs]
                if self.is_down(at) and not other.is_down(at)]

    # What is told

    def report(self, fault):
        kind = fault.source
        if fault.status is FaultStatus.UP:
            if kind not in self.standing | self.ended:
                self.complaints.append(f'{kind}: up, and was not down')
            self.standing.discard(kind)
            self.ended.discard(kind)
        else:
            if kind in self.standing:
                self.complaints.append(f'{kind}: down twice')
            if not fault.is_by_rule and self.lives():
                self.complaints.append(f'{kind}: down, and it lives')
            self.standing.add(kind)
        self.note()

    def witnessed(self, _name, found):
        if any(one.kind.weight is Weight.LIVES for one in found):
            if any(self.watchers[kind].is_by_rule for kind in self.standing):
                self.complaints.append('overruled in spite of a rule')
            # The fault has ended. A monitor's return is told all the same.
            self.ended |= self.standing
            self.standing.clear()
        self.note()

    def note(self):
        self.downs.append((self.now, bool(self.standing)))

    def lives(self):
        """Whether a path hears the host, as far as anybody has seen."""
        since = min((one.silent_at for one in self.watchers.values()
                     if one.silent_at is not None), default=math.inf)
        said = [at for at in self.signs if at >= since]
        # A crash kernel answers monitors, too, and does not report to Nova.
        is_dumping = self.now - self.panicked_at < DUMPS_S and not any(
            at >= self.panicked_at for at in said)
        heard = said if is_dumping else said + [
            one.heard_at for one in self.watchers.values()
            if one.silent_at is None and one.heard_at is not None
            and one.heard_at > since]
        return any(self.now - at < LIVES_S for at in heard)

    # What happens

    def heard_at(self, kind, _name):
        watcher = self.watchers[kind]
        return watcher.heard_at if watcher.silent_at is None else None

    def miss(self, kind, is_by_rule):
        watcher = self.watchers[kind]
        if watcher.silent_at is None:
            watcher.silent_at = self.now
            watcher.lost_at = self.now + SILENCE_S
            watcher.is_by_rule = is_by_rule
            self.sides.suspected(kind, 'one')

    def answer(self, kind, _about=None):
        watcher = self.watchers[kind]
        was_lost, was_silent = watcher.is_lost, watcher.silent_at is not None
        self.watchers[kind] = Watcher(heard_at=self.now)
        if was_lost:
            self.sides.verdict(kind, self.fault(kind, FaultStatus.UP))
        elif was_silent:
            self.sides.refuted(kind, 'one')
        if all(one.silent_at is None for one in self.watchers.values()):
            self.signs.clear()
            self.panicked_at = -math.inf

    def found(self, kind, source):
        if kind.weight is Weight.LIVES and self.is_silent():
            self.signs.append(self.now)
        if kind is EvidenceKind.PANICKED and self.is_silent():
            self.panicked_at = self.now
        self.sides.found('one', Evidence(kind, source, 5.0))
        if kind.weight is Weight.LIVES and self.standing and not any(
                self.watchers[one].is_by_rule for one in self.standing):
            self.complaints.append('it lives, and its fault goes on')

    def is_silent(self):
        return any(one.silent_at is not None
                   for one in self.watchers.values())

    def fault(self, kind, status, is_by_rule=False):
        return Fault('one', f'compute.host.{status}', status, self.now,
                     self.now, source=kind, cause='no answer',
                     is_by_rule=is_by_rule)

    def wait(self, seconds):
        """Let time pass; who is silent for long enough is lost."""
        end = self.now + seconds
        while True:
            due = min((one.lost_at, kind) for kind, one
                      in self.watchers.items())
            self.now = max(self.now, min(due[0], self.stepped_at + 1.0, end))
            if due[0] <= self.now:
                self.lose(due[1])
            elif self.stepped_at + 1.0 <= self.now:
                self.stepped_at = self.now
                self.sides.step()
            else:
                return

    def lose(self, kind):
        watcher = self.watchers[kind]
        watcher.is_lost, watcher.lost_at = True, math.inf
        self.sides.verdict(kind, self.fault(
            kind, FaultStatus.DOWN, watcher.is_by_rule))


class PropertiesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())

    @hypothesis.given(histories)
    def test_lost_once_and_only_while_nobody_hears_it(self, history):
        self.assertEqual([], World().play(history).complaints)

    def worlds(self, before, wait_s, more, after):
        """What became of it without a piece of evidence, and with it."""
        nothing = 'found', EvidenceKind.PROBES, 'nobody'
        return [World().play([*before, (wait_s, one), *after])
                for one in (nothing, more)]

    @hypothesis.given(st.tuples(histories, waits, death, histories))
    def test_evidence_of_death_makes_no_verdict_later(self, parts):
        without, with_ = self.worlds(*parts)
        self.assertEqual([], without.down_unlike(with_))

    @hypothesis.given(st.tuples(histories, waits, life, histories))
    def test_evidence_of_life_has_no_host_down(self, parts):
        without, with_ = self.worlds(*parts)
        self.assertEqual([], with_.down_unlike(without))

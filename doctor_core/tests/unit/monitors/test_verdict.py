import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.monitors.verdict import (
    FAILED,
    Change,
    Health,
    Policy,
    State,
)

POLICIES = st.builds(
    Policy,
    misses=st.integers(1, 6),
    silence_s=st.floats(0, 10),
    soak_samples=st.integers(1, 6),
    soak_s=st.floats(0, 3),
    hold_down_s=st.floats(0, 10),
    hold_down_max_s=st.floats(10, 40),
    flap_window_s=st.floats(0, 60),
    flap_limit=st.integers(1, 4))
#: Answered or not, witnessed or not, and the pause before it in seconds.
SAMPLES = st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 5)),
                   max_size=120)


def play(health, samples, at=0.0):
    """Feed samples; yields what is known before and after each."""
    for answered, witnessed, pause_s in samples:
        at += pause_s
        before = health.state
        change = (health.answered(at) if answered
                  else health.missed(at, witnessed=witnessed))
        yield at, answered, witnessed, before, change


class TestHealthProperties(testtools.TestCase):

    @hypothesis.given(POLICIES, SAMPLES)
    def test_total_and_every_change_matches_the_states(self, policy, samples):
        health = Health(policy)
        allowed = {
            Change.SUSPECTED: ({State.UNKNOWN, State.HEALTHY},
                               {State.SUSPECT}),
            Change.DOUBTED: ({State.SUSPECT}, {State.SUSPECT}),
            Change.SILENT: ({State.SUSPECT}, {State.SUSPECT}),
            Change.REFUTED: ({State.SUSPECT}, {State.HEALTHY}),
            Change.DOWN: ({State.UNKNOWN, State.HEALTHY, State.SUSPECT},
                          FAILED),
            Change.UP: (FAILED, {State.HEALTHY}),
        }
        for _at, _ok, _seen, before, change in play(health, samples):
            if change is None:
                self.assertTrue(before is health.state or (
                    before, health.state) == (State.UNKNOWN, State.HEALTHY))
            else:
                old, new = allowed[change]
                self.assertIn(before, old)
                self.assertIn(health.state, new)

    @hypothesis.given(POLICIES, SAMPLES)
    def test_never_down_on_fewer_than_the_confirming_misses(
            self, policy, samples):
        run = 0
        for _at, answered, witnessed, _before, change in play(
                Health(policy), samples):
            run = 0 if answered else run + 1
            if change is Change.DOWN:
                self.assertGreaterEqual(run, policy.misses)
                self.assertTrue(witnessed)

    @hypothesis.given(POLICIES, SAMPLES)
    def test_always_down_after_witnessed_misses_in_a_row(
            self, policy, samples):
        health = Health(policy)
        *_, (at, *_rest) = play(health, [(True, True, 0.0), *samples])
        for _ in range(policy.misses):
            health.missed(at)
        health.missed(at + policy.silence_s)
        self.assertIn(health.state, FAILED)

    @hypothesis.given(POLICIES, SAMPLES)
    def test_never_down_before_the_silence_is_over(self, policy, samples):
        since = None
        for at, answered, _seen, _before, change in play(
                Health(policy), samples):
            if answered:
                since = None
            elif since is None:
                since = at
            if change is Change.DOWN:
                self.assertGreaterEqual(at, since + policy.silence_s)

    @hypothesis.given(POLICIES, SAMPLES)
    def test_never_up_before_the_soak(self, policy, samples):
        good = []
        for at, answered, _seen, _before, change in play(
                Health(policy), samples):
            good = good + [at] if answered else []
            if change is Change.UP:
                self.assertGreaterEqual(len(good), policy.soak_samples)
                self.assertGreaterEqual(good[-1] - good[0], policy.soak_s)

    @hypothesis.given(POLICIES, SAMPLES)
    def test_never_up_during_the_hold_down(self, policy, samples):
        failed_at = None
        health = Health(policy)
        for at, _ok, _seen, _before, change in play(health, samples):
            if change is Change.DOWN:
                failed_at, hold_down_s = at, health.hold_down_s
            elif change is Change.UP:
                self.assertGreaterEqual(at - failed_at, hold_down_s)

    @hypothesis.given(POLICIES, SAMPLES)
    def test_down_and_up_alternate(self, policy, samples):
        told = [change for *_, change in play(Health(policy), samples)
                if change in (Change.DOWN, Change.UP)]
        expected = [Change.DOWN if i % 2 == 0 else Change.UP
                    for i in range(len(told))]
        self.assertEqual(expected, told)


class TestHealth(testtools.TestCase):

    def health(self, **policy):
        return Health(Policy(misses=1, soak_samples=1, soak_s=0.0,
                             **policy))

    def cycle(self, health, at):
        """Down at a time and, when it is let, up at once."""
        health.missed(at)
        return health.answered(at)

    def test_first_answer_is_no_news(self):
        health = self.health()
        self.assertIsNone(health.answered(1.0))
        self.assertIs(State.HEALTHY, health.state)

    def test_first_failure_is_not_held_down(self):
        self.assertIs(Change.UP, self.cycle(self.health(), 10.0))

    def test_hold_down_doubles_with_each_flap_up_to_its_end(self):
        health = self.health(hold_down_s=10.0, hold_down_max_s=35.0,
                             flap_window_s=60.0)
        holds, at = [], 0.0
        for _ in range(5):
            self.cycle(health, at)
            holds.append(health.hold_down_s)
            at += holds[-1]
            health.answered(at)
            at += 1.0
        self.assertEqual([0.0, 10.0, 20.0, 35.0, 35.0], holds)

    def test_flapping_from_the_limit_on(self):
        health = self.health(hold_down_s=0.0, flap_limit=2)
        states = []
        for at in range(4):
            health.missed(float(at))
            states.append(health.state)
            health.answered(float(at))
        self.assertEqual([State.DOWN, State.DOWN, State.FLAPPING,
                          State.FLAPPING], states)

    def test_calm_host_starts_afresh(self):
        health = self.health(hold_down_s=0.0, flap_window_s=60.0)
        self.cycle(health, 0.0)
        self.cycle(health, 1.0)
        self.assertEqual(1, health.flaps)
        self.cycle(health, 62.0)
        self.assertEqual(0, health.flaps)

    def test_leaking_answers_do_not_clear(self):
        """Nine of ten samples lost is not up."""
        health = Health(Policy(soak_samples=3, soak_s=0.0))
        samples = [(i % 10 == 9, True, 0.1) for i in range(1000)]
        told = [change for *_, change in play(health, samples)
                if change is Change.UP]
        self.assertEqual([], told)

    def test_unwitnessed_misses_are_withheld_until_confirmed_anew(self):
        health = Health(Policy(misses=3))
        health.answered(0.0)
        for at in (1.0, 2.0, 3.0, 4.0):
            health.missed(at, witnessed=False)
        self.assertTrue(health.withheld)
        health.reconsider(4.5)
        changes = [health.missed(5.0), health.missed(6.0)]
        self.assertEqual([None, Change.DOWN], changes)

    def test_silence_counts_from_when_it_was_reconsidered(self):
        health = Health(Policy(misses=1, silence_s=3.0))
        health.answered(0.0)
        for at in (1.0, 5.0):
            health.missed(at, witnessed=False)
        health.reconsider(6.0)
        changes = [health.missed(at) for at in (7.0, 8.9, 9.0)]
        self.assertEqual([Change.DOUBTED, None, Change.DOWN], changes)

    def test_a_second_witness_shortens_the_silence(self):
        health = Health(Policy(misses=2, silence_s=10.0,
                               agreed_silence_s=3.0))
        changes = [health.missed(at) for at in (1.0, 2.0)]
        self.assertIsNone(health.agree(2.0))
        changes += [health.missed(at) for at in (4.0, 5.0)]
        self.assertEqual([Change.SUSPECTED, Change.DOUBTED, Change.SILENT,
                          None],
                         changes)
        self.assertEqual([Change.DOWN, None],
                         [health.agree(5.0), health.agree(6.0)])

    def test_a_witness_alone_has_nothing_down(self):
        health = Health(Policy(misses=1, silence_s=10.0,
                               agreed_silence_s=3.0))
        health.answered(0.0)
        self.assertIsNone(health.agree(9.0))
        health.missed(1.0)
        health.answered(2.0)
        self.assertIsNone(health.agree(9.0))

    def test_a_probe_counts_from_when_it_was_sent(self):
        """What was sent before the silence was long enough proves nothing,
        however late it is known to be missed.
        """
        health = Health(Policy(misses=1, silence_s=0.6))
        changes = [health.missed(at, sent_at=sent_at) for sent_at, at in (
            (0.0, 0.5), (0.5, 1.0), (0.6, 1.1))]
        self.assertEqual([Change.SUSPECTED, Change.DOUBTED, Change.DOWN],
                         changes)

    def test_without_confirming_probes_the_second_miss_is_a_doubt(self):
        """Others were asked when they might have agreed already."""
        health = Health(Policy(misses=1, silence_s=0.6,
                               agreed_silence_s=0.3))
        self.assertEqual(
            [Change.SUSPECTED, Change.DOUBTED, None, Change.SILENT],
            [health.missed(at) for at in (0.0, 0.1, 0.2, 0.3)])

    def test_presumed_down_is_confirmed_once(self):
        health = Health(Policy(misses=2))
        health.presume_down(0.0, confirm=True)
        self.assertEqual([None, Change.DOWN, None],
                         [health.missed(at) for at in (1.0, 2.0, 3.0)])

    def test_presumed_down_is_up_after_the_soak(self):
        health = self.health()
        health.presume_down(0.0, confirm=True)
        self.assertIs(Change.UP, health.answered(1.0))

"""Whatever happens: no verdict without the evidence that it takes."""

import itertools

import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.exceptions import ConfigError
from doctor_core.model import Host
from doctor_core.monitors.judgement import Network, Target
from doctor_core.monitors.matrix import Matrix, Meaning
from doctor_core.monitors.probing.profiles import PROFILES
from doctor_core.monitors.probing.settings import Timing
from doctor_core.monitors.silences import HOSTS, WITHIN_S, Silences
from doctor_core.monitors.verdict import (
    FAILED,
    Change,
    Health,
    Policy,
    State,
)
from doctor_core.monitors.watchlist import WatchedHost
from doctor_core.tests.unit.monitors.doubles import Lab

profiles = st.sampled_from(sorted(PROFILES.values(),
                                  key=lambda one: one.silence_ms))
#: What becomes of a sample, and how long after the one before it was sent.
samples = st.lists(st.tuples(
    st.sampled_from(['miss', 'miss', 'miss', 'answer', 'agree']),
    st.floats(0.001, 0.7)), min_size=1, max_size=60)
#: Of a length that is ridden through.
shares = st.just(1.0) | st.floats(0.0, 1.0)
NETWORKS = ('management', 'storage', 'tenant')
some_networks = st.frozensets(st.sampled_from(NETWORKS))


def policy_of(profile):
    return Policy(misses=1 + profile.confirm_probes,
                  silence_s=profile.silence_ms / 1000,
                  agreed_silence_s=profile.agreed_silence_ms / 1000)


def timing_of(profile):
    return Timing(
        profile.interval_ms / 1000, profile.timeout_ms / 1000,
        profile.confirm_probes, profile.confirm_spacing_ms / 1000,
        tuple(sorted({profile.silence_ms / 1000,
                      profile.agreed_silence_ms / 1000} - {0.0})))


class HealthTest(testtools.TestCase):

    def replay(self, profile, events):
        """The moments at which something was down, with how long it was
        silent by then, and whether a witness made it so.
        """
        health, now, missed = Health(policy_of(profile)), 0.0, []
        for kind, pause_s in events:
            now += pause_s
            if kind == 'answer':
                missed = []
                health.answered(now)
                continue
            if kind == 'miss':
                missed.append(now)
                change = health.missed(now, sent_at=now)
            else:
                change = health.agree(now)
            if change is Change.DOWN:
                yield (now, len(missed), missed[-1] - missed[0],
                       kind == 'agree')

    @hypothesis.given(profiles, samples)
    def test_lost_only_after_the_silence_that_it_takes(self, profile, events):
        for _at, misses, silence_s, is_agreed in self.replay(profile, events):
            self.assertGreater(misses, profile.confirm_probes)
            self.assertGreaterEqual(silence_s * 1000 + 1e-6, (
                profile.agreed_silence_ms if is_agreed
                else profile.silence_ms))

    @hypothesis.given(profiles, st.floats(0.001, 1.0))
    def test_and_not_a_moment_sooner(self, profile, short_s):
        """The last probe decides, however many came before it."""
        silence_s = profile.silence_ms / 1000
        hypothesis.assume(silence_s > short_s)
        last_s = silence_s - short_s
        events = [('miss', 1.0), ('miss', last_s / 2), ('miss', last_s / 2),
                  *[('miss', 0.0)] * profile.confirm_probes]
        self.assertEqual([], list(self.replay(profile, events)))
        self.assertEqual(1, len(list(self.replay(
            profile, [*events, ('miss', short_s + 1e-9)]))))

    @hypothesis.given(profiles, samples)
    def test_a_witness_never_makes_a_verdict_later(self, profile, events):
        alone = [(kind, pause_s) if kind != 'agree' else ('wait', pause_s)
                 for kind, pause_s in events]
        with_it = next(self.replay(profile, events), None)
        without = next(self.replay(profile, self.waited(alone)), None)
        if without is not None:
            self.assertLessEqual(with_it[0], without[0] + 1e-9)

    @staticmethod
    def waited(events):
        """Without what only takes time."""
        left_s = 0.0
        for kind, pause_s in events:
            if kind == 'wait':
                left_s += pause_s
            else:
                yield kind, pause_s + left_s
                left_s = 0.0

    @hypothesis.given(profiles, samples)
    def test_one_more_miss_is_never_a_reason_for_less(self, profile, events):
        health, now = Health(policy_of(profile)), 0.0
        for kind, pause_s in events:
            now += pause_s
            was_failed = health.state in FAILED
            if kind == 'answer':
                health.answered(now)
                continue
            health.missed(now, sent_at=now)
            self.assertIn(health.state, FAILED | {State.SUSPECT})
            self.assertTrue(health.state in FAILED or not was_failed)


class AgreeingLab(Lab):
    """Another side has every silent host dead, as soon as it may say so."""

    def _changed(self, target, change):
        super()._changed(target, change)
        if change is Change.SILENT:
            self.prober.agree(target)


class BlackoutTest(testtools.TestCase):
    """Nothing passes for a while, in either direction."""

    def told(self, profile, length_s, phase_s, who, kind=Lab, rtt_s=0.0004):
        lab = kind(hosts=5, timing=timing_of(profile),
                   policy=policy_of(profile))
        begins_at = lab.clock.at + 1.0 + phase_s
        ends_at = begins_at + length_s

        def delay(address, at):
            # One that passes a moment before comes back in it.
            is_lost = address in who and begins_at <= at + rtt_s \
                and at < ends_at
            return None if is_lost else rtt_s
        lab.wire.delay = delay
        lab.run(1.0 + phase_s + length_s + 1.0)
        return [name for name, change in lab.changes()
                if change is Change.DOWN]

    @hypothesis.settings(max_examples=60)
    @hypothesis.given(st.sampled_from(['datacentre', 'cautious']),
                      shares, st.floats(0.0, 0.3),
                      st.integers(1, 5), st.floats(0.0001, 0.02))
    def test_is_ridden_through_whatever_the_phase(self, name, share, phase_s,
                                                  hosts, rtt_s):
        """One host, several, all of them; whether or not they are far."""
        profile = PROFILES[name]
        # What was under way when it began is lost, too.
        longest_s = profile.silence_ms / 1000 - rtt_s - 0.0001
        self.assertEqual([], self.told(
            profile, share * longest_s, phase_s,
            [f'h{number}' for number in range(hosts)], rtt_s=rtt_s))

    @hypothesis.settings(max_examples=40)
    @hypothesis.given(st.sampled_from(['datacentre', 'cautious']),
                      shares, st.floats(0.0, 0.3))
    def test_half_of_it_though_another_side_agrees(self, name, share,
                                                   phase_s):
        profile = PROFILES[name]
        longest_s = profile.agreed_silence_ms / 1000 - 0.0006
        self.assertEqual([], self.told(profile, share * longest_s, phase_s,
                                       ['h1'], AgreeingLab))

    @hypothesis.settings(max_examples=20)
    @hypothesis.given(st.sampled_from(['datacentre', 'cautious']),
                      st.floats(0.0, 0.3))
    def test_what_lasts_is_lost_and_sooner_where_another_side_agrees(
            self, name, phase_s):
        """The two limits are where they are said to be."""
        profile = PROFILES[name]
        beside_s = (profile.interval_ms + profile.timeout_ms) / 1000 + 0.001
        self.assertEqual(['h1'], self.told(
            profile, profile.silence_ms / 1000 + beside_s, phase_s, ['h1']))
        self.assertEqual(['h1'], self.told(
            profile, profile.agreed_silence_ms / 1000 + beside_s, phase_s,
            ['h1'], AgreeingLab))


class NetworkTest(testtools.TestCase):

    @hypothesis.given(st.lists(st.tuples(
        st.integers(0, 2), st.booleans(), st.floats(0.001, 0.1)),
        min_size=1, max_size=60))
    def test_never_without_another_that_was_heard_meanwhile(self, events):
        """Else the monitor's own link may be what is broken."""
        network, now = Network('lan'), 100.0
        targets = [Target(f'h{number}', number, Policy(misses=2), network)
                   for number in range(3)]
        network.holds(targets)
        heard = []
        for number, answers, pause_s in events:
            now += pause_s
            target = targets[number]
            if answers:
                heard.append((now, number))
                network.answered(target, now)
                network.guard.seen(now)
                continue
            others = network.standing - (target.health.state not in FAILED)
            if network.missed(target, now, now) is Change.DOWN and others:
                self.assertTrue([who for at, who in heard
                                 if at > target.suspect_at])
                self.assertNotIn(number, [
                    who for at, who in heard if at > target.suspect_at])


class MatrixTest(testtools.TestCase):

    def rows(self, meanings):
        return [f'{" + ".join(sorted(names)) or "default"} = '
                f'{meaning.name.lower()}'
                for names, meaning in meanings.items()]

    @hypothesis.given(st.dictionaries(some_networks, st.sampled_from(Meaning),
                                      min_size=1),
                      some_networks, some_networks)
    def test_more_that_is_unreachable_is_never_better(self, meanings, less,
                                                      more):
        try:
            matrix = Matrix(NETWORKS, self.rows(meanings))
        except ConfigError:
            hypothesis.assume(False)
        self.assertLessEqual(matrix.meaning(less), matrix.meaning(less | more))

    @hypothesis.given(some_networks)
    def test_never_lost_with_a_path_that_hears_it(self, unreachable):
        """But for a row of the operator's."""
        self.assertEqual(unreachable == set(NETWORKS), Matrix(
            NETWORKS, ()).meaning(unreachable) is Meaning.DOWN)

    @hypothesis.given(st.lists(st.tuples(
        st.sampled_from(State), st.booleans()), min_size=1, max_size=3))
    def test_nor_with_an_address_that_is_heard(self, addresses):
        """One that has never answered says neither."""
        watched = WatchedHost(Host('h'))
        for index, (state, was_heard) in enumerate(addresses):
            target = Target('t', index, Policy(), Network(NETWORKS[index]),
                            was_heard=was_heard)
            target.health.state = state
            watched.targets.append(target)
        known = [state for state, was_heard in addresses if was_heard]
        self.assertEqual(
            bool(known) and FAILED.issuperset(known), watched.judge(
                Matrix(NETWORKS, ()), NETWORKS) is Meaning.DOWN)


class SilencesTest(testtools.TestCase):

    moments = st.lists(st.floats(0.0, 5.0), min_size=1, max_size=8)

    def silences(self, moments):
        silences = Silences()
        for number, at in enumerate(moments):
            silences.began(number, at)
        return silences

    @hypothesis.given(moments)
    def test_a_path_is_three_within_a_second(self, moments):
        silences = self.silences(moments)
        for number in range(len(moments)):
            others = [one for one in range(len(moments)) if one != number]
            self.assertEqual(any(
                max(moments[one] for one in (*group, number))
                - min(moments[one] for one in (*group, number)) <= WITHIN_S
                for group in itertools.combinations(others, HOSTS - 1)),
                silences.is_path(number))

    @hypothesis.given(moments, st.floats(0.0, 5.0))
    def test_one_more_that_is_silent_never_takes_the_suspicion_away(
            self, moments, at):
        before = self.silences(moments)
        after = self.silences([*moments, at])
        for number in range(len(moments)):
            self.assertLessEqual(before.together(number),
                                 after.together(number))

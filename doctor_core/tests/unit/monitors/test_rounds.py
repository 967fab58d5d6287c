import dataclasses
import heapq
import itertools

import fixtures
import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.model import Host
from doctor_core.monitors.rounds import Rounds
from doctor_core.monitors.verdict import Change, Policy, State

POLICY = Policy(misses=3, soak_samples=2, soak_s=0.0, hold_down_s=0.0)
TIMEOUT_S = 0.5


class Lab:
    """Hosts that are asked in a time that passes when a test lets it.

    :ivar dead: who does not answer.
    :ivar hung: whose probes do not return.
    :ivar cut: whether nobody is heard.
    """

    def __init__(self, hosts=3, policy=POLICY, at_a_time=20):
        self.at = 1000.0
        self.dead, self.hung = set(), set()
        self.cut = False
        self.told, self.asked, self.doubted = [], [], []
        self.hosts = [Host(f'h{number}') for number in range(hosts)]
        self._coming, self._order = [], itertools.count()
        self.rounds = Rounds(
            policy, interval_s=1.0, timeout_s=TIMEOUT_S, at_a_time=at_a_time,
            changed=self._take)

    def _take(self, polled, change):
        if change in (Change.DOWN, Change.UP):
            self.told.append((polled.host.name, change))
        else:
            self.doubted.append((polled.host.name, change))

    def watch(self, hosts=None):
        self.rounds.watch(self.hosts if hosts is None else hosts, self.at)
        return self

    def run(self, seconds):
        end = self.at + seconds
        while self.at < end:
            self._return()
            wake_at = self.rounds.step(self.at)
            for probe in self.rounds.begin(self.at):
                self._ask(probe)
            coming = self._coming[0][0] if self._coming else end
            self.at = max(self.at + 1e-6, min(wake_at, coming, end))

    def _ask(self, probe):
        name = probe.polled.host.name
        self.asked.append((self.at, name))
        silent = self.cut or name in self.dead
        if name not in self.hung:
            heapq.heappush(self._coming, (
                self.at + (TIMEOUT_S if silent else 0.01),
                next(self._order), probe, not silent))

    def _return(self):
        while self._coming and self._coming[0][0] <= self.at:
            _at, _order, probe, well = heapq.heappop(self._coming)
            if well and not self.cut:
                self.rounds.answered(probe, self.at)
            else:
                self.rounds.missed(probe, self.at, 'no answer')

    def state(self, name):
        return self.rounds.hosts[name].target.health.state


class RoundsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def test_each_host_once_in_an_interval(self):
        lab = Lab().watch()
        lab.run(10.0)
        for host in lab.hosts:
            self.assertIn(sum(name == host.name for _at, name in lab.asked),
                          (10, 11))

    def test_down_after_the_misses_and_up_again(self):
        lab = Lab().watch()
        lab.run(2.0)
        lab.dead.add('h1')
        lab.run(6.0)
        self.assertEqual([('h1', Change.DOWN)], lab.told)
        lab.dead.clear()
        lab.run(4.0)
        self.assertEqual([('h1', Change.UP)], lab.told[1:])

    def test_silence_that_is_noticed_before_the_answers_is_told(self):
        """A host that was always asked just before all others was never told
        of: no answer of theirs had been taken when its own was missed."""
        lab = Lab(policy=dataclasses.replace(POLICY, misses=2)).watch()
        for _round in range(8):
            lab.at += 1.0
            lab.rounds.step(lab.at)
            probes = {probe.polled.host.name: probe
                      for probe in lab.rounds.begin(lab.at)}
            lab.rounds.missed(probes.pop('h0'), lab.at + 0.01)
            for probe in probes.values():
                lab.rounds.answered(probe, lab.at + 0.02)
        self.assertEqual([('h0', Change.DOWN)], lab.told)

    def test_fewer_misses_are_a_near_miss(self):
        lab = Lab().watch()
        lab.run(2.0)
        lab.dead.add('h1')
        lab.run(1.0)
        lab.dead.clear()
        lab.run(5.0)
        self.assertEqual([], lab.told)
        self.assertEqual(1, lab.rounds.hosts['h1'].target.near_misses)
        # Others are asked meanwhile.
        self.assertEqual([('h1', Change.SUSPECTED), ('h1', Change.REFUTED)],
                         lab.doubted)

    def test_a_single_host_is_believed(self):
        lab = Lab(hosts=1).watch()
        lab.dead.add('h0')
        lab.run(8.0)
        self.assertEqual([('h0', Change.DOWN)], lab.told)

    def test_no_more_at_a_time_than_may_be(self):
        lab = Lab(hosts=9, at_a_time=2).watch()
        lab.hung = {'h1', 'h2', 'h3', 'h4', 'h5'}
        lab.run(10.0)
        self.assertEqual([], list(lab.rounds.begin(lab.at)))
        self.assertIn('late: 2 are asked at a time, and', self.log.output)


class HangingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())

    def test_probe_that_does_not_return_is_no_answer(self):
        """A host whose probe hung stayed healthy for ever."""
        lab = Lab().watch()
        lab.run(2.0)
        lab.hung.add('h1')
        lab.run(8.0)
        self.assertEqual([('h1', Change.DOWN)], lab.told)
        self.assertEqual('the probe does not return',
                         lab.rounds.hosts['h1'].problem)

    def test_its_place_is_not_taken_for_ever(self):
        """Two that hung, of two at a time, kept all others from being asked:
        one that died stayed suspect.
        """
        lab = Lab(hosts=6, at_a_time=2).watch()
        lab.run(2.0)
        lab.hung = {'h0', 'h1'}
        lab.run(6.0)
        lab.dead.add('h5')
        lab.run(8.0)
        self.assertIn(('h5', Change.DOWN), lab.told)
        self.assertIs(State.HEALTHY, lab.state('h4'))
        self.assertFalse(lab.rounds.unasked.is_unasked('h4'))
        self.assertEqual(2, lab.rounds.given_up)

    def test_of_whom_nobody_asks_nothing_is_known(self):
        """They stayed healthy for ever."""
        lab = Lab(hosts=7, at_a_time=2).watch()
        lab.run(2.0)
        lab.hung = {'h0', 'h1', 'h2', 'h3', 'h4'}
        lab.run(12.0)
        asked = {name for _at, name in lab.asked if _at > lab.at - 6.0}
        self.assertEqual(set(), asked)
        for name in ('h5', 'h6'):
            self.assertTrue(lab.rounds.unasked.is_unasked(name))
            self.assertIn('is not asked', lab.rounds.hosts[name].problem)
        self.assertEqual(2, lab.rounds.given_up)

    def test_who_was_stopped_with_all_places_taken_neglected_nobody(self):
        lab = Lab(hosts=3, at_a_time=1).watch()
        lab.run(2.0)
        lab.at += 60.0
        lab.run(0.1)
        self.assertFalse(any(map(lab.rounds.unasked.is_unasked,
                                 lab.rounds.hosts)))

    def test_it_is_not_asked_twice_at_a_time(self):
        lab = Lab().watch()
        lab.hung.add('h1')
        lab.run(8.0)
        self.assertEqual(1, [name for _at, name in lab.asked].count('h1'))

    def test_answer_that_is_late_refutes(self):
        lab = Lab(1).watch()
        (probe,) = lab.rounds.begin(lab.at + 1.0)
        lab.rounds.step(lab.at + 4.0)
        self.assertIs(State.SUSPECT, lab.state('h0'))
        lab.rounds.answered(probe, lab.at + 4.1)
        self.assertEqual((State.HEALTHY, 1), (
            lab.state('h0'), lab.rounds.hosts['h0'].target.late))

    def test_monitor_that_was_stopped_for_a_while_blames_nobody(self):
        lab = Lab(1).watch()
        lab.rounds.step(lab.at)
        list(lab.rounds.begin(lab.at + 1.0))
        lab.rounds.step(lab.at + 60.0)
        self.assertIs(State.UNKNOWN, lab.state('h0'))


class SelfDoubtTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())

    @hypothesis.settings(max_examples=60, deadline=None)
    @hypothesis.given(st.integers(2, 12), st.floats(0, 1),
                      st.floats(0.01, 12))
    def test_outages_of_the_own_link_are_told_of_nobody(
            self, hosts, after_s, outage_s):
        """A monitor whose own link broke told of every host's death."""
        lab = Lab(hosts).watch()
        lab.run(2.0 + after_s)
        lab.cut = True
        lab.run(outage_s)
        lab.cut = False
        lab.run(8.0)
        self.assertEqual([], lab.told)
        self.assertFalse(lab.rounds.network.isolated)

    def test_who_stays_silent_after_that_is_told(self):
        lab = Lab(4).watch()
        lab.run(2.0)
        lab.cut = True
        lab.run(10.0)
        self.assertTrue(lab.rounds.network.isolated)
        lab.dead.add('h3')
        lab.cut = False
        lab.run(10.0)
        self.assertEqual([('h3', Change.DOWN)], lab.told)

    def test_most_at_once_are_told_when_the_others_go_on(self):
        lab = Lab(5).watch()
        lab.run(2.0)
        lab.dead.update({'h0', 'h1', 'h2'})
        lab.run(12.0)
        self.assertEqual(lab.dead, {name for name, change in lab.told
                                    if change is Change.DOWN})
        self.assertEqual(3, len(lab.told))


class WatchTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())

    def test_hosts_come_and_go(self):
        lab = Lab().watch()
        lab.run(2.0)
        lab.watch([*lab.hosts[1:], Host('new')])
        lab.asked.clear()
        lab.run(2.0)
        self.assertEqual({'h1', 'h2', 'new'},
                         {name for _at, name in lab.asked})

    def test_host_with_a_new_address_is_the_same(self):
        lab = Lab().watch()
        lab.dead.add('h1')
        lab.run(8.0)
        lab.watch([lab.hosts[0], Host('h1', ('192.0.2.9',)), lab.hosts[2]])
        self.assertIs(State.DOWN, lab.state('h1'))
        lab.dead.clear()
        lab.run(4.0)
        self.assertEqual(('h1', Change.UP), lab.told[-1])

    def test_answer_of_one_that_is_gone_says_nothing(self):
        lab = Lab(1).watch()
        (probe,) = lab.rounds.begin(lab.at + 1.0)
        lab.watch([Host('other')])
        lab.rounds.missed(probe, lab.at + 1.5)
        lab.rounds.failed(probe, lab.at + 1.5, 'too late')
        self.assertEqual(State.UNKNOWN, lab.state('other'))

    def test_presumed_down_is_up_when_it_answers(self):
        lab = Lab()
        lab.rounds.presume_down(['h1', 'gone'])
        lab.watch().run(4.0)
        self.assertEqual([('h1', Change.UP)], lab.told)

    def test_presumed_down_is_told_once_more_when_it_is(self):
        lab = Lab()
        lab.rounds.presume_down(['h1'])
        lab.dead.add('h1')
        lab.watch().run(10.0)
        self.assertEqual([('h1', Change.DOWN)], lab.told)

    def test_host_that_went_while_it_was_down_is_up_when_it_comes(self):
        """A host taken off the list and put back stayed down for ever."""
        lab = Lab().watch()
        lab.dead.add('h1')
        lab.run(8.0)
        lab.watch([lab.hosts[0]]).run(2.0)
        lab.dead.clear()
        lab.watch().run(4.0)
        self.assertEqual(('h1', Change.UP), lab.told[-1])

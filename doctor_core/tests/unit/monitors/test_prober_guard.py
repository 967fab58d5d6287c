import random

import fixtures
import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.monitors.judgement import SETTLE_S
from doctor_core.monitors.probing.settings import Timing
from doctor_core.monitors.verdict import Change, Policy
from doctor_core.tests.unit.monitors.doubles import Lab

DATACENTRE = (
    Timing(interval_s=0.075, timeout_s=0.05, confirm=3, spacing_s=0.025,
           silences_s=(0.3, 0.6)),
    Policy(misses=4, silence_s=0.6, agreed_silence_s=0.3, soak_samples=3,
           soak_s=0.5, hold_down_s=0.0))


class TestIsolation(testtools.TestCase):

    def test_all_hosts_at_once_is_the_monitors_own_fault(self):
        lab = Lab()
        lab.run(1.0)
        lab.dead.update(lab.targets)
        lab.run(1.0)
        self.assertEqual([], lab.told)
        self.assertEqual(['lan'], lab.prober.isolated)

    def test_isolation_ends_without_a_word_when_all_answer_again(self):
        lab = Lab(hosts=20)
        lab.run(1.0)
        lab.dead.update(lab.targets)
        lab.run(1.0)
        lab.dead.clear()
        lab.run(1.0)
        self.assertEqual([], lab.told)
        self.assertEqual([], lab.prober.isolated)

    def test_who_stays_silent_after_isolation_is_down(self):
        lab = Lab()
        lab.run(1.0)
        lab.dead.update(lab.targets)
        lab.run(1.0)
        lab.dead -= {'h0', 'h2'}
        lab.run(1.4)
        self.assertEqual([], lab.changes())
        lab.run(0.6)
        self.assertEqual([('h1', Change.DOWN)], lab.changes())

    def test_the_log_has_it_when_it_lasts(self):
        """A start on a busy machine was an alert, taken back within 1 ms."""
        log = self.useFixture(fixtures.FakeLogger())
        lab = Lab()
        lab.run(1.0)
        for outage_s, told in ((0.8, 0), (3.0, 1)):
            lab.dead.update(lab.targets)
            lab.run(outage_s)
            self.assertEqual(['lan'], lab.prober.isolated)
            lab.dead.clear()
            lab.run(1.0)
            self.assertEqual(told, log.output.count('seems to be cut off'))
            self.assertEqual(told, log.output.count('Answers come again'))

    def test_isolated_at_start(self):
        lab = Lab()
        lab.dead.update(lab.targets)
        lab.run(1.0)
        self.assertEqual([], lab.told)
        self.assertEqual(['lan'], lab.prober.isolated)

    def test_a_single_host_has_no_guard(self):
        lab = Lab(hosts=1)
        lab.run(1.0)
        lab.dead.add('h0')
        lab.run(1.0)
        self.assertEqual([('h0', Change.DOWN)], lab.changes())

    def test_one_of_two_is_told(self):
        lab = Lab(hosts=2)
        lab.run(1.0)
        lab.dead.add('h0')
        lab.run(1.0)
        self.assertEqual([('h0', Change.DOWN)], lab.changes())

    def test_the_last_one_standing_is_told(self):
        lab = Lab(hosts=2)
        lab.dead.add('h0')
        lab.run(1.0)
        lab.dead.add('h1')
        lab.run(1.0)
        self.assertEqual([('h0', Change.DOWN), ('h1', Change.DOWN)],
                         lab.changes())

    @hypothesis.settings(max_examples=40)
    @hypothesis.given(st.integers(2, 30), st.floats(0.1, 0.5), st.data())
    def test_neighbours_that_are_found_again_one_by_one_are_not_told(
            self, hosts, outage_s, data):
        """After its link broke, a monitor asks for its neighbours' hardware
        addresses again, and repeats a lost question after a second."""
        lab = Lab(hosts=hosts)
        lab.run(0.3)
        begin = lab.clock.at
        found_at = {name: begin + outage_s + data.draw(st.floats(0, 1.0))
                    for name in lab.targets}
        lab.wire.delay = lambda address, at: (
            None if begin <= at <= found_at[address] else 0.0002)
        lab.run(outage_s + 2.0)
        self.assertEqual([], lab.told)

    def test_all_but_one_are_told(self):
        lab = Lab(hosts=50)
        lab.run(1.0)
        lab.dead.update(set(lab.targets) - {'h7'})
        lab.run(4.0)
        self.assertEqual(lab.dead, {name for name, change in lab.changes()
                                    if change is Change.DOWN})

    @hypothesis.settings(max_examples=40)
    @hypothesis.given(st.integers(2, 30), st.floats(0, 0.1),
                      st.floats(0.001, 0.5))
    def test_outages_of_the_own_link_however_short_are_not_told(
            self, hosts, after_s, outage_s):
        lab = Lab(hosts=hosts)
        lab.run(0.3 + after_s)
        begin, end = lab.clock.at, lab.clock.at + outage_s
        lab.wire.delay = lambda address, at: (
            None if begin <= at <= end else 0.0002)
        lab.run(outage_s + 0.5)
        self.assertEqual([], lab.told)
        self.assertEqual([], lab.prober.isolated)

    def test_link_that_breaks_amid_a_salvo_is_not_told(self):
        """Half a slot had answered, and was taken for the witness."""
        lab = Lab(hosts=100)
        lab.run(0.3)
        left = [7]

        def delay(address, at):
            left[0] -= 1
            return 0.0002 if left[0] >= 0 else None
        lab.wire.delay = delay
        lab.run(0.5)
        self.assertEqual([], lab.told)
        self.assertEqual(['lan'], lab.prober.isolated)


class TestLossy(testtools.TestCase):
    """Hosts were not told lost as long as others lost an answer now and then:
    each time the monitor doubted its own link anew.
    """

    @hypothesis.settings(max_examples=30)
    @hypothesis.given(
        st.sampled_from([(2, 1, 20), (4, 2, 20), (3, 1, 20), (10, 5, 5),
                         (40, 20, 5)]), st.integers(0, 2 ** 32))
    def test_the_dead_are_told_and_nobody_else(self, case, seed):
        hosts, dead, percent = case
        dice = random.Random(seed)
        lab = Lab(hosts=hosts, timing=DATACENTRE[0], policy=DATACENTRE[1])
        lab.run(1.0)
        lab.dead.update(list(lab.targets)[:dead])
        lab.wire.delay = lambda address, at: (
            None if address in lab.dead or dice.randrange(100) < percent
            else 0.0002)
        lab.run(2 * SETTLE_S + 2.0)
        self.assertEqual(lab.dead, {name for name, change in lab.changes()
                                    if change is Change.DOWN})

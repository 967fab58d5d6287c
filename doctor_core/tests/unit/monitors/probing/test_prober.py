import dataclasses

import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.monitors.verdict import Change, State
from doctor_core.tests.unit.monitors.doubles import POLICY, TIMING, Lab


class TestDetection(testtools.TestCase):

    def test_nothing_is_told_of_hosts_that_answer(self):
        lab = Lab()
        lab.run(5.0)
        self.assertEqual([], lab.told)
        self.assertEqual({State.HEALTHY}, {target.health.state
                                           for target in
                                           lab.targets.values()})

    def test_dead_host_is_down_within_interval_and_two_timeouts(self):
        lab = Lab()
        lab.run(1.0)
        cut_at = lab.clock.at
        lab.dead.add('h1')
        lab.run(1.0)
        self.assertEqual([('h1', Change.DOWN)], lab.changes())
        self.assertLess(lab.told[0][0] - cut_at, 0.040 + 2 * 0.012 + 0.004)

    def test_host_dead_at_start_is_told(self):
        lab = Lab()
        lab.dead.add('h2')
        lab.run(1.0)
        self.assertEqual([('h2', Change.DOWN)], lab.changes())

    def test_up_again_after_the_soak(self):
        lab = Lab()
        lab.dead.add('h1')
        lab.run(1.0)
        lab.dead.clear()
        healed_at = lab.clock.at
        lab.run(2.0)
        self.assertEqual([('h1', Change.DOWN), ('h1', Change.UP)],
                         lab.changes())
        self.assertGreaterEqual(lab.told[1][0] - healed_at, POLICY.soak_s)

    def test_every_host_is_probed_once_an_interval(self):
        lab = Lab(hosts=50)
        lab.run(1.0)
        counts = [sum(address == name for _at, address, *_ in lab.wire.sent)
                  for name in lab.targets]
        self.assertEqual([25], sorted({count for count in counts
                                       if not 24 <= count <= 26} or {25}))

    def test_probes_are_spread_over_the_interval(self):
        lab = Lab(hosts=100)
        lab.run(0.2)
        at_once = max(sum(other == at for other, *_ in lab.wire.sent)
                      for at, *_ in lab.wire.sent)
        self.assertLessEqual(at_once, 5)

    def test_loss_of_single_probes_is_a_near_miss_only(self):
        lab = Lab()
        lost = []

        def delay(address, at):
            if address == 'h1' and len(lost) < 3 and at > 1000.5:
                lost.append(at)
                return None
            return 0.0002
        lab.wire.delay = delay
        lab.run(1.0)
        self.assertEqual([], lab.told)
        self.assertEqual(1, lab.targets['h1'].near_misses)

    def test_without_confirming_probes_one_miss_is_enough(self):
        lab = Lab(timing=dataclasses.replace(TIMING, confirm=0),
                  policy=dataclasses.replace(POLICY, misses=1))
        lab.run(1.0)
        lab.dead.add('h0')
        lab.run(0.1)
        self.assertEqual([('h0', Change.DOWN)], lab.changes())


class TestMatching(testtools.TestCase):

    def dead_host_with(self, deceive):
        """A dead host for which ``deceive`` sends something else."""
        lab = Lab()
        lab.run(0.5)

        def delay(address, at):
            if address != 'h1':
                return 0.0002
            _at, _address, ident, sequence = lab.wire.sent[-1]
            deceive(lab.wire, ident, sequence)
            return None
        lab.wire.delay = delay
        lab.run(0.5)
        return lab.changes()

    def test_wrong_source_is_no_answer(self):
        self.assertEqual([('h1', Change.DOWN)], self.dead_host_with(
            lambda wire, ident, sequence:
            wire.inject('h9', ident, sequence, 0.0001)))

    def test_wrong_id_is_no_answer(self):
        self.assertEqual([('h1', Change.DOWN)], self.dead_host_with(
            lambda wire, ident, sequence:
            wire.inject('h1', ident + 1, sequence, 0.0001)))

    def test_wrong_sequence_is_no_answer(self):
        self.assertEqual([('h1', Change.DOWN)], self.dead_host_with(
            lambda wire, ident, sequence:
            wire.inject('h1', ident, sequence ^ 0x8000, 0.0001)))

    def test_another_hosts_answer_is_no_answer(self):
        """Any packet from anywhere once counted as the host's answer."""
        self.assertEqual([('h1', Change.DOWN)], self.dead_host_with(
            lambda wire, ident, sequence:
            wire.inject('h2', ident, sequence, 0.0001)))

    def test_ids_change(self):
        lab = Lab()
        lab.run(100.0)
        self.assertEqual(4, len({ident for *_, ident, _seq
                                 in lab.wire.sent}))
        self.assertEqual([], lab.told)

    def test_late_answers_keep_a_host_suspect_but_not_down(self):
        lab = Lab()
        lab.wire.delay = lambda address, at: (
            0.018 if address == 'h1' else 0.0002)
        lab.run(2.0)
        self.assertEqual([], lab.told)
        self.assertGreater(lab.targets['h1'].late, 10)
        self.assertGreater(lab.targets['h1'].near_misses, 10)

    def test_what_could_not_be_sent_is_no_miss(self):
        lab = Lab()
        lab.run(0.5)
        lab.wire.full.add('h1')
        lab.run(1.0)
        self.assertEqual([], lab.told)
        self.assertIs(State.HEALTHY, lab.targets['h1'].health.state)


class TestStalls(testtools.TestCase):

    @hypothesis.settings(max_examples=30)
    @hypothesis.given(st.lists(st.tuples(st.floats(0.0, 0.2),
                                         st.floats(0.001, 1.0)),
                               max_size=8), st.floats(0.0, 0.01))
    def test_stalls_of_the_monitor_are_no_misses(self, stalls, rtt_s):
        lab = Lab(hosts=5)
        lab.wire.delay = lambda address, at: rtt_s
        for run_s, stall_s in stalls:
            lab.run(run_s)
            lab.pause(stall_s)
        lab.run(0.2)
        self.assertEqual([], lab.told)
        self.assertEqual(0, sum(target.near_misses
                                for target in lab.targets.values()))

    def test_no_burst_makes_up_for_a_stall(self):
        lab = Lab(hosts=5)
        lab.run(0.2)
        lab.pause(10.0)
        since = lab.clock.at
        lab.run(0.040)
        probes = [probe for probe in lab.wire.sent if probe[0] >= since]
        self.assertLessEqual(len(probes), 10)

    def test_answers_frozen_together_with_the_monitor_count(self):
        """A paused virtual machine finds its answers after waking up."""
        lab = Lab()
        lab.run(0.5)
        slow_until = lab.clock.at + 0.3
        lab.wire.delay = lambda address, at: max(
            0.0002, slow_until + 0.005 - at)
        lab.run(0.002)
        lab.pause(slow_until - lab.clock.at)
        lab.run(0.5)
        self.assertEqual([], lab.told)

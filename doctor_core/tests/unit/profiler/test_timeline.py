import threading

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.model import Stage
from doctor_core.profiler.timeline import Timeline
from doctor_core.tests.unit.profiler.stamps import START, stamp


class TimelineTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.timeline = Timeline()

    def add(self, *checkpoints):
        for checkpoint in checkpoints:
            self.timeline.add(checkpoint)

    def test_earliest_stamp_counts_and_repetitions_are_counted(self):
        self.add(stamp('T09', 30, 'a'), stamp('T09', 20, 'a'),
                 stamp('T09', 40, 'a'))
        times = self.timeline.fault('fault-1')
        self.assertEqual(START + 0.02, times.at(Stage.OWNER_TOLD, 'a'))
        self.assertEqual({('a', Stage.OWNER_TOLD): 2}, times.repeated)

    def test_stage_of_the_host_is_the_hosts_whoever_is_named(self):
        self.add(stamp('T04', 10, 'a'), stamp('T04', 12, 'b'))
        times = self.timeline.fault('fault-1', servers=['a', 'b'])
        self.assertEqual(START + 0.01, times.at(Stage.HOST_DOWN, 'b'))

    def test_who_was_told_first_comes_first_who_was_not_last(self):
        self.add(stamp('T09', 30, 'a'), stamp('T09', 20, 'b'))
        times = self.timeline.fault('fault-1', servers=['c', 'a', 'b'])
        self.assertEqual(['b', 'a', 'c'], list(times.servers))

    def test_server_that_nobody_stamped_is_missed(self):
        times = self.timeline.fault('fault-1', 'compute-1', ['a'])
        self.assertEqual(['a'], times.untold)
        self.assertEqual('compute-1', times.host)

    def test_faults_in_order(self):
        self.add(stamp('T01', 5, fault='one'),
                 stamp('T01', 1, host='compute-2', fault='two'))
        self.assertEqual([('one', 'compute-1'), ('two', 'compute-2')],
                         self.timeline.faults())

    def test_the_oldest_fault_is_forgotten(self):
        timeline = Timeline(max_faults=2)
        for fault in ('one', 'two', 'three'):
            timeline.add(stamp('T01', 0, fault=fault))
        self.assertEqual(['two', 'three'],
                         [fault for fault, _host in timeline.faults()])

    def test_host_named_late(self):
        self.add(stamp('T09', 9, 'a', host=''), stamp('T01', 1))
        self.assertEqual('compute-1', self.timeline.fault('fault-1').host)

    def test_a_snapshot_does_not_change(self):
        self.add(stamp('T01', 0))
        times = self.timeline.fault('fault-1')
        self.add(stamp('T09', 1, 'a'), stamp('T01', 2))
        self.assertEqual({}, times.servers)
        self.assertEqual({}, times.repeated)

    def test_many_threads(self):
        def work(number):
            for server in range(100):
                self.timeline.add(stamp('T09', number, str(server)))

        threads = [threading.Thread(target=work, args=(number,))
                   for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        times = self.timeline.fault('fault-1')
        self.assertEqual(100, len(times.servers))
        self.assertEqual(700, sum(times.repeated.values()))

    @given(st.permutations([stamp(str(stage), 10 * number, 'a')
                            for number, stage in enumerate(Stage)]))
    def test_the_order_of_arrival_does_not_matter(self, checkpoints):
        timeline = Timeline()
        for checkpoint in checkpoints:
            timeline.add(checkpoint)
        times = timeline.fault('fault-1')
        self.assertEqual(
            [START + number / 100 for number in range(len(Stage))],
            [times.at(stage, 'a') for stage in Stage])


class LooseTest(testtools.TestCase):
    """Checkpoints of those who do not know the fault's id."""

    def setUp(self):
        super().setUp()
        self.timeline = Timeline()

    def at(self, fault, stage, server=''):
        at = self.timeline.fault(fault, servers=['a']).at(stage, server)
        return None if at is None else round((at - START) * 1000)

    def add(self, *checkpoints):
        for checkpoint in checkpoints:
            self.timeline.add(checkpoint)

    def two_faults(self):
        self.add(stamp('T01', 200, fault='one'),
                 stamp('T01', 5200, fault='two'))

    def test_the_only_fault_of_the_host_gets_them(self):
        self.add(stamp('T00', 0, fault=''), stamp('T01', 200, fault='one'),
                 stamp('T09', 210, 'a', fault=''))
        self.assertEqual(0, self.at('one', Stage.LINK_DOWN))
        self.assertEqual(210, self.at('one', Stage.OWNER_TOLD, 'a'))

    def test_a_cut_belongs_to_the_next_detection(self):
        self.two_faults()
        self.add(stamp('T00', 0, fault=''), stamp('T00', 5000, fault=''))
        self.assertEqual(0, self.at('one', Stage.LINK_DOWN))
        self.assertEqual(5000, self.at('two', Stage.LINK_DOWN))

    def test_a_notice_belongs_to_the_last_detection(self):
        self.two_faults()
        self.add(stamp('T09', 210, 'a', fault=''),
                 stamp('T09', 5210, 'a', fault=''))
        self.assertEqual(210, self.at('one', Stage.OWNER_TOLD, 'a'))
        self.assertEqual(5210, self.at('two', Stage.OWNER_TOLD, 'a'))

    def test_clocks_that_disagree_lose_nothing(self):
        """A cut stamped after its detection went to nobody."""
        self.two_faults()
        self.add(stamp('T00', 5300, fault=''),
                 stamp('T09', 100, 'a', fault=''))
        self.assertEqual(5300, self.at('two', Stage.LINK_DOWN))
        self.assertEqual(100, self.at('one', Stage.OWNER_TOLD, 'a'))

    def test_other_hosts_are_left_alone(self):
        self.add(stamp('T01', 200, fault='one'),
                 stamp('T00', 0, host='compute-2', fault=''))
        self.assertIsNone(self.at('one', Stage.LINK_DOWN))

    def test_servers_that_nobody_asked_about_are_left_out(self):
        self.add(stamp('T01', 0), stamp('T05', 10, 'a', fault=''),
                 stamp('T05', 12, 'z', fault=''))
        times = self.timeline.fault('fault-1', servers=['a'])
        self.assertEqual(['a'], list(times.servers))

    def test_without_a_host_the_server_decides(self):
        self.add(stamp('T01', 200, fault='one'),
                 stamp('T09', 210, 'a', host='', fault=''),
                 stamp('T09', 220, 'z', host='', fault=''))
        self.assertEqual(210, self.at('one', Stage.OWNER_TOLD, 'a'))
        self.assertIsNone(self.at('one', Stage.OWNER_TOLD, 'z'))

    def test_nothing_but_loose_ones(self):
        self.add(stamp('T00', 0, fault=''))
        times = self.timeline.fault('', 'compute-1')
        self.assertEqual({Stage.LINK_DOWN: START}, times.host_stages)

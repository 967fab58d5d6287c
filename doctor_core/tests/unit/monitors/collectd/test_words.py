import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core import fixtures as doubles
from doctor_core import wire
from doctor_core.model import Fault, FaultStatus
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.monitors.collectd.hearing import Hearing, Outlets
from doctor_core.monitors.collectd.words import Words

PING = 'ping/ping_droprate/10.0.0.2'
LINK = 'connectivity/eth0/gauge/interface_status'


def event(hostname, status=FaultStatus.DOWN, cause=PING, at=1.0, heard_at=1.2,
          is_link=False):
    """What the intake reads of an event of our plugin."""
    return Fault(
        hostname, wire.HOST_DOWN if status is FaultStatus.DOWN
        else wire.HOST_UP, status, at, heard_at, cause=cause,
        evidence=(Evidence(EvidenceKind.LINK_DOWN, 'collectd', at, cause),)
        if is_link else (), details={
            'hostname': hostname, 'monitor_id': 'h1', 'evidence': [{}],
            'path_suspected': True, 'status': 'x', 'severity': 'x'})


class WordsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        #: Of whom nothing counts.
        self.deaf = set()
        self.words = Words(lambda who, _host: who not in self.deaf)

    def test_lost_once_it_is_known_who_fell_silent_with_it(self):
        self.assertIsNone(self.words.wait_s(0.0))
        self.assertTrue(self.words.down('h1', event('h2'), 0.0))
        self.assertFalse(self.words.down('h3', event('h2'), 0.4))
        self.assertEqual([], self.words.due(1.0))
        self.assertAlmostEqual(0.501, self.words.wait_s(0.5))
        self.assertEqual(['h2'], self.words.due(1.001))
        self.words.lost('h2')
        self.assertEqual(([], True, None), (
            self.words.due(9.0), self.words.is_lost('h2'),
            self.words.wait_s(9.0)))

    def test_well_when_nobody_says_otherwise(self):
        self.words.down('h1', event('h2'), 0.0)
        self.words.down('h3', event('h2'), 0.0)
        self.assertFalse(self.words.up('h1', 'h2', 9.0))
        self.assertTrue(self.words.up('h3', 'h2', 9.0))
        self.assertEqual(([], []), (self.words.of('h2'), self.words.due(9.0)))

    def test_who_cannot_tell_any_more_holds_nobody_down(self):
        """The only one that would take it back may be dead itself."""
        self.words.down('h1', event('h2'), 0.0)
        self.words.down('h3', event('h2'), 0.0)
        self.deaf.add('h1')
        self.assertTrue(self.words.up('h3', 'h2', 9.0))

    def test_three_within_a_second_are_a_path(self):
        for number, at in enumerate((0.0, 0.6, 0.9, 2.5)):
            self.words.down('h0', event(f'h{number}'), at)
        self.assertEqual([True, True, True, False], [
            self.words.is_path(f'h{number}') for number in range(4)])
        self.assertEqual(3, self.words.together('h0'))

    def test_those_that_are_gone(self):
        for name in ('h1', 'h2'):
            self.words.down('h0', event(name), 0.0)
        self.assertEqual(['h2'], self.words.keep(['h0', 'h1']))
        self.assertEqual(['h1'], self.words.due(9.0))

    @given(st.lists(st.tuples(
        st.sampled_from('abcde'), st.floats(0, 5)), min_size=1))
    def test_whoever_is_judged_first_it_is_known_who_fell_silent(self, said):
        """As long as each is judged when it is due, the first of many is not
        judged as if it were alone.
        """
        words, told = Words(lambda *_unused: True), {}
        for name, at in sorted(said, key=lambda one: one[1]):
            for due in words.due(at):
                told.setdefault(due, words.is_path(due))
                words.lost(due)
            words.down('x', event(name), at)
        for due in words.due(99.0):
            told.setdefault(due, words.is_path(due))
        self.assertEqual({name: words.is_path(name) for name in told}, told)


class HearingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = doubles.FakeClock()
        self.reported = doubles.Reported()
        self.silent = []
        self.hearing = Hearing(Outlets(
            self.reported, lambda *silence: self.silent.append(silence),
            lambda *_unused: True), 1.0, self.clock)
        self.addCleanup(self.hearing.stop)

    def go(self, seconds=0.0, *, start=True):
        if start and not self.hearing._thread.is_alive():
            self.hearing.start()
        self.hearing.go_round()
        self.clock.advance(seconds)
        for _round in range(2):
            # Once to see the time, once to be sure that it has.
            self.hearing.go_round()

    def test_others_are_asked_before_it_is_lost(self):
        self.hearing.take('h1', event('h2'))
        self.go()
        self.assertEqual(([('h2', True)], [], 'suspect'), (
            self.silent, self.reported.faults, self.hearing.state('h2')))
        self.go(1.1)
        self.assertEqual([('h2', 'down')], self.reported.statuses())
        self.assertEqual('down', self.hearing.state('h2'))

    def test_what_is_reported(self):
        self.hearing.take('h1', event('h2'))
        self.go(1.1)
        fault, = self.reported.faults
        self.assertEqual((wire.HOST_DOWN, PING, 1.0, False), (
            fault.type, fault.cause, fault.detected_at,
            fault.is_path_suspected))
        self.assertEqual([Evidence(EvidenceKind.PROBES, 'collectd', 1.0,
                                   f'h1: {PING}')], list(fault.evidence))
        self.assertEqual({'hostname': 'h2', 'monitor_id': 'h1',
                          'silent_together': 1}, fault.details)

    def test_own_link_is_surer_than_what_others_see(self):
        self.hearing.take('h1', event('h2'))
        self.hearing.take('h2', event('h2', cause=LINK, is_link=True))
        self.go(1.1)
        fault, = self.reported.faults
        self.assertEqual(LINK, fault.cause)
        self.assertEqual(['probes', 'link-down'],
                         [one.kind for one in fault.evidence])
        self.assertIs(EvidenceKind.LINK_DOWN,
                      self.hearing.link_down('h2').kind)

    def test_nobody_knows_the_links_of_another_one(self):
        self.hearing.take('h1', event('h2', cause=LINK, is_link=True))
        self.go(1.1)
        self.assertIsNone(self.hearing.link_down('h2'))
        self.assertEqual(['probes'], [
            one.kind for one in self.reported.faults[0].evidence])

    def test_nothing_is_seen_after_it_was_heard_of(self):
        """The clock of a compute host may be wrong."""
        self.hearing.take('h1', event('h2', at=99.0, heard_at=5.0))
        self.go(1.1)
        self.assertEqual(5.0, self.reported.faults[0].detected_at)

    def test_a_rack_is_first_a_path(self):
        """Each was corrected at once, though it was their switch."""
        for number in range(20):
            self.hearing.take('h0', event(f'r{number}'))
            self.go(0.04)
        self.assertEqual([], self.reported.faults)
        self.go(1.1)
        self.assertEqual({True}, {
            fault.is_path_suspected for fault in self.reported.faults})
        self.assertEqual({f'{PING}, path suspected'}, {
            fault.cause for fault in self.reported.faults})
        self.assertEqual(20, len(self.reported.faults))

    def test_only_a_proof_makes_it_sooner(self):
        self.hearing.take('h1', event('h2'))
        self.hearing.agree('h2', Evidence(EvidenceKind.MONITOR, 'x', 1.0))
        self.go()
        self.assertEqual([], self.reported.faults)
        self.hearing.agree('h2', Evidence(EvidenceKind.BMC_OFF, 'x', 1.0))
        self.go()
        self.assertEqual([('h2', 'down')], self.reported.statuses())

    def test_back_before_it_was_lost(self):
        self.hearing.take('h1', event('h2'))
        self.hearing.take('h1', event('h2', FaultStatus.UP))
        self.go(1.1)
        self.assertEqual(([('h2', True), ('h2', False)], []),
                         (self.silent, self.reported.faults))
        self.assertIsNone(self.hearing.state('h2'))

    def test_back_after_it_was_lost(self):
        self.hearing.take('h1', event('h2'))
        self.go(1.1)
        self.hearing.take('h1', event('h2', FaultStatus.UP, at=2.0,
                                      heard_at=2.1))
        self.go()
        self.assertEqual([('h2', 'down'), ('h2', 'up')],
                         self.reported.statuses())
        self.assertEqual(2.0, self.reported.faults[1].detected_at)

    def test_who_was_down_before_the_start_is_back_or_lost_again(self):
        self.hearing.presume_down(['h2', 'h3', 'h4'])
        self.hearing.take('h1', event('h2', FaultStatus.UP))
        self.hearing.take('h1', event('h3'))
        self.hearing.take('h1', event('h4'))
        self.hearing.take('h1', event('h4', FaultStatus.UP))
        self.go(1.1)
        self.assertEqual([('h2', 'up'), ('h4', 'up'), ('h3', 'down')],
                         self.reported.statuses())

    def test_host_that_goes_is_silent_no_more(self):
        self.hearing.take('h1', event('h2'))
        self.go()
        self.hearing.keep(['h1'])
        self.go(1.1)
        self.assertEqual(([('h2', True), ('h2', False)], []),
                         (self.silent, self.reported.faults))

    def test_nothing_is_reported_after_the_end(self):
        self.hearing.take('h1', event('h2'))
        self.go()
        self.hearing.stop()
        self.clock.advance(9.0)
        self.hearing.take('h1', event('h3'))
        self.hearing.stop()
        self.assertEqual([], self.reported.faults)

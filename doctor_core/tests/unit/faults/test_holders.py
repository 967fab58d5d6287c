import testtools

from doctor_core.exceptions import InvalidTransition
from doctor_core.faults.flapping import Flapping
from doctor_core.faults.holders import Holders
from doctor_core.faults.reports import Reading
from doctor_core.faults.silence import Silence
from doctor_core.faults.witnesses import MONITOR, OPERATOR
from doctor_core.model import FaultStatus
from doctor_core.model.states import CorrectionState, FaultState
from doctor_core.tests.unit.faults import doubles

NAGIOS = {'source': 'nagios', 'sender': 'n1'}


class HoldersTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        engine = self.desk.engine
        self.flapping = Flapping(lambda: self.desk.settings,
                                 self.desk.clock.monotonic)
        self.holders = Holders(
            self.desk.store, engine.pursuit, self.flapping,
            Silence(lambda: self.desk.settings, engine.affected,
                    self.desk.clock.monotonic), {'sample'},
            self.desk.clock.monotonic)
        self.fault_id = self.desk.down().fault_id

    @property
    def record(self):
        return self.desk.fault(self.fault_id)

    def test_a_source_that_holds_nothing_is_remembered(self):
        """Its report was seen nowhere."""
        self.let_go(Reading.EVIDENCE, **NAGIOS)
        self.assertEqual({self.fault_id: [('nagios', False),
                                          ('sample', True)]},
                         self.desk.store.faults.sayers([self.fault_id]))

    def test_who_has_confirmed_it_is_not_forgotten(self):
        self.desk.store.faults.describe(self.fault_id, reason='by eve')
        self.holders.begin_clearing(self.record, 20.0, 'by mallory')
        self.assertEqual('by eve; by mallory', self.record.reason)

    def test_why_it_was_held_is_over(self):
        self.desk.store.faults.move(self.fault_id, FaultState.HANDLING)
        self.desk.store.faults.move(self.fault_id, FaultState.HELD,
                                    reason='one of many')
        self.holders.begin_clearing(self.record, 20.0, 'by eve')
        self.assertEqual('by eve', self.record.reason)

    def hold(self, reading=Reading.REPEATS, **source):
        return self.holders.hold(
            reading, doubles.fault('h0', FaultStatus.DOWN, 11.0, **source),
            self.record)

    def let_go(self, reading, at=20.0, **source):
        return self.holders.let_go(
            reading, doubles.fault('h0', FaultStatus.UP, at, **source),
            self.record)

    def sources(self):
        return self.desk.store.faults.holders(self.fault_id)

    def test_one_more_holds_it(self):
        answer = self.hold(Reading.JOINS, **NAGIOS)
        self.assertEqual(('joined', self.fault_id),
                         (answer.state, answer.fault_id))
        self.assertEqual({'sample', 'nagios'}, self.sources())
        self.assertEqual(1, self.record.repeats)

    def test_its_source_says_so_again(self):
        self.assertEqual('repeated', self.hold().state)
        self.assertEqual({'sample'}, self.sources())

    def test_what_is_left_of_it_is_done_at_a_repetition(self):
        self.desk.store.faults.move(self.fault_id, FaultState.HANDLING,
                                    old=(FaultState.HANDLED,))
        self.assertIsNone(self.hold())

    def test_not_at_each_of_a_thousand(self):
        self.desk.store.faults.move(self.fault_id, FaultState.HANDLING,
                                    old=(FaultState.HANDLED,))
        self.assertIsNone(self.hold())
        self.assertEqual('repeated', self.hold().state)
        self.desk.clock.advance(1.0)
        self.assertIsNone(self.hold())

    def test_our_monitor_that_hears_it_no_more_is_no_witness(self):
        self.desk.store.faults.describe(self.fault_id, witness=MONITOR)
        self.hold(**NAGIOS)
        self.assertEqual(MONITOR, self.record.witness)
        self.hold()
        self.assertEqual('', self.record.witness)

    def test_one_lets_go_and_another_holds_on(self):
        self.hold(Reading.JOINS, **NAGIOS)
        answer = self.let_go(Reading.RELEASES)
        self.assertEqual(('noted', 'still held by nagios'),
                         (answer.state, answer.note))
        self.assertEqual({'nagios'}, self.sources())
        self.assertEqual(FaultState.HANDLED, self.record.state)

    def test_one_without_a_name_holds_on(self):
        """The note ended in "still held by "."""
        self.hold(Reading.JOINS, source='')
        answer = self.let_go(Reading.RELEASES)
        self.assertEqual('still held by (no source)', answer.note)

    def test_the_last_one_lets_go(self):
        self.assertIsNone(self.let_go(Reading.CLEARS))
        self.assertEqual((FaultState.CLEARING, frozenset(), MONITOR), (
            self.record.state, self.sources(), self.record.witness))
        self.assertEqual(
            {CorrectionState.UNDO_OWED},
            set(self.desk.correction_states(self.fault_id).values()))

    def test_others_are_no_witness(self):
        self.hold(Reading.JOINS, **NAGIOS)
        self.let_go(Reading.RELEASES, **NAGIOS)
        self.assertEqual('', self.record.witness)

    def test_an_operator_s_word_stands(self):
        self.desk.store.faults.describe(self.fault_id, witness=OPERATOR)
        self.let_go(Reading.CLEARS)
        self.assertEqual(OPERATOR, self.record.witness)

    def test_good_news_of_who_holds_nothing(self):
        answer = self.let_go(Reading.EVIDENCE, **NAGIOS)
        self.assertEqual('noted', answer.state)
        self.assertEqual({'sample'}, self.sources())
        self.let_go(Reading.CLEARS)
        # It is looked at each second anyway: none of a thousand asks Nova.
        answer = self.let_go(Reading.EVIDENCE, **NAGIOS)
        self.assertEqual(('clearing', True), (answer.state, answer.waits))

    def test_a_witness_that_is_new(self):
        """It is what the return waits for."""
        self.hold(Reading.JOINS, **NAGIOS)
        self.desk.store.faults.let_go(self.fault_id, 'sample', 'x')
        self.let_go(Reading.CLEARS, **NAGIOS)
        self.assertIsNone(self.let_go(Reading.EVIDENCE))
        self.assertEqual('clearing', self.let_go(Reading.EVIDENCE).state)

    def test_a_host_that_comes_and_goes_stays_lost_until_it_is_quiet(self):
        self.desk.set(flap_returns=1, flap_window_s=60.0, flap_quiet_s=30.0)
        self.flapping.back('h0')
        self.assertEqual('noted', self.let_go(Reading.CLEARS).state)
        self.assertEqual(FaultState.HANDLED, self.record.state)
        self.assertEqual('', self.holders.why_over(self.record))
        self.desk.clock.sleep(30.0)
        self.assertEqual('the host is quiet',
                         self.holders.why_over(self.record))

    def test_a_fault_that_somebody_holds_is_not_over(self):
        self.assertEqual('', self.holders.why_over(self.record))

    def test_it_is_over_when_our_monitor_hears_the_host_for_long(self):
        self.desk.store.faults.describe(self.fault_id, witness=MONITOR)
        self.desk.set(silent_source_s=10.0)
        for _ in range(3):
            why = self.holders.why_over(self.record)
            self.desk.clock.sleep(10.0)
        self.assertIn('is silent', why)

    def test_one_that_has_forgotten_that_it_holds_it(self):
        """A monitor that lost its state file held the host for ever."""
        self.holders.heard('sample', self.record)
        self.assertEqual('', self.record.witness)
        self.holders.heard('sample', self.record)
        self.assertEqual(MONITOR, self.record.witness)
        self.hold()
        self.assertEqual('', self.record.witness)

    def test_one_that_says_in_between_that_it_is_lost(self):
        for _ in range(3):
            self.holders.heard('sample', self.record)
            self.hold()
        self.assertEqual('', self.record.witness)

    def test_others_that_hear_it_at_the_same_time(self):
        self.holders.heard('nagios', self.record)
        self.holders.heard('sample', self.record)
        self.assertEqual('', self.record.witness)

    def test_what_has_ended_is_not_cleared_again(self):
        self.desk.up()
        self.assertRaises(InvalidTransition, self.holders.begin_clearing,
                          self.record, 30.0)

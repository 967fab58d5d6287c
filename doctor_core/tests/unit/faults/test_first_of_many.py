"""The first of many silent hosts, lost before anybody could know of the
others.
"""

from doctor_core.faults import suspicion
from doctor_core.model import FaultStatus
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.tests.unit.faults import doubles
from doctor_core.tests.unit.faults.test_suspicion import PathTestCase


class FirstOfManyTest(PathTestCase):
    def first(self, source='sample', **changes):
        return self.desk.handler.decide(doubles.fault(
            'h0', FaultStatus.DOWN, 10.0, source=source, **changes))

    def follow(self, after_s, decided):
        """Others fall silent so long after; then the first is pursued."""
        self.desk.clock.advance(after_s)
        for host in ('h1', 'h2'):
            self.lost(host, source='sample')
        return self.desk.handler.pursue(decided)

    def test_waits_as_well(self):
        answer = self.follow(0.9, self.first())
        self.assertEqual(('held', suspicion.WAITING),
                         (answer.state, answer.note))
        self.assertEqual(set(), self.desk.forced_down())
        self.assertIn(('s0', 'error'), self.desk.alarms.told)
        self.assertIn('Host h0 fell silent together with others',
                      self.log.output)
        self.pass_by(3.6)
        self.assertEqual(suspicion.HELD, self.reason())

    def test_how_long_each_was_silent_counts(self):
        answer = self.follow(1.5, self.first(
            details={'last_answer_at': 10.0}))
        self.assertEqual('handled', answer.state)
        self.desk.up('h0', 11.0)
        decided = self.desk.handler.decide(doubles.fault(
            'h3', FaultStatus.DOWN, 20.0, source='sample',
            details={'last_answer_at': 20.0}))
        self.desk.clock.advance(1.5)
        self.lost('h4', source='sample', details={'last_answer_at': 9.4})
        self.assertEqual('held', self.desk.handler.pursue(decided).state)

    def test_one_that_fell_silent_long_before_goes_on(self):
        self.assertEqual('handled', self.follow(1.1, self.first()).state)

    def test_one_that_another_source_has_lost_goes_on(self):
        self.assertEqual('handled', self.follow(
            0.1, self.first('alertmanager/x')).state)

    def test_one_whose_death_is_proved_goes_on(self):
        self.assertEqual('handled', self.follow(0.1, self.first(
            evidence=(Evidence(EvidenceKind.PANICKED, 'kdump', 10.0),))).state)

    def test_one_that_is_corrected_stays_so(self):
        decided = self.first()
        self.desk.handler.pursue(decided)
        self.assertEqual('handled', self.follow(0.1, decided).state)
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_what_is_not_asked_for_yet_waits(self):
        """Its owners were told, and its servers were just to be set."""
        def head_start(told):
            self.lost('h1', source='sample')
            return 0.0

        decided = self.first()
        self.desk.alarms.head_start_s = head_start
        self.assertEqual('held', self.desk.handler.pursue(decided).state)
        self.assertEqual(set(), self.desk.forced_down())
        self.assertEqual(['handled'], self.witness(EvidenceKind.BMC_OFF))
        self.assertEqual('error', self.desk.states()['s0'])

    def half_done(self):
        """The host is marked down when others fall silent, and no server is
        in error yet.
        """
        correct = self.desk.inspector.correct

        def corrected(*args):
            changes = correct(*args)
            self.desk.inspector.correct = correct
            self.lost('h1', source='sample')
            return changes

        self.desk.set(hears_states=False)
        self.desk.inspector.correct = corrected
        answer = self.desk.handler.pursue(self.first())
        self.assertEqual(('held', {'h0'}, 'active'), (
            answer.state, self.desk.forced_down(), self.desk.states()['s0']))

    def test_the_rest_of_one_that_is_half_done_waits(self):
        self.half_done()
        self.assertEqual(['handled'], self.witness(EvidenceKind.BMC_OFF))
        self.assertEqual('error', self.desk.states()['s0'])

    def test_one_that_is_half_done_and_back_is_undone(self):
        self.half_done()
        self.assertEqual('cleared', self.desk.up('h0').state)
        self.assertEqual((set(), 'active'), (
            self.desk.forced_down(), self.desk.states()['s0']))

    def test_it_is_cleared_when_it_is_back(self):
        answer = self.follow(0.9, self.first())
        self.assertEqual('cleared', self.desk.up('h0').state)
        self.assertEqual('', self.desk.fault(answer.fault_id).reason)

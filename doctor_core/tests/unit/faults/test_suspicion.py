"""The fault handler when hosts fall silent together, few though they are."""

import dataclasses
import logging

import fixtures

from doctor_core import clock
from doctor_core.faults import suspicion
from doctor_core.model import FaultStatus
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.tests.unit.faults import doubles
from doctor_core.tests.unit.faults.test_held import MassFailureTestCase


class PathTestCase(MassFailureTestCase):
    def lost(self, host, **changes):
        return self.desk.handle(dataclasses.replace(
            doubles.fault(host, FaultStatus.DOWN, 10.0),
            is_path_suspected=True, **changes))

    def join(self, kind, host='h0'):
        """Another monitor has the host lost as well, and says why."""
        self.lost(host, source='redfish', evidence=(Evidence(
            kind, 'redfish', 11.0),))
        return [answer.state for answer in self.desk.release()]

    def witness(self, kind, host='h0'):
        self.desk.handler.witnessed(host, [
            Evidence(kind, 'w', 11.0, 'seen')])
        return [answer.state for answer in self.desk.release()]

    def pass_by(self, seconds):
        """What is let go of after so long."""
        self.desk.clock.advance(seconds)
        return [answer.state for answer in self.desk.release()]

    def reason(self, host='h0'):
        return self.desk.store.faults.open_of(host).reason


class ProofTest(PathTestCase):
    def test_the_owners_are_told_and_nothing_is_corrected(self):
        answer = self.lost('h0')
        self.assertEqual('held', answer.state)
        self.assertIn('a path to them is suspected', answer.note)
        self.assertIn(('s0', 'error'), self.desk.alarms.told)
        self.assertEqual(set(), self.desk.forced_down())

    def test_one_whose_death_is_proved_is_not_held(self):
        answer = self.lost('h0', evidence=(Evidence(
            EvidenceKind.BMC_OFF, 'redfish', 10.0),))
        self.assertEqual('handled', answer.state)
        self.assertEqual([EvidenceKind.BMC_OFF], [
            one.kind for one in self.desk.store.evidence.of(answer.fault_id)])

    def test_the_notice_says_how_sure_it_is(self):
        self.lost('h0', evidence=(Evidence(
            EvidenceKind.PROBES, 'sample', 10.0, 'of no business'),))
        traits = self.desk.alarms.traits['s0']
        self.assertEqual(('unreachable, path suspected', 'probes'),
                         (traits['certainty'], traits['evidence']))

    def test_what_another_monitor_says_is_kept_too(self):
        """The first report's evidence was all there ever was."""
        answer = self.lost('h0')
        self.lost('h0', source='collectd', evidence=(Evidence(
            EvidenceKind.LINK_DOWN, 'collectd', 10.0),))
        self.assertEqual([EvidenceKind.LINK_DOWN], [
            one.kind for one in self.desk.store.evidence.of(answer.fault_id)])

    def test_another_monitor_that_proves_it_lets_go_of_it(self):
        answer = self.lost('h0')
        self.assertEqual([], self.join(EvidenceKind.LINK_DOWN))
        self.assertEqual(['handled'], self.join(EvidenceKind.BMC_OFF))
        self.assertEqual('dead: bmc-off',
                         self.desk.fault(answer.fault_id).reason)
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_one_that_another_monitor_proves_may_be_one_of_too_many(self):
        self.fail(3)
        answer = self.lost('h3')
        self.assertEqual([], self.join(EvidenceKind.BMC_OFF, 'h3'))
        self.assertIn('are down, a mass failure',
                      self.desk.fault(answer.fault_id).reason)

    def test_a_second_path_proves_nothing(self):
        """It may be the same switch that is silent."""
        answer = self.lost('h0', evidence=(Evidence(
            EvidenceKind.NETWORK, 'storage', 10.0),))
        self.assertEqual('held', answer.state)

    def test_an_operator_lets_go_of_it(self):
        answer = self.lost('h0')
        self.assertEqual(['handled'], self.confirm(answer.fault_id))

    def test_a_witness_that_comes_later_lets_go_of_it(self):
        answer = self.lost('h0')
        self.assertEqual([], self.witness(EvidenceKind.NETWORK))
        self.assertEqual(['handled'], self.witness(EvidenceKind.PANICKED))
        self.assertIn('dead: panicked (w): seen',
                      self.desk.fault(answer.fault_id).reason)
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_and_then_it_may_be_one_of_too_many(self):
        self.fail(3)
        answer = self.lost('h3')
        self.assertEqual([], self.witness(EvidenceKind.BMC_OFF, 'h3'))
        self.assertIn('are down, a mass failure',
                      self.desk.fault(answer.fault_id).reason)

    def test_a_witness_that_it_lives_ends_it(self):
        answer = self.lost('h0')
        self.witness(EvidenceKind.HEARTBEAT)
        self.desk.resume()
        fault = self.desk.fault(answer.fault_id)
        self.assertEqual('cleared', fault.state)
        self.assertIn('the host lives: heartbeat (w): seen', fault.reason)
        self.assertEqual(set(), self.desk.forced_down())

    def test_a_witness_of_a_host_that_nobody_lost(self):
        self.assertEqual([], self.witness(EvidenceKind.BMC_OFF))
        self.assertEqual([], self.witness(EvidenceKind.BMC_OFF, 'nosuch'))

    def test_the_log_has_the_mass_failure_that_they_are_part_of(self):
        """It said nothing when the first had been held for a path."""
        for index in range(3):
            self.lost(f'h{index}')
        for index in range(3, 7):
            self.desk.down(f'h{index}')
        self.assertEqual(1, self.log.output.count('Mass failure:'))

    def test_it_goes_through_as_in_a_mass_failure(self):
        self.lost('h0')
        self.assertEqual([], self.pass_by(60.0))
        self.assertEqual(['handled'], self.pass_by(3.6))


class WaitingTest(PathTestCase):
    """Until a failover of a path would be over nobody is alarmed."""

    def test_it_waits_for_a_witness_first_and_nobody_is_alarmed(self):
        """A switch that fails over is no mass failure."""
        errors = self.useFixture(fixtures.FakeLogger(level=logging.ERROR))
        answers = [self.lost(f'h{index}') for index in range(5)]
        self.assertEqual([], self.pass_by(3.5))
        self.assertEqual({suspicion.WAITING},
                         {answer.note for answer in answers})
        self.desk.holding.remind()
        for index in range(5):
            self.assertEqual('cleared', self.desk.up(f'h{index}').state)
        self.assertEqual([], self.pass_by(10.0))
        self.assertEqual('', errors.output)
        self.assertEqual([''] * 5, [
            self.desk.fault(answer.fault_id).reason for answer in answers])

    def test_the_log_says_for_what_it_waits(self):
        answer = self.lost('h0')
        self.assertIn(f'fault {answer.fault_id} is waiting for a witness',
                      self.log.output)

    def test_then_it_is_held_and_the_log_has_the_burst_once(self):
        for host in ('h0', 'h1', 'h2'):
            self.lost(host)
            self.desk.clock.advance(0.3)
        self.assertEqual([], self.pass_by(2.7))
        self.assertEqual([], self.pass_by(0.3))
        self.assertEqual([], self.pass_by(0.3))
        for host in ('h0', 'h1', 'h2'):
            self.assertEqual(suspicion.HELD, self.reason(host))
        self.assertEqual(1, self.log.output.count('fell silent together'))
        self.assertIn('3 compute hosts fell silent together and stay so: '
                      'h0, h1, h2', self.log.output)
        self.assertIn('1 of them is marked down each minute', self.log.output)

    def test_a_later_burst_is_said_as_well(self):
        for host in ('h0', 'h1'):
            self.lost(host)
            self.pass_by(30.0)
        self.assertEqual(2, self.log.output.count('fell silent together'))

    def test_then_they_may_be_too_many(self):
        for index in range(6):
            self.lost(f'h{index}')
        self.pass_by(3.6)
        for index in range(6):
            self.assertIn('6 of 10 hosts are down, a mass failure',
                          self.reason(f'h{index}'))
        self.assertEqual((1, 0), (
            self.log.output.count('Mass failure: 6 of 10'),
            self.log.output.count('fell silent together')))

    def test_how_long_it_had_been_silent_counts(self):
        self.lost('h0', details={'last_answer_at': 9.0})
        self.pass_by(2.5)
        self.assertEqual(suspicion.WAITING, self.reason())
        self.pass_by(0.1)
        self.assertEqual(suspicion.HELD, self.reason())

    def test_who_was_silent_for_long_is_held_at_the_next_look(self):
        for host, last in (('h0', -50.0), ('h1', 'nonsense'), ('h2', 99.0)):
            self.lost(host, details={'last_answer_at': last})
        self.pass_by(0.0)
        self.assertEqual([suspicion.HELD] + 2 * [suspicion.WAITING],
                         [self.reason(host) for host in ('h0', 'h1', 'h2')])

    def test_its_minute_begins_when_it_is_held(self):
        self.lost('h0')
        self.assertEqual([64], [round(at - clock.now()) for at in
                                self.desk.holding.turns().values()])
        for seconds in (3.6, 59.9):
            self.assertEqual([], self.pass_by(seconds))
        self.assertEqual(['handled'], self.pass_by(0.1))

    def test_it_waits_on_after_a_restart_and_a_reboot_ends_that(self):
        boot = self.useFixture(fixtures.MockPatchObject(
            clock, 'boot_id', return_value='before')).mock
        self.lost('h0')
        self.desk = self.desk.again()
        self.pass_by(3.5)
        self.assertEqual(suspicion.WAITING, self.reason())
        boot.return_value = 'now'
        self.pass_by(0.0)
        self.assertEqual(suspicion.HELD, self.reason())

    def test_a_witness_or_an_operator_ends_the_waiting(self):
        self.lost('h0')
        self.assertEqual(['handled'], self.witness(EvidenceKind.BMC_OFF))
        self.assertEqual(['handled'], self.confirm(
            self.lost('h1').fault_id))


class FirstOfManyTest(PathTestCase):
    """It was lost before anybody could know of the others."""

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

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

    def alert(self, at):
        """A rule of Prometheus fires."""
        return self.desk.down('h0', at, source='alert', sender='',
                              began_at=at)

    def test_it_was_seen_alive_before_another_one_had_it_lost(self):
        """The bus was away for a minute: whatever was open by then ended."""
        self.lost('h0')
        fault_id = self.alert(51.0).fault_id
        self.witness(EvidenceKind.HEARD)
        self.assertEqual(('held', []), (
            self.desk.fault(fault_id).state,
            self.desk.store.evidence.of(fault_id)))
        self.assertIn('it was seen alive before', self.log.output)

    def test_it_was_seen_alive_at_about_the_same_time(self):
        """By another clock that may be either."""
        self.lost('h0')
        fault_id = self.alert(14.0).fault_id
        self.witness(EvidenceKind.HEARD)
        self.assertEqual('clearing', self.desk.fault(fault_id).state)

    def test_it_was_seen_alive_when_a_clock_that_is_ahead_had_it_lost(self):
        fault_id = self.desk.handle(doubles.fault(
            'h0', FaultStatus.DOWN, 9e4, received_at=10.0)).fault_id
        self.witness(EvidenceKind.HEARD)
        self.assertEqual('clearing', self.desk.fault(fault_id).state)

    def test_the_clock_of_the_monitor_was_set_back_meanwhile(self):
        """A living host stayed marked down until it had caught up."""
        fault_id = self.desk.down('h0', 3610.0).fault_id
        self.witness(EvidenceKind.HEARTBEAT)
        self.assertEqual('clearing', self.desk.fault(fault_id).state)

    def lives(self, kind, source):
        """The state and the mark of a host, down before, that is seen."""
        fault_id = self.desk.down('h0').fault_id
        self.desk.cloud.beating = False
        self.desk.handler.witnessed('h0', [Evidence(kind, source, 11.0)])
        for _round in range(4):
            self.desk.resume()
        return self.desk.fault(fault_id).witness, self.desk.forced_down()

    def test_an_own_monitor_that_hears_it_has_its_mark_taken_back(self):
        """With its management cut it was marked until nova-compute reported.
        """
        self.assertEqual(('monitor', set()),
                         self.lives(EvidenceKind.HEARD, 'collectd'))

    def test_nobody_else_does(self):
        self.assertEqual(('', {'h0'}),
                         self.lives(EvidenceKind.HEARD, 'somebody'))

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
        self.assertEqual(1, self.log.output.count('within a second of others'))
        self.assertIn('3 compute hosts fell silent within a second of '
                      'others, without an answer since: h0, h1, h2',
                      self.log.output)
        self.assertIn('1 of them is marked down each minute', self.log.output)

    def test_a_later_burst_is_said_as_well(self):
        for host in ('h0', 'h1'):
            self.lost(host)
            self.pass_by(30.0)
        self.assertEqual(2, self.log.output.count('within a second of others'))

    def test_then_they_may_be_too_many(self):
        for index in range(6):
            self.lost(f'h{index}')
        self.pass_by(3.6)
        for index in range(6):
            self.assertIn('6 of 10 hosts are down, a mass failure',
                          self.reason(f'h{index}'))
        self.assertEqual((1, 0), (
            self.log.output.count('Mass failure: 6 of 10'),
            self.log.output.count('within a second of others')))

    def test_how_long_it_had_been_silent_counts(self):
        self.lost('h0', details={'last_answer_at': 9.0})
        self.pass_by(2.5)
        self.assertEqual(suspicion.WAITING, self.reason())
        self.pass_by(0.1)
        self.assertEqual(suspicion.HELD, self.reason())

    def test_who_was_silent_for_long_is_held_at_the_next_look(self):
        self.lost('h0', details={'last_answer_at': 1})
        self.pass_by(0.0)
        self.assertEqual(suspicion.HELD, self.reason())

    def test_nonsense_says_nothing_of_how_long_it_was_silent(self):
        for index, last in enumerate(('x', None, 99.0, -1.0, float('nan'),
                                      10 ** 400, -10 ** 400)):
            self.lost(f'h{index}', details={'last_answer_at': last})
            self.pass_by(0.0)
            self.assertEqual(suspicion.WAITING, self.reason(f'h{index}'))

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

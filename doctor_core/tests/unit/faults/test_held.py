"""The fault handler when many hosts go down together."""

import contextlib
import dataclasses
import threading

import fixtures
import testtools

from doctor_core import clock
from doctor_core.faults import plan
from doctor_core.faults.holding import Holding
from doctor_core.faults.mass_failure import Group, Limits
from doctor_core.model import FaultStatus, Server
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.model.states import DOWN, FaultState
from doctor_core.tests.unit.faults import doubles


class MassFailureTestCase(testtools.TestCase):
    """Ten hosts, each with a server: three may fail, the fourth is held."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.desk = self.made()

    def made(self, hosts=10, **options):
        cloud = doubles.Cloud(servers=0, hosts=hosts)
        cloud.all_servers = {
            f's{index}': Server(f's{index}', f'vm{index}', 'p', f'h{index}')
            for index in range(hosts)}
        return doubles.Desk(cloud=cloud, **options)

    def fail(self, count, desk=None, at=10.0):
        """Let the first so many hosts fail; the last one's report."""
        for index in range(count):
            report = (desk or self.desk).down(f'h{index}', at + index)
        return report

    def confirm(self, *fault_ids):
        self.desk.holding.confirm(fault_ids, 'alice')
        return [report.state for report in self.desk.release()]


class HeldTest(MassFailureTestCase):
    def test_first_hosts_are_marked_and_the_next_is_held(self):
        report = self.fail(4)
        self.assertEqual('held', report.state)
        self.assertIn('held: 4 of 10 hosts are down, a mass', report.note)
        self.assertEqual({'h0', 'h1', 'h2'}, self.desk.forced_down())
        self.assertEqual('active', self.desk.states()['s3'])
        record = self.desk.fault(report.fault_id)
        self.assertEqual('held', record.state)
        self.assertEqual({'told'},
                         set(self.desk.telling_states(record.id).values()))
        self.assertIn('h0, h1, h2 had been marked down', record.reason)

    def test_owners_are_told_all_the_same(self):
        for notification in ('shortcut', 'conservative'):
            desk = self.made(notification=notification)
            desk.alarms.hears_nova = notification == 'conservative'
            self.fail(4, desk)
            self.assertIn(('s3', 'error'), desk.alarms.told)

    def test_few_hosts_of_a_small_cloud_are_never_held(self):
        for hosts, lost in ((1, 1), (2, 2), (3, 2)):
            desk = self.made(hosts)
            self.assertEqual('handled', self.fail(lost, desk).state)

    def test_hosts_that_fail_and_come_back_one_by_one_are_not_held(self):
        for index in range(10):
            self.assertEqual('handled', self.desk.down(
                f'h{index}', 100.0 * index).state)
            self.desk.up(f'h{index}', 100.0 * index + 50.0)
            self.desk.clock.advance(100.0)

    def test_a_slow_cascade_is_held(self):
        """Only falls within a minute were counted."""
        states = []
        for index in range(5):
            states.append(self.desk.down(f'h{index}', 100.0 * index).state)
            self.desk.clock.advance(100.0)
        self.assertEqual(['handled'] * 3 + ['held'] * 2, states)

    def test_a_step_of_the_clock_makes_one_loss_no_mass_failure(self):
        """Losses of a time when the clock was ahead were for ever recent.
        """
        for index in range(3):
            self.desk.down(f'h{index}', 90000.0)
            self.desk.up(f'h{index}', 90010.0)
        self.desk.clock.advance(500.0)
        self.assertEqual('handled', self.desk.down('h3', 500.0).state)

    def test_a_step_of_the_clock_hides_no_mass_failure(self):
        self.fail(3)
        self.assertEqual('held', self.desk.down('h3', 90000.0).state)

    def test_losses_count_after_a_restart_of_the_process(self):
        self.fail(3)
        self.assertEqual('held',
                         self.desk.again().down('h3', 20.0).state)

    def test_a_host_that_is_down_since_before_the_boot_counts(self):
        boot = self.useFixture(fixtures.MockPatchObject(
            clock, 'boot_id', return_value='before')).mock
        self.fail(3)
        boot.return_value = 'now'
        self.desk.clock.advance(100.0)
        self.assertEqual('held', self.desk.down('h3', 20.0).state)

    def test_share_of_zero(self):
        self.desk.set(mass_failure=Limits(0.0, 3))
        self.assertEqual('handled', self.fail(10).state)

    def test_at_the_same_time(self):
        """Each counted without the other, and both were marked down."""
        self.fail(2)
        both = threading.Barrier(2)

        def groups():
            with contextlib.suppress(threading.BrokenBarrierError):
                both.wait(0.2)
            return [Group('', frozenset(self.desk.affected.hosts()))]

        holding = Holding(lambda: self.desk.settings, self.desk.store,
                          groups, self.desk.clock.monotonic)
        threads = [threading.Thread(target=holding.add, args=(
            doubles.fault(host, FaultStatus.DOWN, 12.0), host, '', None))
            for host in ('h2', 'h3')]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        self.assertEqual(1, len(
            self.desk.store.faults.in_states(FaultState.HELD)))

    def test_log_tells_once(self):
        self.fail(8)
        self.assertEqual(1, self.log.output.count('Mass failure:'))
        self.assertIn('4 of 10 compute hosts', self.log.output)
        self.assertIn('doctor faults confirm --all', self.log.output)

    def test_repeated_events(self):
        held = self.fail(4)
        again = self.desk.down('h3', 20.0)
        self.assertEqual(('repeated', held.fault_id),
                         (again.state, again.fault_id))
        self.assertEqual(1, self.desk.alarms.told.count(('s3', 'error')))

    def test_servers_that_the_map_did_not_know(self):
        self.desk.cloud.all_servers['s99'] = Server('s99', 'vm', 'p', 'h3')
        self.fail(4)
        self.assertIn(('s99', 'error'), self.desk.alarms.told)
        self.assertEqual('active', self.desk.states()['s99'])

    def test_is_not_done_by_itself(self):
        self.fail(4)
        self.assertEqual([], self.desk.resume())
        self.assertEqual([], self.desk.release())
        self.assertEqual('active', self.desk.states()['s3'])


class RestartTest(MassFailureTestCase):
    def restarted(self):
        return doubles.Desk(kept=self.desk.store, cloud=self.desk.cloud)

    def test_stays_held(self):
        report = self.fail(4)
        desk = self.restarted()
        self.assertEqual([], desk.resume())
        self.assertEqual('held', desk.fault(report.fault_id).state)
        self.assertEqual('held', desk.down('h4', 15.0).state)

    def test_log_reminds(self):
        self.fail(4)
        self.restarted().holding.remind()
        self.assertIn('1 compute host not marked down: h3',
                      self.log.output)

    def test_killed_before_the_owners_were_told(self):
        self.fail(3)
        lost = doubles.fault('h3', FaultStatus.DOWN, 14.0)
        self.desk.store.faults.add(lost, 'h3', FaultState.HELD)
        self.desk.store.tellings.owe(lost.id, plan.tellings(
            self.desk.affected.of('h3')))
        desk = self.restarted()
        self.assertEqual(['held'], [
            report.state for report in desk.resume()])
        self.assertEqual([('s3', 'error')], desk.alarms.told)
        self.assertEqual([], desk.resume())

    def test_killed_after_the_confirmation(self):
        report = self.fail(4)
        self.desk.holding.confirm([report.fault_id], 'alice')
        desk = self.restarted()
        self.assertEqual(['handled'], [
            report.state for report in desk.resume()])
        self.assertEqual('error', desk.states()['s3'])
        self.assertEqual([], desk.alarms.told)


class DecidedTest(MassFailureTestCase):
    def test_confirmed_is_marked_and_nobody_told_twice(self):
        report = self.fail(4)
        self.assertEqual(['handled'], self.confirm(report.fault_id))
        self.assertIn('h3', self.desk.forced_down())
        self.assertEqual('error', self.desk.states()['s3'])
        self.assertEqual(1, self.desk.alarms.told.count(('s3', 'error')))
        self.assertIn('alice', self.log.output)

    def test_confirmed_while_the_owners_are_being_told(self):
        self.fail(3)
        self.desk.alarms.hold = threading.Event()
        telling = threading.Thread(target=self.desk.down, args=('h3',))
        telling.start()
        clock.wait_for(lambda: ('s3', 'error') in self.desk.alarms.told,
                       clock.Deadline(10), what='the owner to be told')
        held, = self.desk.store.faults.in_states(FaultState.HELD)
        self.desk.holding.confirm([held.id], 'alice')
        pursued = self.desk.engine.owed.released()
        clock.wait_for(lambda: self.desk.states()['s3'] == 'error',
                       clock.Deadline(10), what='the server to be marked')
        self.desk.alarms.hold.set()
        telling.join(10)
        self.assertEqual('handled', pursued[0].result(10).state)
        self.assertEqual(1, self.desk.alarms.told.count(('s3', 'error')))

    def test_counts_anew_when_all_is_confirmed(self):
        self.fail(4)
        self.confirm(*(record.id for record in
                       self.desk.store.faults.in_states(*DOWN)))
        self.assertEqual(['handled'] * 3 + ['held'], [
            self.desk.down(f'h{index}', 15.0).state for index in range(4, 8)])

    def test_those_marked_down_before_count_until_they_are_confirmed(self):
        report = self.fail(4)
        self.confirm(report.fault_id)
        self.assertEqual('held', self.desk.down('h4', 15.0).state)

    def test_one_of_two_confirmed(self):
        report = self.fail(5)
        self.confirm(report.fault_id)
        self.desk.clock.advance(5.0)
        self.assertEqual('held', self.desk.down('h5', 15.0).state)

    def test_confirmed_host_comes_back(self):
        report = self.fail(4)
        self.confirm(report.fault_id)
        self.assertEqual('cleared', self.desk.up('h3', 30.0).state)
        self.assertNotIn('h3', self.desk.forced_down())
        self.assertEqual('active', self.desk.states()['s3'])

    def test_goes_through_by_itself_one_a_minute(self):
        self.fail(6)
        self.desk.clock.advance(59.0)
        self.assertEqual([], self.desk.release())
        marked = []
        for seconds in (1.0, 59.0, 1.0, 60.0):
            self.desk.clock.advance(seconds)
            self.desk.release()
            marked.append(len(self.desk.forced_down()))
        self.assertEqual([4, 4, 5, 6], marked)
        self.assertIn('mass_failure_budget = 1 a minute', self.log.output)

    def test_a_second_witness_goes_first(self):
        self.fail(5)
        proved = self.desk.store.faults.open_of('h4')
        self.desk.store.evidence.add(proved.id, Evidence(
            EvidenceKind.BMC_OFF, 'redfish', 15.0))
        self.desk.clock.advance(60.0)
        self.desk.release()
        self.assertEqual({'h0', 'h1', 'h2', 'h4'}, self.desk.forced_down())

    def test_a_budget_of_none_waits_for_the_operator(self):
        self.desk.set(mass_failure=Limits(0.3, 3, 0))
        self.fail(4)
        self.desk.clock.advance(9999.0)
        self.assertEqual([], self.desk.release())
        self.assertNotIn('each minute', self.log.output)


class ReturnTest(MassFailureTestCase):
    def test_cleared_and_nothing_touched(self):
        self.fail(4)
        self.desk.inspector.made.clear()
        self.assertEqual('cleared', self.desk.up('h3').state)
        self.assertEqual([], self.desk.inspector.made)

    def test_host_that_an_administrator_forced_down_meanwhile(self):
        self.fail(4)
        service = self.desk.cloud.service
        service['h3'] = dataclasses.replace(service['h3'], forced_down=True)
        self.desk.up('h3')
        self.assertIn('h3', self.desk.forced_down())

    def test_owners_hear_of_what_runs(self):
        self.fail(4)
        self.desk.cloud.all_servers['s98'] = Server(
            's98', 'vm', 'p', 'h3', 'stopped')
        self.desk.alarms.told.clear()
        self.desk.up('h3')
        self.assertEqual([('s3', 'active')], self.desk.alarms.told)

    def test_it_is_over_when_hosts_are_back(self):
        self.fail(5, at=10.0)
        for index in range(4):
            self.desk.up(f'h{index}', 20.0)
        self.desk.clock.advance(190.0)
        self.assertEqual('handled', self.desk.down('h9', 200.0).state)
        self.assertEqual(1, len(
            self.desk.store.faults.in_states(FaultState.HELD)))

    def test_nova_away(self):
        report = self.fail(4)
        self.desk.cloud.away = True
        self.assertEqual('clearing', self.desk.up('h3').state)
        self.desk.cloud.away = False
        self.desk.inspector.made.clear()
        self.assertEqual(['cleared'], [
            report.state for report in self.desk.resume()])
        self.assertEqual([], self.desk.inspector.made)
        self.assertEqual('cleared',
                         self.desk.fault(report.fault_id).state)

    def test_fails_again_while_nova_is_away(self):
        self.fail(5)
        self.desk.cloud.away = True
        self.desk.up('h3', 20.0)
        self.assertEqual('held', self.desk.down('h3', 21.0).state)
        self.desk.cloud.away = False
        record = self.desk.store.faults.open_of('h3')
        self.assertEqual(['handled'], self.confirm(record.id))
        self.assertIn('h3', self.desk.forced_down())
        self.assertEqual('error', self.desk.states()['s3'])

    def test_marked_host_that_fails_again_is_not_held(self):
        """It would be neither marked down nor left alone."""
        self.fail(4)
        self.desk.inspector.failing = {'c0'}
        self.assertEqual('clearing', self.desk.up('h0', 20.0).state)
        self.desk.inspector.failing = set()
        self.assertEqual('handled', self.desk.down('h0', 21.0).state)
        self.assertIn('h0', self.desk.forced_down())

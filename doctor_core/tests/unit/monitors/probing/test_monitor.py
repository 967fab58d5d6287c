import queue

import fixtures
import testtools

from doctor_core import clock
from doctor_core import fixtures as doubles
from doctor_core.exceptions import ConfigError
from doctor_core.model import FaultStatus, Host
from doctor_core.model.evidence import EvidenceKind
from doctor_core.monitors import reports
from doctor_core.monitors.probing.monitor import ProbingMonitor
from doctor_core.monitors.verdict import Change
from doctor_core.monitors.watchlist import HostState
from doctor_core.tests.unit.monitors.doubles import FakeClock, FakeWire

A, B, C = (Host(name, (f'192.0.2.{i}',)) for i, name in enumerate('abc', 1))
WAIT_S = 20


class LoopbackWire(FakeWire):
    """Answers at once, but for who is dead.

    :ivar names: the addresses of names.
    """

    def __init__(self):
        super().__init__(FakeClock(), lambda address, at: (
            None if address in self.dead else 0.0))
        self.dead = set()
        self.names = {}
        self.closed = False

    def resolve(self, name):
        if name[0].isdigit():
            return name
        if name not in self.names:
            raise OSError('Name or service not known')
        return self.names[name]

    def close(self):
        self.closed = True


class LoopbackMonitor(ProbingMonitor):
    """Hosts in memory."""

    def wire(self):
        return self.loopback


class ProbingContractTest(doubles.WatchContract, testtools.TestCase):
    plugin = LoopbackMonitor
    hosts = (A, B, C)
    values = {'profile': 'lab', 'interval_ms': 20.0, 'soak_s': 0.0,
              'soak_samples': 2, 'hold_down_s': 0.0}

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.loopback = LoopbackWire()

    def make(self, report=None, **values):
        monitor = super().make(report, **values)
        monitor.loopback = self.loopback
        return monitor

    def fail(self, host):
        self.loopback.dead.add(host.address)

    def heal(self, host):
        self.loopback.dead.discard(host.address)


class TestProbingMonitor(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.faults = queue.Queue()
        self.wire = LoopbackWire()
        self.make()

    def make(self, **values):
        self.monitor = LoopbackMonitor(
            doubles.options(LoopbackMonitor, **{
                'profile': 'lab', 'interval_ms': 20.0, 'soak_s': 0.0,
                'soak_samples': 2, **values}), self.faults.put)
        self.monitor.loopback = self.wire
        self.addCleanup(self.monitor.stop)

    def next_fault(self):
        return self.faults.get(timeout=WAIT_S)

    def test_fault_says_who_since_when_and_why(self):
        self.wire.dead.add('192.0.2.2')
        self.monitor.start([A, B, C])
        fault = self.next_fault()
        self.assertEqual(
            ('b', 'compute.host.down', FaultStatus.DOWN, 'critical',
             '192.0.2.2'),
            (fault.hostname, fault.type, fault.status, fault.severity,
             fault.details['address']))
        self.assertGreaterEqual(fault.details['missed_probes'], 4)
        self.assertIsNone(fault.details['last_answer_at'])

    def test_up_follows_down_with_an_id_of_its_own(self):
        self.wire.dead.add('192.0.2.2')
        self.monitor.start([A, B, C])
        down = self.next_fault()
        self.wire.dead.clear()
        up = self.next_fault()
        self.assertEqual(('b', 'compute.host.up', FaultStatus.UP),
                         (up.hostname, up.type, up.status))
        self.assertNotEqual(down.details['monitor_event_id'],
                            up.details['monitor_event_id'])
        self.assertGreater(up.detected_at, down.detected_at)

    def test_log_has_it_when_it_is_reported(self):
        """What is kept back is said to be down by nobody."""
        self.wire.dead.add('192.0.2.2')
        self.monitor.start([A, B, C])
        fault = self.next_fault()
        self.assertNotIn('detected at', self.log.output)
        reports.log(fault)
        self.assertIn(f'doctor monitor detected at {fault.detected_at:.6f} '
                      'host b is down: 4 probes of b (192.0.2.2) on '
                      'network-1 in a row', self.log.output)

    def test_host_that_does_not_resolve_is_told_of(self):
        stray = Host('stray')
        self.monitor.start([A, stray])
        status = self.monitor.status()[1]
        self.assertEqual((stray, HostState.UNWATCHED),
                         (status.host, status.state))
        self.assertIn('Name or service not known', status.problem)
        self.assertIn('Host stray cannot be watched', self.log.output)

    def never_heard(self):
        """The problems of hosts, once the log has one that never answered."""
        clock.wait_for(lambda: 'has never answered' in self.log.output,
                       clock.Deadline(WAIT_S), what='a warning')
        return {status.host.name: status.problem
                for status in self.monitor.status() if status.problem}

    def test_host_that_has_never_answered_is_told_of_not_reported(self):
        """An address behind a firewall was a dead host at the first start.
        """
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.monitors.unheard.GRACE_S', 0.3))
        self.wire.dead.add('192.0.2.2')
        self.monitor.presume_heard(())
        self.monitor.start([A, B, C])
        self.assertEqual(
            {'b': 'has never answered at 192.0.2.2: it is not reported down'},
            self.never_heard())
        self.await_states(a='healthy', b='unknown', c='healthy')
        self.assertEqual({'a (192.0.2.1)', 'c (192.0.2.3)'},
                         self.monitor.heard())
        self.assertTrue(self.faults.empty())
        self.wire.dead.clear()
        self.await_states(a='healthy', b='healthy', c='healthy')
        self.wire.dead.add('192.0.2.2')
        self.assertEqual('b', self.next_fault().hostname)
        self.assertEqual(1, self.log.output.count('has never answered'))

    def test_who_died_while_no_monitor_ran_is_reported(self):
        self.wire.dead.add('192.0.2.2')
        self.monitor.presume_heard({'b (192.0.2.2)'})
        self.monitor.start([A, B, C])
        self.assertEqual('b', self.next_fault().hostname)

    def test_lost_host_that_answers_where_it_never_did_is_back(self):
        two = Host('two', ('192.0.2.4', '192.0.2.5'))
        self.wire.dead.add('192.0.2.5')
        self.monitor.presume_heard(())
        self.monitor.start([A, B, two])
        self.await_states(a='healthy', b='healthy', two='healthy')
        self.wire.dead.add('192.0.2.4')
        self.assertEqual('two', self.next_fault().hostname)
        self.wire.dead.discard('192.0.2.5')
        self.assertIs(FaultStatus.UP, self.next_fault().status)

    def test_address_of_the_monitors_machine_is_told_of(self):
        self.wire.own.add('192.0.2.2')
        self.monitor.start([A, B])
        self.await_states(a='healthy', b='unwatched')
        self.assertIn('would hear itself', self.monitor.status()[1].problem)

    def test_address_of_another_host_is_told_of(self):
        twin = Host('twin', A.addresses)
        self.monitor.start([A, twin])
        self.assertEqual([twin], [status.host for status
                                  in self.monitor.status()
                                  if status.problem])

    def states(self):
        return {status.host.name: str(status.state)
                for status in self.monitor.status()}

    def await_states(self, **states):
        clock.wait_for(lambda: self.states() == states,
                       clock.Deadline(WAIT_S), what=str(states))

    def test_status_of_every_host(self):
        self.wire.dead.add('192.0.2.3')
        self.monitor.start([A, B, C])
        self.await_states(a='healthy', b='healthy', c='down')
        self.assertFalse(self.monitor.isolated())

    def test_update_adds_and_removes_and_remembers(self):
        self.wire.dead.add('192.0.2.2')
        self.monitor.start([A, B])
        self.assertEqual('b', self.next_fault().hostname)
        self.monitor.update([B, C])
        self.await_states(b='down', c='healthy')
        self.assertTrue(self.faults.empty())

    def test_host_down_is_up_again_by_a_new_address(self):
        self.wire.dead.add('192.0.2.2')
        self.monitor.start([A, B])
        self.next_fault()
        self.monitor.update([A, Host('b', ('192.0.2.22',))])
        fault = self.next_fault()
        self.assertEqual(('b', FaultStatus.UP),
                         (fault.hostname, fault.status))

    def test_who_was_down_before_a_restart_and_is_not_is_up(self):
        """A host that came back while no monitor ran stayed down."""
        self.monitor.presume_down({'b'})
        self.monitor.start([A, B, C])
        fault = self.next_fault()
        self.assertEqual(('b', FaultStatus.UP),
                         (fault.hostname, fault.status))

    def test_who_was_down_before_a_restart_and_is_is_told_once_more(self):
        self.wire.dead.add('192.0.2.2')
        self.monitor.presume_down({'b'})
        self.monitor.start([A, B, C])
        fault = self.next_fault()
        self.assertEqual(('b', FaultStatus.DOWN),
                         (fault.hostname, fault.status))
        self.wire.dead.clear()
        self.assertIs(FaultStatus.UP, self.next_fault().status)

    def test_host_that_went_while_it_was_down_is_up_when_it_comes(self):
        """A host taken off the list and put back stayed down for ever."""
        self.wire.dead.add('192.0.2.2')
        self.monitor.start([A, B, C])
        self.assertEqual('b', self.next_fault().hostname)
        self.monitor.update([A, C])
        self.await_states(a='healthy', c='healthy')
        self.wire.dead.clear()
        self.monitor.update([A, B, C])
        fault = self.next_fault()
        self.assertEqual(('b', FaultStatus.UP),
                         (fault.hostname, fault.status))

    def looked_over(self, *hosts):
        """Judge by a list, and go round some times."""
        self.monitor.update(hosts)
        for _round in range(3):
            self.monitor.prove_alive()

    def test_names_that_are_not_resolved_any_more_have_nobody_up(self):
        """Its mark was taken off, and nobody was watched any more."""
        named = [Host(name) for name in 'ab']
        self.wire.names = {'a': '192.0.2.1', 'b': '192.0.2.2'}
        self.wire.dead.add('192.0.2.2')
        self.monitor.start(named)
        self.assertEqual('b', self.next_fault().hostname)
        self.wire.names = {}
        self.looked_over(*named)
        self.await_states(a='healthy', b='down')
        self.assertTrue(self.faults.empty())
        self.wire.dead.clear()
        fault = self.next_fault()
        self.assertEqual(('b', FaultStatus.UP),
                         (fault.hostname, fault.status))

    def test_who_was_down_before_a_start_without_names_is_held(self):
        named = [Host(name) for name in 'ab']
        self.wire.dead.add('192.0.2.2')
        self.monitor.presume_down({'b'})
        self.monitor.start(named)
        self.assertIn('2 of 2 hosts cannot be watched', self.log.output)
        self.looked_over(*named)
        self.await_states(a='unwatched', b='unwatched')
        self.assertTrue(self.faults.empty())
        self.wire.names = {'a': '192.0.2.1', 'b': '192.0.2.2'}
        self.looked_over(*named)
        fault = self.next_fault()
        self.assertEqual(('b', FaultStatus.DOWN),
                         (fault.hostname, fault.status))
        self.assertIn('Most hosts are watched again', self.log.output)

    def test_address_that_goes_off_the_list_has_nobody_up(self):
        """The one that is left has to answer first."""
        self.make(networks=['management', 'tenant'],
                  verdicts=['tenant = down', 'default = ignore'],
                  soak_s=1.0)
        x, y = (Host(name, (f'192.0.2.{i}', f'192.0.2.{i + 1}'))
                for name, i in (('x', 10), ('y', 20)))
        self.monitor.start([x, y])
        self.await_states(x='healthy', y='healthy')
        self.wire.dead.add('192.0.2.11')
        self.assertEqual('x', self.next_fault().hostname)
        self.looked_over(Host('x', ('192.0.2.10',)), y)
        self.await_states(x='down', y='healthy')
        self.assertTrue(self.faults.empty())
        self.assertIs(FaultStatus.UP, self.next_fault().status)

    def test_down_on_all_networks_only(self):
        two = Host('two', ('192.0.2.4', '192.0.2.5'))
        self.monitor.start([A, B, two])
        self.await_states(a='healthy', b='healthy', two='healthy')
        # Somebody has to answer on the second network as well.
        self.monitor.update([A, B, two, Host('d', ('192.0.2.6',
                                                   '192.0.2.7'))])
        self.await_states(a='healthy', b='healthy', two='healthy',
                          d='healthy')
        self.wire.dead.add('192.0.2.4')
        self.await_states(a='healthy', b='healthy', two='degraded',
                          d='healthy')
        self.assertTrue(self.faults.empty())
        why = 'silent on network-1, and heard on network-2'
        self.assertEqual([why], [one.problem for one in self.monitor.status()
                                 if one.host == two])
        self.assertIn('; it is heard on network-2.', self.log.output)
        self.wire.dead.clear()
        self.await_states(a='healthy', b='healthy', two='healthy',
                          d='healthy')
        self.assertIn('Host two is degraded no longer', self.log.output)
        self.wire.dead |= {'192.0.2.4', '192.0.2.5'}
        fault = self.next_fault()
        self.assertEqual(['network-1', 'network-2'],
                         sorted(fault.details['unreachable']))

    def test_verdict_matrix_decides(self):
        self.make(networks=['management', 'tenant'],
                 verdicts=['management = ignore', 'default = down'])
        two = [Host(name, (f'192.0.2.{i}', f'192.0.2.{i + 1}'))
               for name, i in (('x', 10), ('y', 20))]
        self.monitor.start(two)
        self.await_states(x='healthy', y='healthy')
        self.wire.dead.add('192.0.2.10')
        self.wire.dead.add('192.0.2.21')
        self.assertEqual('y', self.next_fault().hostname)
        self.assertTrue(self.faults.empty())

    def test_witness_tells_a_single_hosts_death_from_isolation(self):
        self.make(witnesses=['192.0.2.254'])
        self.monitor.start([A])
        self.await_states(a='healthy')
        self.wire.dead.update({'192.0.2.1', '192.0.2.254'})
        clock.wait_for(self.monitor.isolated, clock.Deadline(WAIT_S),
                       what='isolation')
        self.assertTrue(self.faults.empty())
        self.wire.dead.discard('192.0.2.254')
        self.assertEqual('a', self.next_fault().hostname)

    def two_networks(self, **values):
        """Two hosts on two networks, both healthy; hours until lost."""
        self.make(networks=['management', 'tenant'], silence_ms=3_600_000.0,
                  agreed_silence_ms=200.0, **values)
        two = [Host(name, (f'192.0.2.{i}', f'192.0.2.{i + 1}'))
               for name, i in (('x', 10), ('y', 20))]
        self.monitor.start(two)
        self.await_states(x='healthy', y='healthy')

    def test_two_independent_networks_witness_for_each_other(self):
        self.two_networks(independent_networks=['tenant'])
        self.wire.dead.update({'192.0.2.10', '192.0.2.11'})
        fault = self.next_fault()
        self.assertEqual('x', fault.hostname)
        self.assertIn(EvidenceKind.NETWORK,
                      {one.kind for one in fault.evidence})

    def test_one_of_them_alone_says_nothing(self):
        self.two_networks(independent_networks=['tenant'])
        self.wire.dead.add('192.0.2.10')
        self.await_silence('192.0.2.10')
        self.assertTrue(self.faults.empty())

    def test_networks_that_share_a_bond_are_no_witnesses(self):
        self.two_networks()
        self.wire.dead.update({'192.0.2.10', '192.0.2.11'})
        self.await_silence('192.0.2.10', '192.0.2.11')
        self.assertTrue(self.faults.empty())

    def await_silence(self, *addresses):
        """Until a second witness would be enough."""
        clock.wait_for(lambda: all(
            target.health.would_agree for watched in self.monitor._watchlist
            for target in watched.targets if target.address in addresses),
            clock.Deadline(WAIT_S), what='silence')

    def test_independent_networks_that_are_none(self):
        for name, words in (('storage', 'not one of the networks'),
                            ('a', 'the first of the networks')):
            self.make(networks=['a', 'b'], independent_networks=[name])
            self.assertIn(words, str(self.assertRaises(
                ConfigError, self.monitor.start, [A])))

    def silent(self, *hosts):
        """Hosts of six that fall silent together: what is told of them."""
        self.make(silence_ms=300.0)
        watched = [Host(f'h{i}', (f'192.0.2.{i}',)) for i in range(1, 7)]
        self.monitor.start(watched)
        self.await_states(**{host.name: 'healthy' for host in watched})
        self.wire.dead.update(watched[i].address for i in hosts)
        return [self.next_fault() for _ in hosts]

    def test_a_lost_probe_is_no_silence(self):
        """With 5 % of loss each death was taken for a broken path."""
        self.monitor.start([A, B])
        self.await_states(a='healthy', b='healthy')
        self.monitor.stop()
        target, = self.monitor._watchlist.hosts['b'].targets
        target.health.missed(1.0)
        self.monitor._changed(target, Change.SUSPECTED)
        self.assertIsNone(self.monitor._silences.since('b'))
        self.monitor._changed(target, Change.DOUBTED)
        self.assertIsNotNone(self.monitor._silences.since('b'))

    def test_hosts_that_fall_silent_together_are_first_a_path(self):
        faults = self.silent(0, 1, 2)
        self.assertEqual([(True, 3)] * 3, [
            (fault.is_path_suspected, fault.details['silent_together'])
            for fault in faults])
        self.assertIn('path suspected', faults[0].cause)

    def test_two_are_not(self):
        faults = self.silent(0, 1)
        self.assertEqual([(False, 'no answer to probes')] * 2, [
            (fault.is_path_suspected, fault.cause) for fault in faults])
        self.assertEqual(['probes'], [
            one.kind for one in faults[0].evidence])

    def test_timeout_above_interval_is_refused(self):
        self.make(timeout_ms=21.0)
        error = self.assertRaises(ConfigError, self.monitor.start, [A])
        self.assertIn('[plugin_test] timeout_ms = 21 is above '
                      'interval_ms = 20', str(error))

    def test_hold_down_above_its_end_is_refused(self):
        self.make(hold_down_s=301.0)
        error = self.assertRaises(ConfigError, self.monitor.start, [A])
        self.assertIn('hold_down_s = 301', str(error))

    def test_stop_before_start_and_twice(self):
        self.monitor.stop()
        self.monitor.start([A])
        self.monitor.stop()
        self.monitor.stop()
        self.assertTrue(self.wire.closed)

    def test_report_that_raises_is_repeated(self):
        told = []

        def fail_once(fault):
            told.append(fault)
            if len(told) == 1:
                raise RuntimeError('no room')
            self.faults.put(fault)
        self.monitor.report = fail_once
        self.wire.dead.add('192.0.2.2')
        self.monitor.start([A, B])
        self.assertEqual('b', self.next_fault().hostname)
        self.assertIn('RuntimeError: no room', self.log.output)

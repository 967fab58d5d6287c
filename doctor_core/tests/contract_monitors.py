"""What every monitor has to hold, for whoever writes one.

Mix it with a test case; :mod:`doctor_core.fixtures` has it, too::

    class TcpMonitorTest(MonitorContract, testtools.TestCase):
        plugin = TcpMonitor

A monitor whose hosts a test can take down derives from :class:`WatchContract`.
Nothing here waits for time to pass: what has to happen is waited for, up to
``WAIT_S`` seconds; in one test of a class only, if it never happens there.
"""

import contextlib
import json
import queue
import threading
from typing import ClassVar

from doctor_core import clock, fixtures, wire
from doctor_core.exceptions import DeadlineExceeded
from doctor_core.model import FaultStatus, Host
from doctor_core.model.evidence import EvidenceKind, Weight
from doctor_core.monitors.base import HostStatus, Monitor
from doctor_core.tests import watching
from doctor_core.tests.contract_plugins import PluginContract
from doctor_core.tests.watching import (
    ALL_WELL,
    BACK,
    LOST,
    WAS_DOWN,
    Watching,
)


class MonitorContract(PluginContract):
    """What holds of a monitor that was not started; to be mixed into a test
    case.

    * It derives from ``Monitor`` and is not abstract; the first line of its
      docstring is a sentence.
    * Each of its options has a help text.
    * It is made of its options and ``report`` alone.
    * ``stop()`` may be called without ``start()``, and twice.
    * ``status()`` is empty and ``isolated()`` false before it is started.
    * One whose ``evidence_kind`` proves that a host is dead says in
      ``hears_hosts`` that it asks somebody else.

    :cvar plugin: the monitor's class.
    :cvar values: options that a test cannot leave at their defaults.
    """

    base = Monitor
    plugin: ClassVar[type[Monitor]]

    def make(self, report=None, **values):
        """A new monitor; it is stopped at the end of the test."""
        monitor = self.plugin(
            fixtures.options(self.plugin, **{**self.values, **values}),
            report or (lambda fault: None))
        self.addCleanup(monitor.stop)
        return monitor

    def test_is_made_of_its_options_alone(self):
        self.assertIsInstance(self.make(), Monitor)

    def test_stop_before_start_and_twice(self):
        monitor = self.make()
        monitor.stop()
        monitor.stop()
        self.assertEqual([], list(monitor.status()))

    def test_who_answers_is_said_where_an_answer_proves_death(self):
        """A controller's silence was taken for that of its host."""
        kind = EvidenceKind(getattr(self.plugin, 'evidence_kind',
                                    EvidenceKind.PROBES))
        self.assertFalse(
            self.plugin.hears_hosts and kind.weight is Weight.PROVES,
            f'no host that answers can prove that it is dead, as evidence_kind'
            f' = {kind} does: set hears_hosts = False, since somebody else is '
            'asked; or choose evidence that proves less')

    def test_can_be_asked_before_it_is_started(self):
        monitor = self.make()
        self.assertEqual([], list(monitor.status()))
        self.assertIs(False, monitor.isolated())
        monitor.presume_down(['nobody'])


class WatchContract(Watching, MonitorContract):
    """What holds of a monitor that watches hosts.

    * Each host has a status, also one that cannot be watched.
    * A lost host is reported down once, and up once when it is back, with
      the time and the cause.
    * All hosts that fall silent at once are not reported; all that somebody
      else has lost are.
    * Hosts that were reported down before a restart are reported up.
    * Hosts are added and removed while it runs.
    * Nothing is reported after ``stop()``.

    The deriving class says in ``fail`` and ``heal`` how a host falls silent
    and comes back.

    :cvar hosts: three at least, all of them well.
    :cvar doubts_itself: whether silence of all hosts at once is taken for
        its own.
    """

    hosts = ()
    doubts_itself = True

    def fail(self, host):
        """Have a host of ``hosts`` answer no more."""
        raise NotImplementedError

    def heal(self, host):
        """Have it answer again."""
        raise NotImplementedError

    def watch(self, hosts=None, down=()):
        """A monitor that watches; each host has been heard of."""
        self.faults = queue.Queue()
        self.monitor = self.make(self.faults.put)
        self.monitor.presume_down(down)
        self.monitor.start(list(hosts or self.hosts))
        with self.expecting(ALL_WELL):
            self.await_well(
                *(host for host in hosts or self.hosts
                  if host.name not in down), problem_s=watching.PROBLEM_S)

    def test_every_host_has_a_status(self):
        """``doctor hosts`` showed nothing of a monitor without one."""
        self.watch()
        for host in self.hosts:
            status = self.statuses()[host.name]
            self.assertIsInstance(status, HostStatus)
            self.assertEqual((host, ''), (status.host, status.problem))
            self.assertAlmostEqual(clock.now(), status.last_answer_at,
                                   delta=watching.WAIT_S)

    def test_lost_host_is_down_once_and_up_once(self):
        self.watch()
        self.fail(self.hosts[1])
        down = self.next_fault(LOST)
        self.heal(self.hosts[1])
        up = self.next_fault(BACK)
        self.assertEqual(
            [(self.hosts[1].name, wire.HOST_DOWN, FaultStatus.DOWN),
             (self.hosts[1].name, wire.HOST_UP, FaultStatus.UP)],
            [(fault.hostname, fault.type, fault.status)
             for fault in (down, up)])
        self.await_well(*self.hosts)
        self.assert_nothing_more()

    def test_report_says_when_and_why(self):
        began_at = clock.now()
        self.watch()
        self.fail(self.hosts[0])
        fault = self.next_fault(LOST)
        self.assertTrue(began_at <= fault.detected_at <= clock.now(),
                        f'{fault}: detected_at is not while it watched')
        self.assertTrue(fault.cause, f'{fault} names no cause')
        json.dumps(dict(fault.details), allow_nan=False)

    def test_somebody_elses_word_of_all_at_once_is_told(self):
        """It was taken for a cut of the monitor's own link."""
        if self.doubts_itself:
            return
        self.watch()
        for host in self.hosts:
            self.fail(host)
        with contextlib.suppress(DeadlineExceeded):
            clock.wait_for(lambda: self.faults.qsize() == len(self.hosts)
                           or self.monitor.isolated(),
                           clock.Deadline(watching.WAIT_S), what='reports')
        told = {self.faults.get().hostname
                for _ in range(self.faults.qsize())}
        self.assertEqual(
            {host.name for host in self.hosts}, told,
            f'{len(told)} of {len(self.hosts)} hosts were reported. A monitor '
            'that asks somebody else sets hears_hosts = False. '
            f'{self.held()}')

    def test_all_at_once_are_not_told_of(self):
        """A monitor whose own link broke told of every host's death."""
        if not self.doubts_itself:
            return
        self.watch()
        for host in self.hosts:
            self.fail(host)
        self.await_that(
            lambda: self.monitor.isolated() or not self.faults.empty(),
            'the monitor to find itself cut off')
        self.assertTrue(
            self.faults.empty(), 'hosts were reported that fell silent all at '
            'once. The test of a monitor that asks somebody else, and believes'
            ' him, says doubts_itself = False')
        for host in self.hosts:
            self.heal(host)
        self.await_well(*self.hosts)
        self.assert_nothing_more()

    def test_who_was_down_before_a_restart_is_up(self):
        """A host that came back while no monitor ran stayed down."""
        self.watch(down=[self.hosts[2].name, 'gone'])
        fault = self.next_fault(WAS_DOWN)
        self.assertEqual((self.hosts[2].name, FaultStatus.UP),
                         (fault.hostname, fault.status))

    def test_who_was_down_before_a_restart_and_is_has_its_up(self):
        self.fail(self.hosts[2])
        self.watch(down=[self.hosts[2].name])
        self.heal(self.hosts[2])
        fault = self.next_fault()
        while fault.status is FaultStatus.DOWN:
            fault = self.next_fault()
        self.assertEqual(self.hosts[2].name, fault.hostname)

    def test_hosts_come_and_go_while_it_runs(self):
        self.watch(self.hosts[:-1])
        self.monitor.update(list(self.hosts[1:]))
        self.await_that(
            lambda: set(self.statuses()) == {
                host.name for host in self.hosts[1:]},
            'the hosts to be others')
        self.await_well(self.hosts[-1])
        self.assert_nothing_more()

    def test_no_address_is_a_host_nevertheless(self):
        """A host that cannot be watched was not shown."""
        stray = Host('no-such-host.invalid')
        self.watch()
        self.monitor.update([*self.hosts, stray])
        self.await_that(lambda: stray.name in self.statuses(),
                        'the host to be shown')

    def test_proves_that_it_is_alive(self):
        self.watch()
        proved = threading.Event()

        def prove():
            self.monitor.prove_alive()
            proved.set()
        threading.Thread(target=prove, daemon=True).start()
        self.assertTrue(proved.wait(watching.WAIT_S),
                        f'prove_alive() took more than {watching.WAIT_S} s')

    def test_nothing_is_told_after_stop(self):
        """A second monitor shows that there was time to tell of it: it finds
        that the host is back, and that another one goes and comes.
        """
        self.watch()
        self.fail(self.hosts[1])
        self.next_fault(LOST)
        stopped, told = self.monitor, self.faults
        stopped.stop()
        self.watch(down=[self.hosts[1].name])
        self.heal(self.hosts[1])
        while self.next_fault(BACK).status is not FaultStatus.UP:
            pass
        self.fail(self.hosts[2])
        self.next_fault()
        self.heal(self.hosts[2])
        self.next_fault()
        stopped.stop()
        self.assertEqual([], [] if told.empty() else [told.get()],
                         'told after stop()')

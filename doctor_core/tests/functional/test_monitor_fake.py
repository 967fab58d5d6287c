"""The monitor ``fake`` against hosts that echo on loopback.

The hosts are a thread of a test on a busy machine, so timeouts are longer
than a deployment's.
"""

import queue
import random
import socket
import time

import testtools

from doctor_core import clock
from doctor_core import fixtures as doubles
from doctor_core.model import Host
from doctor_core.monitors.fake import FakeMonitor
from doctor_core.monitors.verdict import State
from doctor_core.tests.functional.echo_hosts import EchoHosts

WAIT_S = 30


class FakeMonitorCase(testtools.TestCase):

    def watch(self, count=3, **options):
        """Begin to watch so many hosts."""
        self.hosts = self.useFixture(EchoHosts(count))
        defaults = {'interval_ms': 100.0, 'timeout_ms': 100.0,
                    'soak_s': 0.2, 'soak_samples': 2,
                    'port': self.hosts.port}
        self.faults = queue.Queue()
        self.monitor = FakeMonitor(
            doubles.options(FakeMonitor, **(defaults | options)),
            self.faults.put)
        self.addCleanup(self.monitor.stop)
        self.monitor.start([
            Host(f'h{i}', (address,))
            for i, address in enumerate(self.hosts.addresses)])
        clock.wait_for(self.all_healthy, clock.Deadline(WAIT_S),
                       what='all hosts to have answered')

    def all_healthy(self):
        return {State.HEALTHY} == {status.state
                                   for status in self.monitor.status()}

    def next(self):
        fault = self.faults.get(timeout=WAIT_S)
        return fault.hostname, str(fault.status)

    def status(self, name):
        return next(status for status in self.monitor.status()
                    if status.host.name == name)


class FakeContractTest(doubles.WatchContract, testtools.TestCase):
    plugin = FakeMonitor

    def setUp(self):
        super().setUp()
        self.echo = self.useFixture(EchoHosts(3))
        self.hosts = tuple(
            Host(f'h{i}', (address,))
            for i, address in enumerate(self.echo.addresses))
        self.values = {'interval_ms': 100.0, 'timeout_ms': 100.0,
                       'soak_s': 0.2, 'soak_samples': 2,
                       'hold_down_s': 0.0, 'port': self.echo.port}

    def fail(self, host):
        self.echo.silence(self.hosts.index(host))

    def heal(self, host):
        self.echo.restore(self.hosts.index(host))


class TestSilence(FakeMonitorCase):

    def test_down_and_up_again(self):
        self.watch()
        self.hosts.silence(1)
        self.assertEqual(('h1', 'down'), self.next())
        self.hosts.restore(1)
        self.assertEqual(('h1', 'up'), self.next())

    def test_is_fast_with_default_timing(self):
        self.watch(interval_ms=40.0, timeout_ms=12.0)
        cut_at = clock.now()
        self.hosts.silence(1)
        names = [self.next()[0]]
        while names[-1] != 'h1':
            names.append(self.next()[0])
        self.assertLess(clock.now() - cut_at, 5.0)

    def test_all_at_once_is_told_of_nobody(self):
        self.watch()
        for index in range(3):
            self.hosts.silence(index)
        clock.wait_for(self.monitor.isolated, clock.Deadline(WAIT_S),
                       what='the monitor to find itself cut off')
        for index in range(3):
            self.hosts.restore(index)
        clock.wait_for(self.all_healthy, clock.Deadline(WAIT_S),
                       what='all hosts to answer again')
        self.assertTrue(self.faults.empty())
        self.assertFalse(self.monitor.isolated())


class TestWrongAnswers(FakeMonitorCase):

    def deceive(self, behaviour):
        self.watch()
        self.hosts.behave[self.hosts.addresses[1]] = behaviour
        self.assertEqual(('h1', 'down'), self.next())

    def test_from_a_wrong_source(self):
        """Anybody's answer once counted as the host's."""
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(other.close)
        other.bind(('127.90.0.200', 0))
        self.deceive(lambda _bound, datagram, sender:
                     other.sendto(datagram, sender))

    def test_with_a_wrong_id(self):
        self.deceive(lambda bound, datagram, sender: bound.sendto(
            datagram[:4] + bytes([datagram[4] ^ 1]) + datagram[5:], sender))

    def test_with_a_wrong_sequence(self):
        self.deceive(lambda bound, datagram, sender: bound.sendto(
            datagram[:6] + bytes([datagram[6] ^ 0x80]) + datagram[7:],
            sender))

    def test_of_a_wrong_length(self):
        self.deceive(lambda bound, datagram, sender: bound.sendto(
            datagram + b'x', sender))


class TestBadNetworks(FakeMonitorCase):

    def test_late_answers_are_counted_and_not_believed_dead(self):
        self.watch()
        self.hosts.delay(1, 0.120)
        clock.wait_for(lambda: self.status('h1').late > 5,
                       clock.Deadline(WAIT_S), what='late answers')
        self.assertTrue(self.faults.empty())
        self.assertGreater(self.status('h1').near_misses, 0)

    def watch_loss(self, share, **options):
        self.watch(count=10, interval_ms=50.0, timeout_ms=50.0, **options)
        self.hosts.lose(share, random.Random(1))
        clock.wait_for(
            lambda: sum(status.near_misses
                        for status in self.monitor.status()) >= 3,
            clock.Deadline(WAIT_S), what='near misses')
        time.sleep(2)
        self.assertTrue(self.faults.empty())

    def test_one_percent_lost(self):
        self.watch_loss(0.01)

    def test_thirty_percent_lost_with_more_confirming_probes(self):
        self.watch_loss(0.3, confirm_probes=11)

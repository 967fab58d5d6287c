import queue
import threading

import fixtures
import testtools

from doctor_core import messaging
from doctor_core.exceptions import BusError
from doctor_core.model import Fault, FaultStatus


def fault(host, status=FaultStatus.DOWN):
    return Fault(host, 'compute.host.down', status, 1.0, 1.0)


class FaultPublisherTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.sent = queue.Queue()
        self.away = threading.Event()
        self.tried = threading.Event()

    def publish(self, one):
        self.tried.set()
        if self.away.is_set():
            raise BusError('away', recoverable=True)
        self.sent.put(one)

    def publisher(self, publish=None):
        publisher = messaging.FaultPublisher(publish or self.publish,
                                             retry_s=0.001)
        self.addCleanup(publisher.close, 0)
        return publisher

    def test_sends_in_order(self):
        publisher = self.publisher()
        faults = [fault(host) for host in 'abc']
        for one in faults:
            publisher.put(one)
        self.assertEqual(faults, [self.sent.get(timeout=10) for _ in faults])

    def test_keeps_what_was_not_taken(self):
        publisher = self.publisher()
        self.away.set()
        publisher.put(fault('a'))
        self.assertTrue(self.tried.wait(10))
        self.away.clear()
        self.assertEqual('a', self.sent.get(timeout=10).hostname)

    def test_only_the_latest_of_a_host_is_kept(self):
        publisher = self.publisher()
        self.away.set()
        publisher.put(fault('a'))
        publisher.put(fault('b'))
        publisher.put(fault('a', FaultStatus.UP))
        self.away.clear()
        self.assertEqual([], publisher.close(10))
        last = {}
        while not self.sent.empty():
            one = self.sent.get()
            last[one.hostname] = one.status
        self.assertEqual({'a': FaultStatus.UP, 'b': FaultStatus.DOWN}, last)

    def test_close_says_what_is_left(self):
        publisher = self.publisher()
        self.away.set()
        publisher.put(fault('a'))
        self.assertEqual(['a'], [one.hostname for one in publisher.close(0)])

    def test_a_bug_in_publishing_does_not_stop_it(self):
        def publish(one):
            if one.hostname == 'a':
                raise RuntimeError('a bug')
            self.sent.put(one)

        publisher = self.publisher(publish)
        publisher.put(fault('a'))
        publisher.put(fault('b'))
        self.assertEqual('b', self.sent.get(timeout=10).hostname)


class SaidOfTheSupersededTest(testtools.TestCase):
    """A report that was just being sent was said not to have been."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.begun, self.gate = threading.Event(), threading.Event()
        self.sent, self.errors = queue.Queue(), []
        self.publisher = messaging.FaultPublisher(self.publish, 0.001)
        self.addCleanup(self.publisher.close, 0)
        self.addCleanup(self.gate.set)

    def publish(self, one):
        self.begun.set()
        self.gate.wait(20)
        if self.errors:
            raise self.errors.pop()
        self.sent.put(one)

    def send(self, *faults):
        """While the first one is being sent, the others come."""
        for one in faults:
            self.publisher.put(one)
            self.assertTrue(self.begun.wait(20))
        self.gate.set()
        self.assertEqual([], self.publisher.close(20))

    def test_one_that_is_taken(self):
        down, up = fault('a'), fault('a', FaultStatus.UP)
        self.send(down, up)
        self.assertEqual([down, up], [self.sent.get(timeout=20)
                                      for _ in range(2)])
        self.assertEqual('', self.log.output)

    def test_one_that_is_not(self):
        self.errors.append(BusError('away'))
        down, up = fault('a'), fault('a', FaultStatus.UP)
        self.send(down, up)
        self.assertEqual([up], [self.sent.get(timeout=20)])
        said = self.log.output.splitlines()
        self.assertIn(f'{down.id} (host a is down) was not sent', said[0])
        self.assertIn(f'{up.id} (host a is up) is kept', said[1])

    def test_one_that_waits_for_its_turn(self):
        between = fault('a', FaultStatus.UP)
        self.send(fault('a'), between, fault('a'))
        [said] = self.log.output.splitlines()
        self.assertIn(f'{between.id} (host a is up) was not sent', said)

import threading
import time

import fixtures
import testtools

from doctor_core import messaging
from doctor_core.exceptions import BusError
from doctor_core.messaging.sending import Overdue, Sending
from doctor_core.model import new_id


class _Alarmed:
    """A broker that is short of memory: it says nothing until it has some."""

    def __init__(self, test):
        self.well = threading.Event()
        test.addCleanup(self.well.set)
        self.taken = []

    def send(self, *message):
        self.well.wait(20)
        self.taken.append(message)


class SendingTest(testtools.TestCase):
    def sending(self, send, limit_s=5):
        sending = Sending(send, limit_s)
        self.addCleanup(sending.close)
        return sending

    def test_one_after_another_in_the_order_of_arrival(self):
        taken = []
        sending = self.sending(lambda *message: taken.append(message))
        for number in range(20):
            sending('faults', number)
        self.assertEqual([('faults', number) for number in range(20)], taken)
        self.assertFalse(sending.is_stuck)

    def test_what_sending_raises_is_raised(self):
        for error in (OSError('away'), TimeoutError('of the socket')):
            def send(error=error):
                raise error
            sending = self.sending(send)
            self.assertIs(error, self.assertRaises(type(error), sending))
            self.assertFalse(sending.is_stuck)

    def test_a_broker_that_says_nothing_is_given_up(self):
        broker = _Alarmed(self)
        sending = self.sending(broker.send, 0.05)
        self.assertRaises(Overdue, sending, 'first')
        self.assertTrue(sending.is_stuck)
        self.assertEqual([], broker.taken)

    def test_who_comes_then_does_not_wait(self):
        broker = _Alarmed(self)
        sending = self.sending(broker.send, 0.5)
        self.assertRaises(Overdue, sending, 'first')
        began = time.monotonic()
        for _ in range(5):
            self.assertRaises(Overdue, sending, 'next')
        self.assertLess(time.monotonic() - began, 0.4)

    def test_who_waits_for_a_turn_is_given_up_too(self):
        broker = _Alarmed(self)
        sending = self.sending(broker.send, 0.1)
        errors = []

        def one():
            errors.append(self.assertRaises(Overdue, sending, 'one'))
        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        self.assertEqual(4, len(errors))

    def test_it_goes_on_when_the_broker_is_well_again(self):
        broker = _Alarmed(self)
        sending = self.sending(broker.send, 0.05)
        self.assertRaises(Overdue, sending, 'first')
        broker.well.set()
        sending._left.result(20)
        self.assertFalse(sending.is_stuck)
        sending('second')
        self.assertEqual([('first',), ('second',)], broker.taken)

    def test_the_end_does_not_wait_for_the_broker(self):
        broker = _Alarmed(self)
        sending = self.sending(broker.send, 0.05)
        self.assertRaises(Overdue, sending, 'first')
        sending.close()
        sending.close()


class BlockedTest(testtools.TestCase):
    """Events that came in hung for as long as RabbitMQ's alarm lasted."""

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.messaging.bus._PUBLISH_S', 0.05))
        self.broker = _Alarmed(self)
        self.useFixture(fixtures.MonkeyPatch(
            'oslo_messaging.transport.Transport._send_notification',
            lambda *_args, **_options: self.broker.send()))
        self.bus = messaging.Bus(messaging.memory_conf(),
                                 messaging.IN_MEMORY, retry=0)
        self.addCleanup(self.bus.close)

    def test_to_publish_has_an_end(self):
        error = self.assertRaises(BusError, self.bus.publish, new_id(),
                                  'down', {})
        self.assertTrue(error.recoverable)
        self.assertIn('short of memory or disk', str(error))

    def test_the_broker_does_not_answer_then(self):
        """Whoever listens has its connection all the same."""
        self.bus.listen(new_id(), lambda *message: None)
        self.assertIs(True, self.bus.answers)
        self.assertRaises(BusError, self.bus.publish, new_id(), 'down', {})
        self.assertIs(False, self.bus.answers)
        self.broker.well.set()
        self.bus._sending._left.result(20)
        self.assertIs(True, self.bus.answers)

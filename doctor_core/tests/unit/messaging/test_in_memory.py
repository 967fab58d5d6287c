import threading

import kombu
import testtools

from doctor_core import messaging
from doctor_core.messaging import in_memory
from doctor_core.model import new_id


class TransportTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.connection = kombu.Connection('memory://')
        self.addCleanup(self.connection.release)
        self.queue = kombu.Queue(new_id())
        self.taken = []
        self.looks = 0

    def consume(self):
        def take(body, message):
            message.ack()
            self.taken.append(body)
        consumer = kombu.Consumer(self.connection, [self.queue],
                                  callbacks=[take])
        consumer.consume()
        transport = self.connection.transport
        look = transport.cycle.get

        def counted(*args, **kwargs):
            self.looks += 1
            return look(*args, **kwargs)
        transport.cycle.get = counted

    def test_kombu_uses_it(self):
        self.assertTrue(messaging.IN_MEMORY.endswith('memory://'))
        self.assertIsInstance(self.connection.transport, in_memory.Transport)

    def test_what_was_handled_is_forgotten(self):
        """All of a burst was kept until another message came."""
        self.consume()
        producer = kombu.Producer(self.connection,
                                  routing_key=self.queue.name)
        for number in range(3):
            producer.publish(number)
        for _ in range(3):
            self.connection.drain_events(timeout=10)
        self.assertEqual([0, 1, 2], self.taken)
        self.assertEqual({0}, {
            len(channel.qos._delivered) for channel
            in self.connection.transport.channels})

    def test_an_idle_listener_costs_nothing(self):
        """It looked again and again, without a pause: a whole core."""
        self.consume()
        self.assertRaises(TimeoutError, self.connection.drain_events,
                          timeout=0.05)
        self.assertLessEqual(self.looks, 2)

    def test_who_waits_gets_what_comes(self):
        self.consume()
        waiting = threading.Thread(target=self.connection.drain_events,
                                   daemon=True)
        waiting.start()
        with kombu.Connection('memory://') as other:
            other.SimpleQueue(self.queue.name).put('down')
        waiting.join(20)
        self.assertEqual(['down'], self.taken)

    def test_what_came_before_is_not_waited_for(self):
        with kombu.Connection('memory://') as other:
            other.SimpleQueue(self.queue.name).put('down')
        self.consume()
        self.connection.drain_events(timeout=20)
        self.assertEqual((['down'], 1), (self.taken, self.looks))

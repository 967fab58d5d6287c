import queue
import threading

import fixtures
import kombu
import testtools

from doctor_core import clock, conf, messaging
from doctor_core.exceptions import BusError, ConfigError
from doctor_core.model import Fault, FaultStatus, new_id
from doctor_core.tests.functional.rabbit import SharedRabbitMQ


def fault(host, status=FaultStatus.DOWN):
    return Fault(host, 'compute.host.down', status, 1.0, 1.0)


def wait_for_word(bus, answers):
    """Until a bus says whether its broker answers."""
    clock.wait_for(lambda: bus.answers is answers, clock.Deadline(60),
                   what=f'the bus to say {answers}')


class BusTests:
    """What any bus has to do; ``url`` is where it is."""

    url = ''

    def bus(self, **options):
        bus = messaging.Bus(messaging.memory_conf(), self.url, **options)
        self.addCleanup(bus.close)
        return bus

    def setUp(self):
        super().setUp()
        self.topic = f'doctor.test.{new_id()}'
        self.taken = queue.Queue()

    def take(self, event_type, payload, _metadata):
        self.taken.put((event_type, payload))

    def test_delivers(self):
        bus = self.bus()
        bus.listen(self.topic, self.take)
        bus.publish(self.topic, 'compute.host.down', {'a': [1]})
        self.assertEqual(('compute.host.down', {'a': [1]}),
                         self.taken.get(timeout=30))

    def test_keeps_what_nobody_listens_to_yet(self):
        self.bus().publish(self.topic, 'early', {})
        self.bus().listen(self.topic, self.take)
        self.assertEqual('early', self.taken.get(timeout=30)[0])

    def test_other_priorities_are_not_taken(self):
        bus = self.bus()
        bus.listen(self.topic, self.take, priority='sample')
        bus.publish(self.topic, 'info', {})
        bus.publish(self.topic, 'sample', {}, priority='sample')
        self.assertEqual('sample', self.taken.get(timeout=30)[0])

    def test_a_handler_that_waits_holds_up_no_other(self):
        bus = self.bus()
        gate = threading.Event()
        self.addCleanup(gate.set)

        def handler(event_type, payload, metadata):
            if event_type == 'slow':
                gate.wait(60)
            self.take(event_type, payload, metadata)

        bus.listen(self.topic, handler)
        for _ in range(100):
            bus.publish(self.topic, 'slow', {})
        bus.publish(self.topic, 'quick', {})
        self.assertEqual('quick', self.taken.get(timeout=60)[0])
        gate.set()
        self.assertEqual({'slow'}, {self.taken.get(timeout=60)[0]
                                    for _ in range(100)})

    def test_a_failing_handler_is_called_again(self):
        bus = self.bus()
        calls = []

        def handler(event_type, payload, metadata):
            calls.append(event_type)
            if len(calls) < 2:
                raise RuntimeError('not today')
            self.take(event_type, payload, metadata)

        bus.listen(self.topic, handler)
        bus.publish(self.topic, 'again', {})
        self.assertEqual('again', self.taken.get(timeout=30)[0])
        self.assertEqual(2, len(calls))

    def test_who_overhears_takes_nothing_away(self):
        self.bus().listen(self.topic, self.take)
        overheard = queue.Queue()
        bus = self.bus()
        bus.overhear(self.topic, lambda event_type, payload, _metadata:
                     overheard.put((event_type, payload)))
        bus.publish(self.topic, 'both', {'a': 1})
        for heard in (self.taken, overheard):
            self.assertEqual(('both', {'a': 1}), heard.get(timeout=30))

    def test_what_always_fails_is_set_aside(self):
        """A message that cannot be handled was redelivered for ever."""
        bus = self.bus()

        def handler(_event_type, _payload, _metadata):
            raise RuntimeError('never')

        bus.listen(self.topic, handler)
        bus.listen(f'{self.topic}.dead', self.take)
        bus.publish(self.topic, 'hopeless', {'b': 2})
        self.assertEqual(('hopeless', {'b': 2}), self.taken.get(timeout=60))


class MemoryBusTest(BusTests, testtools.TestCase):
    url = messaging.IN_MEMORY

    def test_url_that_is_none(self):
        self.assertRaises(ConfigError, messaging.Bus,
                          messaging.memory_conf(), 'nosuch://x')


class RabbitBusTest(SharedRabbitMQ, BusTests, testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.url = self.rabbit.url

    def test_broker_restarted_while_listening(self):
        bus = self.bus()
        bus.listen(self.topic, self.take)
        bus.publish(self.topic, 'before', {})
        self.assertEqual('before', self.taken.get(timeout=30)[0])
        self.assertIs(True, bus.answers)
        self.rabbit.stop()
        wait_for_word(bus, False)
        self.rabbit.start()
        wait_for_word(bus, True)
        publish_when_back(bus, self.topic, 'after')
        self.assertEqual('after', self.taken.get(timeout=60)[0])

    def test_parked_messages_outlive_the_broker(self):
        """Messages that nobody had taken yet were lost with the broker."""
        bus = self.bus()
        for number in range(30):
            bus.publish(self.topic, 'parked', {'n': number})
        self.rabbit.stop()
        self.rabbit.start()
        self.bus().listen(self.topic, self.take)
        self.assertEqual(set(range(30)), {
            self.taken.get(timeout=60)[1]['n'] for _ in range(30)})

    def test_a_queue_to_overhear_goes_with_its_listener(self):
        """A queue that nobody reads any more would fill the broker."""
        bus = self.bus()
        bus.overhear(self.topic, self.take)
        [name] = bus.own_queues
        with kombu.Connection(amqp(self.url)) as connection:
            connection.channel().queue_declare(name, passive=True)
            bus.close()
            self.assertRaises(kombu.exceptions.ChannelError,
                              connection.channel().queue_declare, name,
                              passive=True)

    def test_what_is_published_after_its_queue_was_removed(self):
        """It was said to be taken, and lost."""
        bus = self.bus()
        bus.publish(self.topic, 'before', {})
        with kombu.Connection(amqp(self.url)) as connection:
            connection.channel().queue_delete(f'{self.topic}.info')
        # So long a queue is trusted to be there.
        clock.sleep(1.1)
        bus.publish(self.topic, 'after', {})
        bus.listen(self.topic, self.take)
        self.assertEqual('after', self.taken.get(timeout=30)[0])

    def test_an_exchange_that_is_refused_is_an_error(self):
        """One that others declared otherwise, or may not be read."""
        with kombu.Connection(amqp(self.url)) as connection:
            exchange = kombu.Exchange(self.topic, 'topic', durable=True)
            exchange(connection.channel()).declare()
        bus = self.bus(exchange=None)
        self.assertRaises(BusError, bus.overhear, self.topic, self.take,
                          exchange=self.topic)

    def test_a_broker_that_refuses_who_asks(self):
        """A wrong password ended the daemon with a traceback."""
        for url in (self.url.replace(':guest@', ':secret@'),
                    self.url + 'nosuch'):
            bus = messaging.Bus(messaging.memory_conf(), url, retry=1)
            self.addCleanup(bus.close)
            for ask in (lambda bus=bus: bus.listen(self.topic, self.take),
                        lambda bus=bus: bus.overhear(self.topic, self.take),
                        lambda bus=bus: messaging.ping(bus, self.topic)):
                error = self.assertRaises(ConfigError, ask)
                self.assertIn('[bus] transport_url', str(error))
                self.assertNotIn('secret', str(error))
            self.assertRaises(BusError, bus.publish, self.topic, 'x', {})

    def test_broker_that_is_gone_is_an_error(self):
        """A notification that was not taken counted as sent."""
        bus = self.bus(retry=1)
        self.rabbit.kill()
        self.addCleanup(self.rabbit.start)
        self.assertRaises(BusError, bus.publish, self.topic, 'lost', {})

    def test_publisher_keeps_faults_until_the_broker_is_back(self):
        bus = self.bus(retry=1)
        bus.listen(self.topic, self.take)

        def publish(one):
            bus.publish(self.topic, one.type, {'host': one.hostname})

        publisher = messaging.FaultPublisher(publish)
        self.rabbit.stop()
        for host in 'abc':
            publisher.put(fault(host))
        self.rabbit.start()
        self.assertEqual(set('abc'), {
            self.taken.get(timeout=60)[1]['host'] for _ in range(3)})
        self.assertEqual([], publisher.close(10))


class TwoBusesTest(SharedRabbitMQ, testtools.TestCase):
    """Doctor's own settings, and those of a deployment that differs."""

    def conf(self, text):
        path = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return conf.prepare([path])

    def hears_nova(self, text, durable):
        """Have Nova declare its exchange and a queue, then send."""
        made, topic, heard = self.conf(text), new_id(), queue.Queue()
        nova = kombu.Connection(amqp(self.rabbit.url))
        self.addCleanup(nova.release)
        exchange = kombu.Exchange(topic, 'topic', durable=durable)
        kombu.Queue(f'{topic}.info', exchange, durable=durable,
                    routing_key=f'{topic}.info')(nova.channel()).declare()
        bus = messaging.Bus(made, self.rabbit.url, exchange=None)
        self.addCleanup(bus.close)
        bus.overhear(topic, lambda *args: heard.put(args[0]),
                     exchange=topic)
        sender = messaging.Bus(made, self.rabbit.url, exchange=topic)
        self.addCleanup(sender.close)
        sender.publish(topic, 'compute.instance.update', {})
        return heard.get(timeout=30)

    def test_a_durable_doctor_beside_a_stock_nova(self):
        """Doctor's queues were asked for of Nova, and it did not start."""
        self.assertEqual('compute.instance.update', self.hears_nova(
            '[oslo_messaging_rabbit]\namqp_durable_queues = true\n',
            durable=False))

    def test_a_stock_doctor_beside_a_durable_nova(self):
        self.assertEqual('compute.instance.update', self.hears_nova(
            '[notifications_rabbit]\namqp_durable_queues = true\n',
            durable=True))


def amqp(url):
    """A transport URL as kombu knows it."""
    return url.replace('rabbit://', 'amqp://')


def publish_when_back(bus, topic, event_type):
    """Publish as soon as the bus takes it."""
    def attempt():
        try:
            bus.publish(topic, event_type, {})
        except BusError:
            return False
        return True

    clock.wait_for(attempt, clock.Deadline(60), what='the bus to be back')

import threading

import fixtures
import testtools
from oslo_config import cfg

from doctor_core import messaging
from doctor_core.exceptions import BusError, ConfigError
from doctor_core.messaging import handling
from doctor_core.model import new_id


class UrlTest(testtools.TestCase):
    def test_a_url_that_is_none_is_not_repeated(self):
        """A password with a slash ended in a traceback that showed it."""
        for url in ('rabbit://doctor:se/cret@host:5672/',
                    'doctor:secret@host:5672', 'rabbit://u:secret@host:port/',
                    'nosuch://u:secret@host/', 'rabbit://u:secret@[::1/'):
            error = self.assertRaises(ConfigError, messaging.Bus,
                                      messaging.memory_conf(), url)
            self.assertNotIn('cret', str(error))
            self.assertIn('[bus] transport_url', str(error))
            self.assertNotIn('\n', str(error))

    def test_the_option_of_novas_bus(self):
        error = self.assertRaises(
            ConfigError, messaging.Bus, messaging.memory_conf(), 'nosuch://',
            exchange=None)
        self.assertIn('[cloud] notifications_transport_url', str(error))


class _Broken:
    """A bus that takes nothing."""

    def publish(self, *_args):
        raise BusError('no')


class WrongOptionTest(testtools.TestCase):
    """The start ended in a traceback, or what connects tried for ever."""

    URL = 'rabbit://u:secret@h:{}/'

    def refused(self, url, text='', exchange=messaging.EXCHANGE):
        path = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[path], default_config_dirs=[])
        error = str(self.assertRaises(ConfigError, messaging.Bus, conf, url,
                                      exchange=exchange))
        self.assertNotIn('secret', error)
        self.assertNotIn('\n', error)
        return error

    def test_a_port_that_cannot_be(self):
        for port in ('99999999', '65536', '-1', '5672,v:70000'):
            self.assertIn('[bus] transport_url',
                          self.refused(self.URL.format(port)))
        self.assertEqual('[bus] transport_url: there is no port 65536.',
                         self.refused(self.URL.format(65536)))

    def test_a_host_that_cannot_be(self):
        self.assertIn('[bus] transport_url',
                      self.refused('rabbit://u:secret@' + 'h' * 64))

    def test_what_the_driver_cannot_work_with(self):
        for option, value in (
                ('heartbeat_rate', 0), ('heartbeat_rate', -1),
                ('heartbeat_timeout_threshold', -1),
                ('rabbit_stream_fanout', 'true')):
            for section, exchange in (
                    ('oslo_messaging_rabbit', messaging.EXCHANGE),
                    ('notifications_rabbit', None)):
                said = self.refused(
                    self.URL.format(1), f'[{section}]\n{option} = {value}\n',
                    exchange)
                self.assertIn(f'[{section}]', said)
                self.assertIn(option, said)

    def test_a_version_of_tls_that_there_is_not(self):
        self.assertIn('TLSv9', self.refused(
            self.URL.format(1), '[oslo_messaging_rabbit]\nssl = true\n'
            'ssl_version = TLSv9\n'))


class InOrderTest(testtools.TestCase):
    def test_one_that_fails_is_tried_again_before_the_next_one(self):
        self.useFixture(fixtures.FakeLogger())
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.clock.sleep', lambda seconds: None))
        bus = messaging.Bus(messaging.memory_conf(), messaging.IN_MEMORY)
        self.addCleanup(bus.close)
        taken = []

        def handler(event_type, _payload, _metadata):
            taken.append(event_type)
            if len(taken) < 3:
                raise ValueError
        endpoint = handling.Endpoint(bus, 'faults', handler, 'info',
                                     in_order=True)
        self.assertEqual('handled', endpoint._handle(
            {}, '', 'down', {}, {'message_id': 'm'}))
        self.assertEqual(['down'] * 3, taken)

    def test_one_message_at_a_time_in_the_order_of_arrival(self):
        """Return and loss of a host were taken at the same time."""
        bus = messaging.Bus(messaging.memory_conf(), messaging.IN_MEMORY)
        self.addCleanup(bus.close)
        topic, taken, all_taken = new_id(), [], threading.Event()
        inside = threading.Lock()

        def handler(event_type, _payload, _metadata):
            if not inside.acquire(blocking=False):
                taken.append('at the same time')
            taken.append(event_type)
            if len(taken) >= 50:
                all_taken.set()
            inside.release()
        bus.listen(topic, handler, in_order=True)
        for number in range(50):
            bus.publish(topic, str(number), {})
        self.assertTrue(all_taken.wait(20))
        self.assertEqual([str(number) for number in range(50)], taken)


class AnswersTest(testtools.TestCase):
    """Nothing said that the broker was away."""

    def setUp(self):
        super().setUp()
        self.bus = messaging.Bus(messaging.memory_conf(), messaging.IN_MEMORY)
        self.addCleanup(self.bus.close)

    def send(self, sent=None):
        def send_notification(*_args, **_options):
            if sent:
                raise sent
        self.useFixture(fixtures.MonkeyPatch(
            'oslo_messaging.transport.Transport._send_notification',
            send_notification))

    def test_nobody_knows_before_it_was_tried(self):
        self.assertIsNone(self.bus.answers)

    def test_what_is_published_tells_where_nobody_listens(self):
        self.send(OSError())
        self.assertRaises(BusError, self.bus.publish, new_id(), 'down', {})
        self.assertIs(False, self.bus.answers)
        self.send()
        self.bus.publish(new_id(), 'down', {})
        self.assertIs(True, self.bus.answers)

    def test_whoever_listens_knows_it_at_once(self):
        self.send(OSError())
        self.assertRaises(BusError, self.bus.publish, new_id(), 'down', {})
        self.bus.listen(new_id(), lambda *message: None)
        self.assertIs(True, self.bus.answers)

    def test_a_driver_that_does_not_know(self):
        self.bus._listeners.append(object())
        self.assertIsNone(self.bus.answers)
        self.bus._listeners.clear()


class RemovedQueueTest(testtools.TestCase):
    """What was published after its queue was removed was said to be taken,
    and lost.
    """

    def declared(self, trusted_s):
        """How often a queue is declared for three messages."""
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.messaging.bus._DECLARED_S', trusted_s))
        declared = []
        self.useFixture(fixtures.MonkeyPatch(
            'kombu.entity.Queue.declare',
            lambda queue: declared.append(queue)))
        bus = messaging.Bus(messaging.memory_conf(), messaging.IN_MEMORY)
        self.addCleanup(bus.close)
        topic = new_id()
        for _ in range(3):
            bus.publish(topic, 'down', {})
        return len(declared)

    def test_it_is_declared_anew(self):
        self.assertEqual(3, self.declared(-1.0))

    def test_many_messages_do_not_wait_for_it(self):
        self.assertEqual(1, self.declared(3600.0))


class EnvelopeTest(testtools.TestCase):
    def test_what_is_no_notification_is_dropped(self):
        """Such a message came again at once and for ever, after a restart,
        too: a thousand lines of the log a second.
        """
        log = self.useFixture(fixtures.FakeLogger())
        bus = messaging.Bus(messaging.memory_conf(), messaging.IN_MEMORY)
        self.addCleanup(bus.close)
        topic, taken, all_taken = new_id(), [], threading.Event()

        def handler(event_type, _payload, _metadata):
            taken.append(event_type)
            all_taken.set()
        bus.listen(topic, handler, in_order=True)
        odd = (5, None, 1.5, [], {}, True)
        for priority in odd:
            bus._transport._send_notification(
                bus._target(f'{topic}.info'), {},
                {'event_type': 'odd', 'priority': priority, 'payload': {},
                 'message_id': new_id()}, version=2.0)
        bus.publish(topic, 'good', {})
        self.assertTrue(all_taken.wait(20))
        self.assertEqual(['good'], taken)
        self.assertEqual(len(odd), log.output.count('was dropped'))
        self.assertNotIn('Traceback', log.output)


class FailedTest(testtools.TestCase):
    def test_what_cannot_be_set_aside_comes_again_after_a_pause(self):
        """It came again at once, and for ever."""
        self.useFixture(fixtures.FakeLogger())
        pauses = []
        self.useFixture(fixtures.MonkeyPatch('doctor_core.clock.sleep',
                                             pauses.append))
        endpoint = handling.Endpoint(_Broken(), 'faults', None, 'info')
        for _ in range(7):
            self.assertEqual('requeue', endpoint._failed(
                'down', {}, {'message_id': 'm'}))
        self.assertEqual([1.0] * 7, pauses)

    def test_no_text_of_others_begins_a_line_of_the_log(self):
        """A line break in an event type forged one."""
        log = self.useFixture(fixtures.FakeLogger())
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.clock.sleep', lambda seconds: None))
        bus = messaging.Bus(messaging.memory_conf(), messaging.IN_MEMORY)
        self.addCleanup(bus.close)
        endpoint = handling.Endpoint(bus, 'faults', None, 'info')
        endpoint._failed('a\nforged', {}, {'message_id': 'm\nforged'})
        self.assertIn(r'm\u000aforged (a\u000aforged)', log.output)
        self.assertNotIn('\nforged', log.output)

import queue

import testtools

from doctor_core import clock, messaging, wire
from doctor_core.exceptions import BusError
from doctor_core.fixtures import configuration
from doctor_core.model import Checkpoint, Server, Stage, new_id
from doctor_core.services.deployment_bus import DeploymentBus, own_queue

WAIT_S = 20


class OwnQueueTest(testtools.TestCase):
    def test_another_inspector_of_the_machine_has_another_one(self):
        """A trial beside it took half of what Nova tells, and its end the
        queue.
        """
        usual = own_queue('controller', wire.FAULTS_TOPIC)
        # As releases before named it: a killed one finds its queue again.
        self.assertEqual('controller', usual)
        self.assertNotEqual(usual, own_queue('controller', 'doctor.trial'))


class DeploymentBusTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        # One broker for the whole process: names that no other test has.
        self.topic, self.exchange = new_id(), new_id()
        self.conf = configuration({
            ('cloud', 'notifications_transport_url'): messaging.IN_MEMORY,
            ('cloud', 'notifications_topic'): self.topic,
            ('cloud', 'notifications_exchange'): self.exchange})
        self.bus = DeploymentBus(self.conf)
        self.addCleanup(self.bus.close)
        self.heard = queue.Queue()
        self.stamps = queue.Queue()

    def peer(self, exchange=None):
        bus = messaging.Bus(self.conf, messaging.IN_MEMORY,
                            exchange=exchange)
        self.addCleanup(bus.close)
        return bus

    def test_events_are_sent_to_aodh(self):
        self.peer().overhear(
            wire.AODH_TOPIC, lambda *message: self.heard.put(message),
            priority=wire.AODH_PRIORITY)
        event = wire.instance_update(Server('s', 'vm', 'p', 'h'), 'error',
                                     1.0)
        self.bus.publish([event])
        event_type, payload, _ = self.heard.get(timeout=WAIT_S)
        self.assertEqual(
            (wire.AODH_EVENT_TYPE, [event.message_id]),
            (event_type, [one['message_id'] for one in payload]))

    def test_what_is_sent_to_aodh_is_overheard(self):
        self.bus.overhear(self.topic, self.exchange,
                          lambda *message: self.heard.put(message[:2]))
        self.peer(self.exchange).publish(self.topic, 'event', [1],
                                         priority=wire.AODH_PRIORITY)
        self.assertEqual(('event', [1]), self.heard.get(timeout=WAIT_S))

    def listen(self):
        self.bus.listen_to_nova(lambda *news: self.heard.put(news[:2]),
                                self.stamps.put)
        return self.peer(self.exchange)

    def test_nova_is_listened_to(self):
        nova = self.listen()
        news = {'instance_id': 's', 'host': 'h', 'state': 'error'}
        nova.publish(self.topic, wire.INSTANCE_UPDATE, news)
        self.assertEqual((wire.INSTANCE_UPDATE, news),
                         self.heard.get(timeout=WAIT_S))
        stamp = self.stamps.get(timeout=WAIT_S)
        self.assertEqual(
            Checkpoint(Stage.NOVA_NOTIFIED, stamp.at, 'h', 's'), stamp)

    def test_when_it_was_sent_is_handed_on(self):
        """A notification that came an hour late was taken for the newest."""
        self.bus.listen_to_nova(lambda *news: self.heard.put(news[2]),
                                self.stamps.put)
        before = clock.now()
        self.peer(self.exchange).publish(self.topic, 'event', {})
        sent = wire.known_time(self.heard.get(timeout=WAIT_S)['timestamp'])
        self.assertTrue(before - 1 <= sent <= clock.now() + 1)

    def test_only_news_of_a_server_in_error_is_stamped(self):
        nova = self.listen()
        for event_type, news in (
                (wire.INSTANCE_UPDATE, {'state': 'active'}),
                ('compute.instance.create.end', {'state': 'error'})):
            nova.publish(self.topic, event_type, news)
            self.assertEqual((event_type, news),
                             self.heard.get(timeout=WAIT_S))
        self.bus.close()
        self.assertEqual(0, self.stamps.qsize())

    def test_what_is_no_document_is_passed_over(self):
        nova = self.listen()
        nova.publish(self.topic, wire.INSTANCE_UPDATE, 'text')
        nova.publish(self.topic, 'last', {})
        self.assertEqual(('last', {}), self.heard.get(timeout=WAIT_S))

    def test_closed_it_hears_nothing_more(self):
        nova = self.listen()
        self.bus.close()
        self.bus.close()
        nova.publish(self.topic, 'late', {})
        self.peer(self.exchange).overhear(
            self.topic, lambda *news: self.stamps.put(news[0]))
        nova.publish(self.topic, 'later', {})
        self.assertEqual('later', self.stamps.get(timeout=WAIT_S))
        self.assertEqual(0, self.heard.qsize())


class NoBusTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.bus = DeploymentBus(configuration())
        self.addCleanup(self.bus.close)

    def test_who_needs_it_is_told_which_option_is_missing(self):
        for ask in (lambda: self.bus.publish([]),
                    lambda: self.bus.overhear('t', 'x', print)):
            error = self.assertRaises(BusError, ask)
            self.assertIn('[cloud] notifications_transport_url', str(error))

    def test_nova_is_not_listened_to(self):
        """It is no error: the looks at Nova have to do."""
        self.bus.listen_to_nova(print, print)
        self.assertIsNone(self.bus._bus)

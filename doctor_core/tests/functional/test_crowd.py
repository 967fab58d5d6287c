"""A sender that says the same of one host, again and again."""

import re

from doctor_core import messaging, wire
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.model import Fault, FaultStatus, SequenceNumber, new_id
from doctor_core.tests.functional.rabbit import SharedRabbitMQ
from doctor_core.tests.functional.test_daemons import DaemonsTestCase

MANY = 300


class Counting(EmbeddedCloud):
    """Remembers what it was asked."""

    def __init__(self, **options):
        self.asked = []
        super().__init__(**options)

    async def _delay(self, request, inner):
        self.asked.append((request.method, request.path))
        return await super()._delay(request, inner)


class QuestionsTest(DaemonsTestCase):

    make_cloud = Counting

    def setUp(self):
        super().setUp()
        self.process = self.inspector(self.write_conf(
            inspector={'refresh_s': 3600}))

    def say(self, status):
        """Send many; returns when the last one was decided."""
        before = len(self.cloud.asked)
        for _ in range(MANY // 100):
            self.put(self.event(status=status) * 100)
        self.put(self.event(status=status), '/events?wait=1')
        return len(self.cloud.asked) - before

    def test_each_of_them_asks_nothing(self):
        """Nova was asked for each of thousands."""
        self.put(self.event(), '/events?wait=1')
        # Somebody looks now and then, whoever says what.
        self.assertLess(self.say('down'), MANY // 2)
        self.cloud.fail(self.host)
        self.put(self.event(status='up'))
        self.assertLess(self.say('up'), MANY // 2)
        self.cloud.heal(self.host)
        self.wait_for(self.is_clean, 'everything to be reversed')
        self.assertNotIn('Traceback', self.process.output)


class OrderTest(SharedRabbitMQ, DaemonsTestCase):
    """All of it is on the bus before anybody reads it."""

    def setUp(self):
        super().setUp()
        self.topic = f'crowd-{new_id()}'
        self.path = self.write_conf(bus={
            'transport_url': self.rabbit.url, 'topic': self.topic})
        self.bus = messaging.Bus(messaging.memory_conf(), self.rabbit.url)
        self.addCleanup(self.bus.close)
        self.other = self.seen.hosts()[1].name
        self.numbers = iter(range(1, 10 ** 6))

    def publish(self, host, status):
        report = Fault(host, f'compute.host.{status}', status, 1.0, 1.0,
                       source='nagios', sender='n1',
                       sequence=SequenceNumber('e', next(self.numbers)))
        self.bus.publish(self.topic, report.type,
                         wire.fault_to_payload(report))
        return report.id

    def crowd(self):
        return {self.publish(self.host, FaultStatus.UP)
                for _ in range(MANY)}

    def decided(self, process):
        return set(re.findall(r'Event (\S+) \(.*is ignored', process.output))

    def test_another_host_s_loss_waits_for_none_of_them(self):
        """It was decided after all that had come before."""
        ids = self.crowd()
        self.publish(self.other, FaultStatus.DOWN)
        process = self.inspector(self.path)
        self.wait_for(lambda: self.decided(process) == ids,
                      'all of them to be decided')
        lost = process.output.index(f'Host {self.other} is down')
        self.assertLess(lost, process.output.rindex('is ignored'))

    def test_what_waits_at_the_end_is_not_lost(self):
        """The end waited for all of them; and they are on the bus."""
        ids = self.crowd()
        lost = self.publish(self.host, FaultStatus.DOWN)
        first = self.inspector(self.path)
        self.assertEqual(0, first.end())
        second = self.inspector(self.path)
        self.wait_for(lambda: self.decided(first) | self.decided(second)
                      == ids, 'all of them to be decided')
        self.wait_for(
            lambda: self.put(None, f'/faults/{lost}', 'GET')[0] == 200,
            'the loss to be decided')
        self.wait_for(self.is_marked, 'the cloud to be corrected')

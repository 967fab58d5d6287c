import testtools

from doctor_core.consumers.memory import MemoryConsumer
from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import options
from doctor_core.mailbox import Mailbox
from doctor_core.model import Notice


class TestMemoryConsumer(testtools.TestCase):

    def consumer(self, name=''):
        consumer = MemoryConsumer(options(MemoryConsumer, name=name))
        self.addCleanup(consumer.stop)
        return consumer

    def test_reads_what_its_url_is_sent(self):
        consumer = self.consumer()
        scheme, _, name = consumer.start().partition('://')
        Mailbox.find(name).put(Notice({'a': 1}))
        self.assertEqual('memory', scheme)
        self.assertEqual([Notice({'a': 1})], consumer.received())

    def test_two_have_two_boxes(self):
        self.assertNotEqual(self.consumer().start(), self.consumer().start())

    def test_a_name_of_its_own(self):
        self.assertEqual('memory://ann', self.consumer('ann').start())
        self.assertRaises(ConfigError, self.consumer('ann').start)

    def test_stopped_it_still_tells_what_it_got(self):
        consumer = self.consumer('ann')
        self.assertEqual([], consumer.received())
        consumer.start()
        Mailbox.find('ann').put(Notice({'a': 1}))
        consumer.stop()
        consumer.stop()
        self.assertIsNone(Mailbox.find('ann'))
        self.assertEqual(1, len(consumer.received()))

"""What every consumer has to hold, for whoever writes one.

Mix it with a test case; :mod:`doctor_core.fixtures` has it, too::

    class MailConsumerTest(ConsumerContract, testtools.TestCase):
        plugin = MailConsumer

Nothing but what :class:`doctor_core.consumers.base.Consumer` names is called,
and notices come as they come to an owner: from the notifier of the URL's
scheme, which has to be installed.
"""

import threading
from typing import ClassVar
from urllib.parse import urlsplit

from doctor_core import clock, fixtures, plugins
from doctor_core.consumers.base import Consumer
from doctor_core.exceptions import NotifyError
from doctor_core.model import Notice
from doctor_core.notifiers.deliverer import Deliverer
from doctor_core.tests.contract_plugins import PluginContract

WAIT_S = 20
#: A notice that is not taken is not sent again: nobody waits for that.
_ONCE = {('notifier', 'deadline_s'): WAIT_S,
         ('notifier', 'retry_min_s'): 2 * WAIT_S,
         ('notifier', 'retry_max_s'): 2 * WAIT_S}


def body(server_id):
    """Of an alarm webhook, as Aodh and Doctor write it."""
    return {'alarm_name': 'mine', 'reason_data': {
        'type': 'event', 'event': {
            'event_type': 'compute.instance.update',
            'traits': [['state', 1, 'error'],
                       ['instance_id', 1, server_id]]}}}


class ConsumerContract(PluginContract):
    """What a consumer has to do; to be mixed into a ``testtools.TestCase``.

    * It derives from ``Consumer`` and is not abstract; the first line of its
      docstring is a sentence, and each option has a help text.
    * ``start()`` returns a URL for which a notifier is installed.
    * Each notice is kept as it came, with its time of arrival, oldest first,
      also one that comes twice.
    * After ``stop()`` it takes no more and still has what it got; started
      again, it goes on.

    :cvar plugin: the consumer's class.
    :cvar values: options that a test cannot leave at their defaults.
    """

    base = Consumer
    plugin: ClassVar[type[Consumer]]

    # What the tests use.

    def make(self):
        """A new consumer; it is stopped at the end of the test."""
        consumer = self.plugin(
            fixtures.options(self.plugin, **self.values))
        self.addCleanup(consumer.stop)
        return consumer

    def send(self, url, *server_ids):
        """Have notices delivered, all at once, each once.

        :raises NotifyError: one was not taken.
        """
        deliverer = Deliverer(fixtures.configuration(_ONCE))
        try:
            for future in [deliverer.deliver(url, Notice(body(server_id)))
                           for server_id in server_ids]:
                future.result(WAIT_S)
        finally:
            deliverer.close(0)

    def heard(self, consumer):
        return [notice.server_id for notice in consumer.received()]

    # What holds.

    def test_has_heard_nothing_before_it_is_started(self):
        self.assertEqual([], self.make().received())

    def test_stop_before_start_and_twice(self):
        consumer = self.make()
        consumer.stop()
        self.assertTrue(consumer.start(), 'started, it has a URL')
        consumer.stop()
        consumer.stop()
        self.assertEqual([], consumer.received())

    def test_its_url_is_one_that_an_alarm_can_name(self):
        url = self.make().start()
        self.assertIsInstance(url, str)
        self.assertIn(urlsplit(url).scheme, plugins.names('notifiers'))

    def test_a_notice_is_kept_as_it_came_with_its_arrival(self):
        consumer = self.make()
        url = consumer.start()
        before = clock.now()
        self.send(url, 'one')
        [notice] = consumer.received()
        self.assertIsInstance(notice, Notice)
        self.assertEqual(body('one'), notice.body)
        self.assertTrue(before <= notice.received_at <= clock.now(),
                        f'received_at of {notice} is not when it arrived')

    def test_every_notice_is_kept_oldest_first(self):
        """Each notice overwrote the one before, and only one was judged."""
        consumer = self.make()
        url = consumer.start()
        wanted = [f'server-{number}' for number in range(50)]
        self.send(url, *wanted)
        self.assertEqual(sorted(wanted), sorted(self.heard(consumer)))
        times = [notice.received_at for notice in consumer.received()]
        self.assertEqual(sorted(times), times)

    def test_a_notice_that_comes_twice_is_kept_twice(self):
        consumer = self.make()
        url = consumer.start()
        self.send(url, 'one')
        self.send(url, 'one')
        self.assertEqual(['one', 'one'], self.heard(consumer))

    def test_what_it_hands_out_is_not_its_own(self):
        consumer = self.make()
        self.send(consumer.start(), 'one')
        consumer.received().clear()
        self.assertEqual(['one'], self.heard(consumer))

    def test_it_may_be_asked_and_stopped_from_another_thread(self):
        consumer = self.make()
        self.send(consumer.start(), 'one')
        heard = []

        def ask():
            heard.extend(self.heard(consumer))
            consumer.stop()

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(WAIT_S)
        self.assertFalse(thread.is_alive(),
                         'received() and stop() hang in another thread')
        self.assertEqual(['one'], heard)

    def test_stopped_it_takes_no_more_and_still_tells(self):
        consumer = self.make()
        url = consumer.start()
        self.send(url, 'one')
        consumer.stop()
        self.assertRaises(NotifyError, self.send, url, 'two')
        self.assertEqual(['one'], self.heard(consumer))

    def test_started_again_it_goes_on(self):
        """What an owner had heard before was forgotten."""
        consumer = self.make()
        self.send(consumer.start(), 'one')
        consumer.stop()
        self.send(consumer.start(), 'two')
        self.assertEqual(['one', 'two'], self.heard(consumer))

    def test_two_do_not_hear_each_other(self):
        first, second = self.make(), self.make()
        first_url, second_url = first.start(), second.start()
        self.send(first_url, 'one')
        self.send(second_url, 'two')
        self.assertEqual((['one'], ['two']),
                         (self.heard(first), self.heard(second)))

"""The webhook of an owner, over real sockets."""

import asyncio
import socket

import fixtures
import testtools
from oslo_config import cfg

from doctor_core import clock
from doctor_core.consumers.sample import SampleConsumer
from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import options
from doctor_core.web.client import Client

SERVER = '7d1d7c9e-0000-4000-8000-000000000007'


def body(server_id=SERVER):
    return {'alarm_name': 'n', 'reason_data': {'type': 'event', 'event': {
        'traits': [['state', 1, 'error'], ['instance_id', 1, server_id]]}}}


class ConsumerTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def consumer(self, **changes):
        consumer = SampleConsumer(
            options(SampleConsumer, **{'port': 0, **changes}))
        self.addCleanup(consumer.stop)
        return consumer

    def ask(self, *requests):
        """The statuses of several requests made at the same time."""
        async def all_of_them():
            client = Client(per_host=50)
            try:
                return await asyncio.gather(*(
                    client.request(method, url, body=sent)
                    for method, url, sent in requests))
            finally:
                await client.close()
        return [reply.status for reply in asyncio.run(all_of_them())]


class TestNotices(ConsumerTestCase):

    def test_a_notice_is_kept_with_its_arrival(self):
        consumer = self.consumer()
        url = consumer.start()
        before = clock.now()
        self.assertEqual([200], self.ask(('POST', url, body())))
        [notice] = consumer.received()
        self.assertEqual((body(), SERVER), (notice.body, notice.server_id))
        self.assertTrue(before <= notice.received_at <= clock.now())
        self.assertIn(f'doctor consumer notified at '
                      f'{notice.received_at:.6f} of server {SERVER}',
                      self.log.output)

    def test_every_one_is_kept(self):
        """Each notice overwrote the one before, and only one was judged."""
        consumer = self.consumer()
        url = consumer.start()
        wanted = [f'server-{number}' for number in range(200)]
        self.ask(*(('POST', url, body(server_id)) for server_id in wanted))
        notices = consumer.received()
        self.assertEqual(sorted(wanted), sorted(
            notice.server_id for notice in notices))
        times = [notice.received_at for notice in notices]
        self.assertEqual(sorted(times), times)

    def test_what_is_no_notice_is_refused_and_counted(self):
        consumer = self.consumer()
        url = consumer.start()
        for sent in ([], 'text', 5, None):
            self.assertEqual([400], self.ask(('POST', url, sent)))
        self.assertEqual((4, []), (consumer.rejected, consumer.received()))

    def test_a_notice_may_say_less(self):
        consumer = self.consumer()
        url = consumer.start()
        odd = [{}, {'reason_data': []}, body(''), body('a\nforged line')]
        self.assertEqual([200] * 4, self.ask(
            *(('POST', url, sent) for sent in odd)))
        self.assertEqual(4, len(consumer.received()))
        self.assertNotIn('\nforged', self.log.output)

    def test_other_doors_are_closed(self):
        consumer = self.consumer()
        base = consumer.start().rpartition('/')[0]
        self.assertEqual([405, 404, 404], self.ask(
            ('GET', f'{base}/failure', None),
            ('POST', f'{base}/shutdown', {}), ('GET', f'{base}/', None)))
        self.assertEqual([], consumer.received())


class TestStartAndStop(ConsumerTestCase):

    def test_a_port_that_is_taken(self):
        with socket.create_server(('127.0.0.1', 0)) as taken:
            port = taken.getsockname()[1]
            error = self.assertRaises(
                ConfigError, self.consumer(port=port).start)
        self.assertIn(str(port), str(error))

    def test_stopped_it_is_gone_and_still_tells(self):
        consumer = self.consumer()
        url = consumer.start()
        self.ask(('POST', url, body()))
        consumer.stop()
        consumer.stop()
        port = int(url.split(':')[2].split('/')[0])
        self.assertRaises(ConnectionRefusedError, socket.create_connection,
                          ('127.0.0.1', port))
        self.assertEqual([SERVER], [notice.server_id
                                    for notice in consumer.received()])

    def test_started_again_it_goes_on(self):
        consumer = self.consumer()
        for _ in range(2):
            self.ask(('POST', consumer.start(), body()))
        self.assertEqual(2, len(consumer.received()))

    def test_the_url_to_alarm_may_be_another(self):
        advertised = 'http://192.0.2.7:8080/owner'
        self.assertEqual(advertised, self.consumer(
            host='0.0.0.0', advertise_url=advertised).start())

    def test_old_names_of_the_options(self):
        """Files of the old tool have them in [consumer]."""
        folder = self.useFixture(fixtures.TempDir())
        path = folder.join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as old:
            old.write('[consumer]\nip = 127.0.0.9\nport = 23456\n')
        conf = cfg.ConfigOpts()
        conf.register_opts(SampleConsumer.get_opts(), 'consumer_sample')
        conf([], default_config_files=[path], default_config_dirs=[])
        self.assertEqual(('127.0.0.9', 23456), (
            conf.consumer_sample.host, conf.consumer_sample.port))

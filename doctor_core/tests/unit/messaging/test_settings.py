import fixtures
import testtools
from oslo_config import cfg

from doctor_core.exceptions import ConfigError
from doctor_core.messaging import settings


class TransportConfTest(testtools.TestCase):
    def rabbit(self, text, side, name='doctor.conf', **options):
        folder = self.useFixture(fixtures.TempDir())
        with open(folder.join(name), 'w', encoding='utf-8') as file:
            file.write(text)
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[folder.path])
        made = settings.transport_conf(conf, side, in_memory=False, **options)
        return made.oslo_messaging_rabbit

    def test_defaults(self):
        self.assertEqual((True, False), (
            self.rabbit('', settings.OURS).amqp_durable_queues,
            self.rabbit('', settings.NOVAS).amqp_durable_queues))

    def test_what_waits_in_the_process_has_a_limit(self):
        """All that was on the bus was read at once."""
        self.assertEqual((10000, 0), tuple(
            self.rabbit('', side).rabbit_qos_prefetch_count
            for side in (settings.OURS, settings.NOVAS)))

    def test_each_bus_has_its_own(self):
        """What was set for Doctor's queues was asked for of Nova's."""
        text = ('[oslo_messaging_rabbit]\nrabbit_quorum_queue = true\n'
                'heartbeat_rate = 7\n[notifications_rabbit]\n'
                'amqp_durable_queues = true\nheartbeat_rate = 8\n')
        ours = self.rabbit(text, settings.OURS)
        novas = self.rabbit(text, settings.NOVAS)
        self.assertEqual((True, 7), (ours.rabbit_quorum_queue,
                                     ours.heartbeat_rate))
        self.assertEqual((False, True, 8), (
            novas.rabbit_quorum_queue, novas.amqp_durable_queues,
            novas.heartbeat_rate))

    def test_a_wrong_value_is_found_at_once(self):
        """It ended in a traceback when the library looked at it."""
        for section in ('oslo_messaging_rabbit', 'notifications_rabbit'):
            error = self.assertRaises(
                ConfigError, self.rabbit,
                f'[{section}]\nheartbeat_rate = often\n', settings.NOVAS)
            self.assertIn(f'[{section}] heartbeat_rate', str(error))

    def test_a_tls_file_that_is_not_there(self):
        """It was tried again and again."""
        error = self.assertRaises(
            ConfigError, self.rabbit, '[notifications_rabbit]\nssl = true\n'
            'ssl_ca_file = /nonexistent.pem\n', settings.NOVAS)
        self.assertIn('[notifications_rabbit] ssl_ca_file', str(error))

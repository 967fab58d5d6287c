import testtools
from oslo_config import cfg

from doctor_core.consumers.sample import SampleConsumer
from doctor_core.exceptions import ConfigError


class TestOptions(testtools.TestCase):

    def test_all_addresses_are_none_to_tell_an_owner_at(self):
        for host in ('0.0.0.0', '::'):
            conf = cfg.ConfigOpts()
            conf.register_opts(SampleConsumer.get_opts(), 'consumer_sample')
            conf([], default_config_files=[], default_config_dirs=[])
            conf.set_override('host', host, 'consumer_sample')
            consumer = SampleConsumer(conf)
            error = self.assertRaises(ConfigError, consumer.start)
            self.assertIn('advertise_url', str(error))
            self.assertEqual([], consumer.received())

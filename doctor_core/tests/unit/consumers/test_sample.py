import testtools

from doctor_core.consumers.sample import SampleConsumer
from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import options


class TestOptions(testtools.TestCase):

    def test_all_addresses_are_none_to_tell_an_owner_at(self):
        for host in ('0.0.0.0', '::'):
            consumer = SampleConsumer(options(SampleConsumer, host=host))
            error = self.assertRaises(ConfigError, consumer.start)
            self.assertIn('advertise_url', str(error))
            self.assertEqual([], consumer.received())

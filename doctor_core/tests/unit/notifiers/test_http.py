import testtools

from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import options
from doctor_core.notifiers.http import HttpNotifier, HttpsNotifier


class TestOptions(testtools.TestCase):

    def test_tls_files_that_cannot_be_used(self):
        for name in ('ca_file', 'cert_file'):
            error = self.assertRaises(
                ConfigError, HttpsNotifier,
                options(HttpsNotifier, **{name: '/no/such/file'}), 1.0)
            self.assertIn('/no/such/file', str(error))

    def test_only_https_has_something_to_say_of_certificates(self):
        names = [{option.name for option in plugin.get_opts()}
                 for plugin in (HttpNotifier, HttpsNotifier)]
        self.assertEqual(
            [{'connections', 'redirects'},
             {'connections', 'redirects', 'ca_file', 'cert_file',
              'key_file'}], names)

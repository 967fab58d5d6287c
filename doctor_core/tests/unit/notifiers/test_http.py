from urllib.parse import urlsplit

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


class TestPeer(testtools.TestCase):

    def test_one_place_is_one_peer(self):
        notifier = HttpNotifier(options(HttpNotifier), 1.0)
        first, *others = (notifier.peer(urlsplit(url)) for url in (
            'http://a:8/x', 'http://ann:s3cret@A:8/y?z', 'http://b:8/x',
            'http://a:none/'))
        self.assertIs(first, others[0])
        self.assertEqual(3, len({first, *others}))

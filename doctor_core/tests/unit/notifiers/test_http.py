import testtools
from oslo_config import cfg

from doctor_core import opts
from doctor_core.exceptions import ConfigError
from doctor_core.notifiers.http import HttpNotifier, HttpsNotifier


class TestOptions(testtools.TestCase):

    def configuration(self, **changes):
        conf = cfg.ConfigOpts()
        opts.register(conf)
        conf.register_opts(HttpsNotifier.get_opts(), 'notifier_https')
        conf([], default_config_files=[], default_config_dirs=[])
        for name, value in changes.items():
            conf.set_override(name, value, 'notifier_https')
        return conf

    def test_tls_files_that_cannot_be_used(self):
        for name in ('ca_file', 'cert_file'):
            error = self.assertRaises(
                ConfigError, HttpsNotifier,
                self.configuration(**{name: '/no/such/file'}))
            self.assertIn('/no/such/file', str(error))

    def test_only_https_has_something_to_say_of_certificates(self):
        names = [{option.name for option in plugin.get_opts()}
                 for plugin in (HttpNotifier, HttpsNotifier)]
        self.assertEqual(
            [{'connections'},
             {'connections', 'ca_file', 'cert_file', 'key_file'}], names)

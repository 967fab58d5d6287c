import fixtures
import testtools

from doctor_core import conf
from doctor_core.cli import inspector_api
from doctor_core.exceptions import ConfigError


class InspectorUrlTest(testtools.TestCase):
    def url(self, text):
        path = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'[inspector]\n{text}')
        return inspector_api.inspector_url(conf.prepare([path]).inspector)

    def test_as_the_configuration_has_it(self):
        """An inspector on another port, or with TLS, was not found."""
        for text, url in (
                ('', 'http://127.0.0.1:12345'),
                ('port = 7\n', 'http://127.0.0.1:7'),
                ('host = 192.0.2.1\ntls_cert = x\n',
                 'https://192.0.2.1:12345'),
                ('host = 0.0.0.0\n', 'http://127.0.0.1:12345'),
                ('host = ::\n', 'http://[::1]:12345'),
                ('host = 2001:db8::1\n', 'http://[2001:db8::1]:12345')):
            self.assertEqual(url, self.url(text))

    def test_a_port_that_nobody_knows(self):
        self.assertRaises(ConfigError, self.url, 'port = 0\n')


class UrlTest(testtools.TestCase):
    def test_what_is_no_url(self):
        """The URL was repeated twice, with exit code 1."""
        for url in ('http://[::1', 'http://', 'http:///x', 'http://h:99999',
                    'http://h:x', 'http://a b/', 'ftp://h', '',
                    'http://h\x1b[1m/', 'http://\udcff/',
                    'http://' + 'h' * 64):
            error = self.assertRaises(ConfigError, inspector_api.ask, url,
                                      'GET', '/faults')
            self.assertIn('is no http or https URL', str(error))
            self.assertNotIn('\x1b', str(error))

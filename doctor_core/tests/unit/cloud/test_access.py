import ssl

import fixtures
import testtools
from keystoneauth1 import exceptions as ks
from keystoneauth1 import identity
from keystoneauth1 import session as ks_session

from doctor_core.cloud import credentials, refusals
from doctor_core.cloud.access import Access
from doctor_core.exceptions import CloudError, ConfigError
from doctor_core.tests.unit.cloud.test_credentials import (
    CLOUDS,
    CredentialsTestCase,
)


class TestTls(CredentialsTestCase):

    def test_verified_as_a_rule(self):
        opened = credentials.named(self.write(CLOUDS), 'bare', timeout_s=1.0)
        self.assertEqual(ssl.CERT_REQUIRED, opened.tls().verify_mode)
        self.assertTrue(opened.tls().check_hostname)
        self.assertEqual('', self.log.output)

    def test_not_verified_when_told_so_and_warned_of(self):
        opened = credentials.named(self.write(CLOUDS), 'here', timeout_s=1.0)
        self.assertEqual(ssl.CERT_NONE, opened.tls().verify_mode)
        self.assertIn('not verified', self.log.output)

    def test_the_clouds_own_authority(self):
        opened = credentials.named(self.write(
            CLOUDS + '    cacert: /nonexistent/ca.pem\n'), 'bare',
            timeout_s=1.0)
        error = self.assertRaises(ConfigError, opened.tls)
        self.assertIn('/nonexistent/ca.pem', str(error))

    def test_authorities_of_the_environment(self):
        """Lists were verified by them, and corrections were not."""
        self.set_env(REQUESTS_CA_BUNDLE='/nonexistent/env.pem')
        path = self.write(
            CLOUDS + '    cacert: /nonexistent/ca.pem\n'
            '  other: {auth: {auth_url: "http://o/v3", username: d, '
            'password: p}}\n')
        for name, used in (('other', 'env.pem'), ('bare', 'ca.pem')):
            opened = credentials.named(path, name, timeout_s=1.0)
            error = self.assertRaises(ConfigError, opened.tls)
            self.assertIn(f'/nonexistent/{used}', str(error))
        opened = credentials.named(path, 'here', timeout_s=1.0)
        self.assertEqual(ssl.CERT_NONE, opened.tls().verify_mode)

    def test_a_folder_of_authorities(self):
        self.set_env(REQUESTS_CA_BUNDLE=self.folder)
        opened = credentials.named(self.write(CLOUDS), 'bare', timeout_s=1.0)
        self.assertEqual(0, opened.tls().cert_store_stats()['x509'])


class TestProxies(CredentialsTestCase):

    def test_those_of_the_session(self):
        """Behind a proxy the inspector was never ready."""
        for name in ('no_proxy', 'all_proxy', 'NO_PROXY', 'ALL_PROXY'):
            self.useFixture(fixtures.EnvironmentVariable(name))
        self.set_env(http_proxy='http://p:3128')
        opened = credentials.named(self.write(entries(
            'http://bare/v3')), 'one', timeout_s=1.0)
        self.assertEqual('http://p:3128',
                         opened.proxies().of('http://nova/v2.1'))

    def test_none_for_this_machine(self):
        self.set_env(http_proxy='http://p:3128')
        opened = credentials.named(self.write(entries(
            'http://127.0.0.1:5000/v3')), 'one', timeout_s=1.0)
        self.assertEqual('', opened.proxies().of('http://127.0.0.1:8774/'))


def entries(auth_url):
    """A clouds.yaml with the cloud ``one``."""
    return (f'clouds: {{one: {{auth: {{auth_url: "{auth_url}", '
            'username: doctor, password: secret}}}')


class RefusingAuth(identity.Password):
    """Keystone as it answers, without one."""

    def __init__(self, error):
        super().__init__(auth_url='http://k/v3')
        self.error = error

    def get_access(self, session, **kwargs):
        raise self.error


class TestToken(testtools.TestCase):

    def refused(self, error):
        opened = Access(ks_session.Session(auth=RefusingAuth(error)), None,
                        'public', source='clouds.yaml, cloud x')
        return self.assertRaises(CloudError, opened.token)

    def test_what_cannot_pass_names_its_source(self):
        """Keystone's 400 for missing domains was asked for ever."""
        for error in (ks.BadRequest('no name'), ks.NotFound('nothing'),
                      ks.Unauthorized('no'), ks.Forbidden('locked'),
                      Exception('password is a required attribute'),
                      TypeError('x'), OSError('no such CA bundle')):
            found = self.refused(error)
            self.assertIsInstance(found, refusals.Misconfigured)
            self.assertIn('clouds.yaml, cloud x', str(found))

    def test_what_may_pass(self):
        for error in (ks.ConnectFailure('x'), ks.ServiceUnavailable(),
                      ks.RequestTimeout(), ks.HttpError(http_status=429)):
            self.assertTrue(self.refused(error).recoverable)

import os
import ssl

import fixtures
import testtools
from oslo_config import cfg

from doctor_core import opts
from doctor_core.cloud import access
from doctor_core.exceptions import ConfigError

CREDENTIALS = {
    'auth_url': 'http://k/v3', 'username': 'doctor', 'password': 'secret',
    'project_name': 'ops', 'user_domain_id': 'default',
    'project_domain_id': 'default'}
CLOUDS = '''
clouds:
  here:
    auth:
      auth_url: http://here/v3
      username: doctor
      password: secret
      project_name: ops
    region_name: north
    interface: internal
    verify: false
    compute_endpoint_override: http://gateway/compute/v2.1
  bare:
    auth: {auth_url: http://bare/v3}
'''


class AccessTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = self.useFixture(fixtures.TempDir()).path
        self.log = self.useFixture(fixtures.FakeLogger())
        for name in [name for name in os.environ if name.startswith('OS_')]:
            self.useFixture(fixtures.EnvironmentVariable(name))

    def write(self, text, name='clouds.yaml'):
        path = os.path.join(self.folder, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def set_env(self, **variables):
        for name, value in variables.items():
            self.useFixture(fixtures.EnvironmentVariable(name, value))

    def conf(self, **options):
        text = '[cloud]\n' + ''.join(
            f'{name} = {value}\n' for name, value in options.items())
        conf = cfg.ConfigOpts()
        conf.register_opts(opts.CLOUD_OPTS, group='cloud')
        conf([], project='doctor', default_config_dirs=[],
             default_config_files=[self.write(text, 'doctor.conf')])
        return conf

    def refused(self, **options):
        error = self.assertRaises(ConfigError, access.from_conf,
                                  self.conf(**options))
        self.assertNotIn('\n', str(error))
        return str(error)


class TestFromConf(AccessTestCase):

    def test_options(self):
        opened = access.from_conf(self.conf(
            auth_type='v3password', region_name='north',
            interface='internal', cafile='/ca.pem', request_timeout_s='7',
            **CREDENTIALS))
        self.assertEqual('http://k/v3', opened.session.auth.auth_url)
        self.assertEqual(('north', 'internal'),
                         (opened.region_name, opened.interface))
        self.assertEqual(('/ca.pem', 7.0), (opened.session.verify,
                                            opened.session.timeout))

    def test_a_password_needs_no_auth_type(self):
        opened = access.from_conf(self.conf(**CREDENTIALS))
        self.assertEqual('http://k/v3', opened.auth_url())
        self.assertEqual((None, 'public'),
                         (opened.region_name, opened.interface))

    def test_nothing(self):
        self.assertIn('No cloud is configured', self.refused())

    def test_an_unknown_auth_type(self):
        self.assertIn('nonsense', self.refused(auth_type='nonsense'))

    def test_something_is_missing(self):
        self.assertIn('auth_url', self.refused(auth_type='v3password'))

    def test_credentials_that_give_no_token(self):
        self.assertIn('needs credentials', self.refused(auth_type='none'))

    def test_a_name(self):
        self.set_env(OS_CLIENT_CONFIG_FILE=self.write(CLOUDS),
                     OS_AUTH_URL='http://elsewhere')
        opened = access.from_conf(self.conf(name='here'))
        self.assertEqual('http://here/v3', opened.auth_url())
        self.assertEqual(('north', 'internal'),
                         (opened.region_name, opened.interface))

    def test_options_win_over_clouds_yaml(self):
        self.set_env(OS_CLIENT_CONFIG_FILE=self.write(CLOUDS))
        opened = access.from_conf(self.conf(
            name='bare', region_name='south', interface='admin'))
        self.assertEqual(('south', 'admin'),
                         (opened.region_name, opened.interface))

    def test_a_file_of_its_own(self):
        self.set_env(OS_CLOUD='elsewhere', OS_AUTH_URL='http://env/v3')
        opened = access.from_conf(self.conf(
            clouds_file=self.write(CLOUDS), name='bare', interface='admin'))
        self.assertEqual(('http://bare/v3', 'admin'),
                         (opened.auth_url(), opened.interface))

    def test_a_file_of_its_own_with_several_clouds_and_no_name(self):
        self.refused(clouds_file=self.write(CLOUDS))

    def test_an_unknown_name(self):
        self.set_env(OS_CLIENT_CONFIG_FILE=self.write(CLOUDS))
        self.assertIn('nowhere', self.refused(name='nowhere'))

    def test_the_environment(self):
        self.set_env(OS_AUTH_URL='http://env/v3', OS_USERNAME='doctor',
                     OS_PASSWORD='secret', OS_PROJECT_NAME='ops')
        opened = access.from_conf(self.conf())
        self.assertEqual('http://env/v3', opened.auth_url())

    def test_a_region_that_clouds_yaml_does_not_have(self):
        self.set_env(OS_CLIENT_CONFIG_FILE=self.write(CLOUDS))
        self.assertIn('south', self.refused(name='here',
                                            region_name='south'))

    def test_the_environments_cloud(self):
        self.set_env(OS_CLIENT_CONFIG_FILE=self.write(CLOUDS),
                     OS_CLOUD='here')
        self.assertEqual('http://here/v3',
                         access.from_conf(self.conf()).auth_url())


class TestCredentialOpts(testtools.TestCase):

    def test_all_that_a_password_needs(self):
        names = {option.dest for option in access.credential_opts()}
        self.assertTrue({'auth_type', 'auth_url', 'username', 'password',
                         'project_name', 'cafile', 'insecure'} <= names)
        self.assertEqual(set(), names & {option.dest for option
                                         in opts.CLOUD_OPTS})


class TestNamed(AccessTestCase):

    def open(self, name='here', text=CLOUDS):
        return access.named(self.write(text), name, timeout_s=5.0)

    def test_the_environment_does_not_count(self):
        self.set_env(OS_AUTH_URL='http://env/v3', OS_CLOUD='bare',
                     OS_REGION_NAME='south')
        opened = self.open()
        self.assertEqual(('http://here/v3', 'north', 5.0), (
            opened.auth_url(), opened.region_name, opened.session.timeout))

    def test_an_endpoint_set_by_hand(self):
        self.assertEqual('http://gateway/compute/v2.1',
                         self.open().endpoint('compute'))

    def test_no_file(self):
        error = self.assertRaises(ConfigError, access.named,
                                  '/nonexistent/clouds.yaml', 'here',
                                  timeout_s=1.0)
        self.assertIn('/nonexistent/clouds.yaml', str(error))

    def test_not_yaml(self):
        self.assertRaises(ConfigError, self.open, text='{')

    def test_an_empty_file(self):
        self.assertRaises(ConfigError, self.open, text='')

    def test_no_such_cloud(self):
        self.assertRaises(ConfigError, self.open, 'nowhere')


class TestTls(AccessTestCase):

    def test_verified_as_a_rule(self):
        opened = access.named(self.write(CLOUDS), 'bare', timeout_s=1.0)
        self.assertEqual(ssl.CERT_REQUIRED, opened.tls().verify_mode)
        self.assertTrue(opened.tls().check_hostname)
        self.assertEqual('', self.log.output)

    def test_not_verified_when_told_so_and_warned_of(self):
        opened = access.named(self.write(CLOUDS), 'here', timeout_s=1.0)
        self.assertEqual(ssl.CERT_NONE, opened.tls().verify_mode)
        self.assertIn('not verified', self.log.output)

    def test_the_clouds_own_authority(self):
        opened = access.named(self.write(
            CLOUDS + '    cacert: /nonexistent/ca.pem\n'), 'bare',
            timeout_s=1.0)
        error = self.assertRaises(ConfigError, opened.tls)
        self.assertIn('/nonexistent/ca.pem', str(error))

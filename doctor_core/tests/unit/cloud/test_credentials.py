import os

import fixtures
import testtools
import yaml
from hypothesis import given
from hypothesis import strategies as st
from oslo_config import cfg
from requests.utils import select_proxy

from doctor_core import opts
from doctor_core.cloud import credentials
from doctor_core.exceptions import CloudError, ConfigError

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
    auth: {auth_url: http://bare/v3, username: doctor, password: secret}
'''


def entry(**auth):
    """A cloud of clouds.yaml with these options of auth changed."""
    return {'auth': {'auth_url': 'http://here/v3', 'username': 'doctor',
                     'password': 'secret', 'project_name': 'ops',
                     'user_domain_id': 'default', **auth}}


class CredentialsTestCase(testtools.TestCase):

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
        conf.register_opts(opts.GROUPS['cloud'], group='cloud')
        conf([], project='doctor', default_config_dirs=[],
             default_config_files=[self.write(text, 'doctor.conf')])
        return conf

    def refused(self, **options):
        error = self.assertRaises(ConfigError, credentials.from_conf,
                                  self.conf(**options))
        self.assertNotIn('\n', str(error))
        return str(error)


class TestFromConf(CredentialsTestCase):

    def test_options(self):
        opened = credentials.from_conf(self.conf(
            auth_type='v3password', region_name='north',
            interface='internal', cafile='/ca.pem', request_timeout_s='7',
            **CREDENTIALS))
        self.assertEqual('http://k/v3', opened.session.auth.auth_url)
        self.assertEqual(('north', 'internal'),
                         (opened.region_name, opened.interface))
        self.assertEqual(('/ca.pem', 7.0), (opened.session.verify,
                                            opened.session.timeout))

    def test_a_password_needs_no_auth_type(self):
        opened = credentials.from_conf(self.conf(**CREDENTIALS))
        self.assertEqual('http://k/v3', opened.auth_url())
        self.assertEqual((None, 'public'),
                         (opened.region_name, opened.interface))

    def test_nothing(self):
        self.assertIn('No cloud is configured', self.refused())

    def test_an_unknown_auth_type(self):
        self.assertIn('nonsense', self.refused(auth_type='nonsense'))

    def test_something_is_missing(self):
        self.assertIn('auth_url', self.refused(auth_type='v3password'))

    def test_no_password(self):
        """A missing password of [cloud] was found by a traceback."""
        self.assertIn('password is missing', self.refused(
            **{**CREDENTIALS, 'password': ''}))

    def test_an_auth_section_that_there_is_not(self):
        self.assertIn('[cloud]', self.refused(auth_section='nowhere'))

    def test_an_environment_without_a_password(self):
        """OS_* variables without a password ended in a traceback."""
        self.set_env(OS_AUTH_URL='http://env/v3', OS_USERNAME='doctor')
        text = self.refused()
        self.assertIn('environment', text)
        self.assertIn('password is missing', text)

    def test_credentials_that_give_no_token(self):
        self.assertIn('needs credentials', self.refused(auth_type='none'))

    def test_a_name(self):
        self.set_env(OS_CLIENT_CONFIG_FILE=self.write(CLOUDS),
                     OS_AUTH_URL='http://elsewhere')
        opened = credentials.from_conf(self.conf(name='here'))
        self.assertEqual('http://here/v3', opened.auth_url())
        self.assertEqual(('north', 'internal'),
                         (opened.region_name, opened.interface))

    def test_options_win_over_clouds_yaml(self):
        self.set_env(OS_CLIENT_CONFIG_FILE=self.write(CLOUDS))
        opened = credentials.from_conf(self.conf(
            name='bare', region_name='south', interface='admin'))
        self.assertEqual(('south', 'admin'),
                         (opened.region_name, opened.interface))

    def test_a_file_of_its_own(self):
        self.set_env(OS_CLOUD='elsewhere', OS_AUTH_URL='http://env/v3')
        opened = credentials.from_conf(self.conf(
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
        opened = credentials.from_conf(self.conf())
        self.assertEqual('http://env/v3', opened.auth_url())

    def test_a_region_that_clouds_yaml_does_not_have(self):
        self.set_env(OS_CLIENT_CONFIG_FILE=self.write(CLOUDS))
        self.assertIn('south', self.refused(name='here',
                                            region_name='south'))

    def test_the_environments_cloud(self):
        self.set_env(OS_CLIENT_CONFIG_FILE=self.write(CLOUDS),
                     OS_CLOUD='here')
        self.assertEqual('http://here/v3',
                         credentials.from_conf(self.conf()).auth_url())


class TestProxies(CredentialsTestCase):
    """doctor demo asked a proxy for the Keystone of its own machine."""

    def proxy(self, auth_url, asked=''):
        opened = credentials.from_conf(self.conf(
            auth_url=auth_url, username='doctor', password='secret'))
        session = opened.with_auth(opened.session.auth).session.session
        url = asked or auth_url
        return select_proxy(url, session.merge_environment_settings(
            url, {}, None, None, None)['proxies'])

    def setUp(self):
        super().setUp()
        self.set_env(http_proxy='http://proxy:1', https_proxy='http://proxy:1',
                     no_proxy=None, NO_PROXY=None, all_proxy='http://proxy:1')

    def test_none_for_this_machine(self):
        for url in ('http://127.0.0.1:5000/v3', 'https://localhost/v3',
                    'http://127.8.0.1/v3', 'http://[::1]:5000/v3'):
            self.assertFalse(self.proxy(url), url)

    def test_as_the_environment_says_for_others(self):
        for url in ('http://192.0.2.1/v3', 'https://keystone.example/v3'):
            self.assertEqual('http://proxy:1', self.proxy(url))
        self.assertEqual('http://proxy:1', self.proxy(
            'http://127.0.0.1:5000/v3', 'http://192.0.2.1:8774/'))


class TestCredentialOpts(testtools.TestCase):

    def test_all_that_a_password_needs(self):
        names = {option.dest for option in credentials.credential_opts()}
        self.assertTrue({'auth_type', 'auth_url', 'username', 'password',
                         'project_name', 'cafile', 'insecure'} <= names)
        self.assertEqual(set(), names & {option.dest for option
                                         in opts.GROUPS['cloud']})


class TestNamed(CredentialsTestCase):

    def open(self, name='here', text=CLOUDS):
        return credentials.named(self.write(text), name, timeout_s=5.0)

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
        error = self.assertRaises(ConfigError, credentials.named,
                                  '/nonexistent/clouds.yaml', 'here',
                                  timeout_s=1.0)
        self.assertIn('/nonexistent/clouds.yaml', str(error))

    def test_not_yaml(self):
        self.assertRaises(ConfigError, self.open, text='{')

    def test_an_empty_file(self):
        self.assertRaises(ConfigError, self.open, text='')

    def test_no_such_cloud(self):
        self.assertRaises(ConfigError, self.open, 'nowhere')

    def refused(self, cloud, name='here'):
        """The words for a file whose cloud 'here' is this."""
        error = self.assertRaises(
            ConfigError, self.open, name,
            yaml.safe_dump({'clouds': {'here': cloud}}))
        self.assertNotIn('\n', str(error))
        return str(error)

    def test_no_password(self):
        """A missing password ended the daemon with a traceback."""
        text = self.refused(entry(password=None))
        self.assertIn("clouds.yaml, cloud 'here'", text)
        self.assertIn('password is missing', text)

    def test_a_cloud_that_is_misspelt(self):
        text = self.refused(entry(), name='heer')
        self.assertIn("cloud 'heer': It was not found. Did you mean 'here'?",
                      text)

    def test_a_cloud_of_which_nothing_there_reminds(self):
        text = self.refused(entry(), name='nosuch')
        self.assertIn("cloud 'nosuch': It was not found. Clouds there: here.",
                      text)

    def test_no_user(self):
        self.assertIn('username', self.refused(entry(username='')))

    def test_an_option_that_the_auth_type_does_not_have(self):
        """default_domain ended in a TypeError of keystoneauth's."""
        text = self.refused(entry(default_domain='default'))
        self.assertIn('auth.default_domain', text)
        self.assertIn("Did you mean 'default_domain_id'?", text)

    def test_an_auth_type_for_others(self):
        """A password for Kerberos ended in a TypeError."""
        text = self.refused({**entry(
            project_domain_id='default'), 'auth_type': 'v3kerberos'})
        self.assertIn("'v3kerberos'", text)

    def test_an_auth_url_that_is_none(self):
        """keystone:5000 was asked again and again."""
        for url in ('keystone:5000', '/v3', 'ftp://k/', 'http://', 5000):
            self.assertIn('auth_url', self.refused(entry(auth_url=url)))

    def test_values_of_other_shapes(self):
        """auth: null, and its like, ended in a traceback."""
        for cloud in (
                None, [], 'x', 1, {'auth': None}, {'auth': []},
                {'auth': 'x'}, entry(password=['a']), entry(username={}),
                {**entry(), 'regions': 'x'}, entry(password=12345),
                {**entry(), 'regions': [{'values': {}}]},
                {**entry(), 'auth_type': 7}, {**entry(), 'auth_type': []}):
            self.assertIn('clouds.yaml', self.refused(cloud))

    def test_files_of_other_shapes(self):
        for text in ('[]', 'clouds:', 'clouds: []', 'clouds: x', 'x',
                     '[1]: 2', '\0', 'clouds: {here: {auth: &a [*a]}}'):
            error = self.assertRaises(ConfigError, self.open, text=text)
            self.assertIn('clouds.yaml', str(error))

    @given(st.dictionaries(
        st.sampled_from(['auth', 'auth_type', 'regions', 'verify',
                         'region_name', 'interface', 'cert', 'networks']),
        st.none() | st.booleans() | st.integers() | st.text(max_size=3)
        | st.lists(st.text(max_size=3), max_size=2)
        | st.dictionaries(st.sampled_from(['username', 'password', 'x']),
                          st.none() | st.text(max_size=3)), max_size=4))
    def test_anything(self, cloud):
        try:
            self.open(text=yaml.safe_dump({'clouds': {
                'here': {**entry(), **cloud}}}))
        except (ConfigError, CloudError) as error:
            self.assertNotIn('\n', str(error))

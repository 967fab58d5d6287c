import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.cloud import endpoints


class TestUrl(testtools.TestCase):

    def test_whatever_the_catalogue_says(self):
        for entry in ('http://c:8774', 'http://c:8774/',
                      'http://c:8774/v2.1', 'http://c:8774/v2.1/',
                      'http://c:8774/v2/0a1b2c', 'http://c:8774/v2.1/0a1b2c'):
            self.assertEqual('http://c:8774/v2.1/servers',
                             endpoints.url('compute', entry, '/servers'))

    def test_behind_a_path(self):
        self.assertEqual(
            'https://cloud.example/networking/v2.0/ports/p?fields=id',
            endpoints.url('network', 'https://cloud.example/networking',
                          '/ports/p?fields=id'))

    def test_an_old_identity_entry(self):
        self.assertEqual('http://k/identity/v3/users', endpoints.url(
            'identity', 'http://k/identity/v2.0', '/users'))

    def test_a_path_with_a_version(self):
        for entry in ('http://a:8042', 'http://a:8042/v2'):
            self.assertEqual('http://a:8042/v2/alarms', endpoints.url(
                'alarm', entry, '/v2/alarms'))

    def test_a_host_that_looks_like_a_version(self):
        self.assertEqual('http://v2/v2.1/servers', endpoints.url(
            'compute', 'http://v2', '/servers'))

    def test_a_service_of_an_unknown_version(self):
        self.assertEqual('http://x/rca/v1/event', endpoints.url(
            'rca', 'http://x/rca', '/v1/event'))
        self.assertEqual('http://x/rca/event', endpoints.url(
            'rca', 'http://x/rca', '/event'))

    def test_the_alarm_services_other_name(self):
        self.assertEqual('http://a/v2/alarms', endpoints.url(
            'alarming', 'http://a', '/alarms'))

    @given(prefix=st.sampled_from(['', '/compute', '/x/y']),
           version=st.sampled_from(['', '/', '/v2', '/v2.1', '/v2.1/']),
           path=st.from_regex(r'/[a-z-]{1,9}(/[0-9a-f-]{1,36})?',
                              fullmatch=True).filter(
               lambda path: not path.startswith('/v')))
    def test_one_version_always(self, prefix, version, path):
        self.assertEqual(f'http://h{prefix}/v2.1{path}', endpoints.url(
            'compute', f'http://h{prefix}{version}', path))


class TestHeaders(testtools.TestCase):

    def test_nova_is_told_a_microversion(self):
        self.assertEqual({'OpenStack-API-Version': 'compute 2.74'},
                         endpoints.headers('compute'))
        self.assertEqual({}, endpoints.headers('network'))

import json

import testtools
from hypothesis import given
from hypothesis import strategies as st
from keystoneauth1 import exceptions as ks

from doctor_core.cloud import refusals
from doctor_core.exceptions import CloudError, DoctorError


class TestMessageOf(testtools.TestCase):

    def message(self, answer):
        return refusals.message_of(json.dumps(answer).encode())

    def test_every_services_form(self):
        for answer in (
                {'badRequest': {'code': 400, 'message': 'why'}},
                {'error': {'code': 401, 'title': 'x', 'message': 'why'}},
                {'NeutronError': {'type': 'T', 'message': 'why',
                                  'detail': ''}},
                {'NeutronError': 'why'},
                {'error_message': {'debuginfo': None, 'faultcode': 'Client',
                                   'faultstring': 'why'}},
                {'errors': [{'code': 'x', 'title': 't', 'detail': 'why'}]},
                {'code': '404', 'title': 'Not Found', 'message': 'why'}):
            self.assertEqual('why', self.message(answer))

    def test_one_line(self):
        self.assertEqual('a b', self.message({'x': {'message': ' a\n b '}}))

    def test_plain_text(self):
        self.assertEqual('no', refusals.message_of(b'no\n'))

    def test_a_proxys_page_is_not_repeated(self):
        self.assertEqual('', refusals.message_of(b'<html>502</html>'))

    def test_never_long(self):
        self.assertEqual(400, len(self.message({'x': {
            'message': 'a' * 5000}})))

    @given(st.binary(max_size=60))
    def test_any_bytes(self, body):
        self.assertIsInstance(refusals.message_of(body), str)

    @given(st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
            st.sampled_from(['message', 'detail', 'x']), inner,
            max_size=3)))
    def test_any_json(self, answer):
        self.assertIsInstance(self.message(answer), str)


class TestRefused(testtools.TestCase):

    def refused(self, service_type, status, body):
        return refusals.refused('GET x /y', status,
                                json.dumps(body).encode(),
                                service_type=service_type)

    def test_gone_when_the_service_itself_says_so(self):
        for service_type, body in (
                ('compute', {'itemNotFound': {'message': 'no'}}),
                ('network', {'NeutronError': {'message': 'no'}}),
                ('alarming', {'error_message': {'faultstring': 'no'}}),
                ('policy', {'error': {'error_code': 404, 'message': 'no'}}),
                ('identity', {'error': {'code': 404, 'message': 'no'}})):
            error = self.refused(service_type, 404, body)
            self.assertIsInstance(error, refusals.Gone)
            self.assertFalse(error.recoverable)

    def test_not_gone_when_something_between_says_so(self):
        """A load balancer's 404 was taken for Nova's."""
        for body in ('<html>', {}, {'message': 'no route'}):
            for service_type in ('compute', 'alarming', 'policy'):
                error = self.refused(service_type, 404, body)
                self.assertNotIsInstance(error, refusals.Gone)
                self.assertTrue(error.recoverable)

    def test_other_refusals_of_something_between_may_pass(self):
        self.assertTrue(self.refused('compute', 403, 'no').recoverable)
        self.assertFalse(self.refused('compute', 403, {
            'forbidden': {'message': 'no'}}).recoverable)
        self.assertFalse(self.refused('compute', 406, {
            'errors': [{'status': 406, 'detail': 'no'}]}).recoverable)
        self.assertFalse(self.refused('compute', 401, 'no').recoverable)

    def test_of_some_only_the_form_of_a_404_is_known(self):
        error = self.refused('policy', 400, 'no')
        self.assertEqual((400, False), (error.status, error.recoverable))

    def test_a_service_whose_form_is_not_known(self):
        error = self.refused('rca', 404, 'no')
        self.assertEqual((404, False), (error.status, error.recoverable))


class TestRedirected(testtools.TestCase):

    def test_the_place_without_what_may_be_secret(self):
        for location, place in (
                ('https://a:b@sso/x?y=z', 'https://sso/x'),
                ('/login?y', '/login'), ('', 'nowhere'),
                ('http://h/a\r\nb', 'http://h/ab')):
            error = refusals.redirected('GET x /y', 'compute', 302, location)
            self.assertEqual('GET x /y: 302: something between answered '
                             f'instead of Nova: it leads to {place}',
                             str(error))


class TestUnderstood(testtools.TestCase):

    def test_an_answer_of_something_else(self):
        def read(answer):
            with refusals.understood('GET compute /x'):
                return [record['id'] for record in answer['servers']]
        self.assertEqual(['s'], read({'servers': [{'id': 's'}]}))
        for answer in ({}, [], None, {'servers': 1}, {'servers': [None]}):
            self.assertRaises(CloudError, read, answer)


class TestTranslated(testtools.TestCase):

    def translate(self, error):
        def fail():
            with refusals.translated('GET compute /x'):
                raise error
        return self.assertRaises(DoctorError, fail)

    def test_nothing_is_at_auth_url(self):
        """An auth_url that answers 404 was asked again and again."""
        error = ks.DiscoveryFailure('no versions')
        error.__context__ = ks.NotFound('nothing here')
        self.assertIsInstance(self.translate(error), refusals.Misconfigured)
        error.__context__ = ks.ServiceUnavailable()
        self.assertTrue(self.translate(error).recoverable)

    def test_what_may_pass(self):
        for error in (ks.ConnectFailure('x'), ks.ConnectTimeout('x'),
                      ks.DiscoveryFailure('x'), ks.ServiceUnavailable(),
                      ks.InternalServerError(), ks.Conflict(),
                      ks.HttpError(http_status=429)):
            found = self.translate(error)
            self.assertIsInstance(found, CloudError)
            self.assertTrue(found.recoverable, error)

    def test_what_the_operator_has_to_change(self):
        for error in (ks.Unauthorized('x'), ks.MissingAuthPlugin(),
                      ks.NoMatchingPlugin('x'), ks.EndpointNotFound(),
                      ks.SSLError('x')):
            self.assertIsInstance(self.translate(error),
                                  refusals.Misconfigured)

    def test_what_is_refused_for_good(self):
        found = self.translate(ks.Forbidden('no'))
        self.assertEqual((403, False), (found.status, found.recoverable))

    def test_the_reason_without_the_librarys_parts(self):
        found = self.translate(ks.ConnectFailure(
            'Unable to establish connection to http://k/v3: '
            "HTTPConnectionPool(host='k', port=80): Max retries exceeded "
            'with url: /v3 (Caused by NewConnectionError("HTTPConnection('
            "host='k', port=80): Failed to establish a new connection: "
            '[Errno 111] Connection refused"))'))
        self.assertEqual(
            'GET compute /x: Unable to establish connection to http://k/v3: '
            'Connection refused', str(found))

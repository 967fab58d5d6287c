import json

import fixtures
import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.cloud import refusals, tokens
from doctor_core.exceptions import CloudError, NotFound

ANSWER = {'token': {
    'user': {'id': 'u', 'name': 'doctor'},
    'project': {'id': 'p', 'name': 'ops'},
    'roles': [{'id': 'r', 'name': 'admin'}],
    'expires_at': '2020-01-01T00:00:10.000000Z'}}


class TestTokenInfo(testtools.TestCase):

    def test_as_keystone_writes_it(self):
        self.assertEqual(
            tokens.TokenInfo('u', 'doctor', 'p', 'ops',
                             frozenset({'admin'}), 1577836810.0, True),
            tokens.token_info(ANSWER))

    def test_for_no_project(self):
        answer = {'token': {key: value for key, value
                            in ANSWER['token'].items()
                            if key not in ('project', 'roles')}}
        info = tokens.token_info(answer)
        self.assertEqual(('', frozenset()), (info.project_id, info.roles))

    def test_answer_of_somebody_else(self):
        """A proxy's page ended in 500 for whoever showed a token."""
        for answer in ({}, [], 'page', {'token': None}, {'token': {}},
                       {'token': {**ANSWER['token'], 'expires_at': 'soon'}},
                       {'token': {**ANSWER['token'], 'roles': [1]}}):
            self.assertRaises(CloudError, tokens.token_info, answer)


    def test_nothing_of_another_type_is_believed(self):
        """A project whose id was null saw the alarms of all projects; a role
        of no name was a traceback.
        """
        for changes in (
                {'project': {'id': None, 'name': 'ops'}},
                {'project': {'id': '', 'name': 'ops'}},
                {'project': {'id': 5, 'name': 'ops'}},
                {'project': {'name': 'ops'}}, {'project': {'id': 'p'}},
                {'project': {'id': 'p', 'name': None}},
                {'project': {}}, {'project': []}, {'project': 'p'},
                {'user': {'id': None, 'name': 'n'}}, {'user': 'u'},
                {'user': {'id': 'u', 'name': 5}},
                {'roles': {}}, {'roles': 'admin'}, {'roles': ['admin']},
                {'roles': [{'name': None}]}, {'roles': [{'name': 5}]},
                {'roles': [{'name': ['admin']}]}, {'roles': [{}]},
                {'expires_at': None}, {'expires_at': 5},
                {'expires_at': ['2020-01-01T00:00:10Z']}):
            error = self.assertRaises(
                CloudError, tokens.token_info,
                {'token': {**ANSWER['token'], **changes}})
            self.assertTrue(error.recoverable, changes)

    def test_whose_roles_count_for_the_cloud(self):
        project = ANSWER['token']['project']
        for scope, expected in (
                ({'project': project}, True),
                ({'project': project, 'is_admin_project': True}, True),
                ({'project': project, 'is_admin_project': False}, False),
                ({'project': project, 'is_admin_project': None}, False),
                ({'system': {'all': True}}, True),
                ({'system': {'all': False}}, False), ({'system': []}, False),
                ({'system': {'all': True}, 'is_admin_project': False}, False),
                ({'domain': {'id': 'd', 'name': 'acme'}}, False),
                ({'domain': {}, 'project': project}, False), ({}, False)):
            token = {**ANSWER['token'], 'project': None, **scope}
            self.assertEqual(
                expected, tokens.token_info({'token': token}).is_of_cloud,
                scope)

    def test_null_is_as_if_it_were_not_there(self):
        info = tokens.token_info({'token': {
            **ANSWER['token'], 'project': None, 'roles': None}})
        self.assertEqual(('', frozenset()), (info.project_id, info.roles))


class TestAsked(testtools.TestCase):

    def asked(self, status, body):
        def send(_method, service_type, _path, headers):
            self.assertEqual({'X-Subject-Token': 't'}, headers)
            raise refusals.refused('GET', status, body,
                                   service_type=service_type)
        return tokens.asked(send, 't')

    def test_not_valid_when_keystone_itself_says_so(self):
        self.assertRaises(NotFound, self.asked, 404, json.dumps(
            {'error': {'code': 404, 'title': 'Not Found', 'message':
                       'Could not find token'}}).encode())

    def test_not_known_when_something_between_says_so(self):
        """A proxy's page said of each token that it is not valid."""
        for body in (b'<html>not found</html>', b'', b'{}',
                     b'{"error": "Not Found", "status": 404}'):
            error = self.assertRaises(CloudError, self.asked, 404, body)
            self.assertTrue(error.recoverable)


class TestTokenCache(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.asked = []
        self.lasts_s = 3600.0
        self.cache = tokens.TokenCache(self.ask, now=lambda: self.now)

    def ask(self, token):
        self.asked.append(token)
        if token.startswith('bad'):
            raise NotFound('no')
        return tokens.TokenInfo(token, '', '', '', frozenset(),
                                self.now + self.lasts_s, True)

    def test_asks_once(self):
        self.assertEqual('t', self.cache.info('t').user_id)
        self.assertEqual('t', self.cache.info('t').user_id)
        self.assertEqual('o', self.cache.info('o').user_id)
        self.assertEqual(['t', 'o'], self.asked)

    def test_asks_again_after_a_while(self):
        """A revoked token must not be believed to its end."""
        self.cache.info('t')
        self.now += tokens.BELIEVED_S
        self.cache.info('t')
        self.assertEqual(['t', 't'], self.asked)

    def test_what_is_known_need_not_be_asked(self):
        self.assertIsNone(self.cache.known('t'))
        self.assertIsNone(self.cache.known('a\nb'))
        self.cache.info('t')
        self.assertEqual('t', self.cache.known('t').user_id)
        self.now += tokens.BELIEVED_S
        self.assertIsNone(self.cache.known('t'))
        self.assertEqual(['t'], self.asked)

    def test_never_believes_longer_than_the_token_lasts(self):
        self.lasts_s = 5.0
        self.cache.info('t')
        self.now += 5.0
        self.cache.info('t')
        self.assertEqual(['t', 't'], self.asked)

    def test_our_clock_is_ahead_of_keystone_s(self):
        """Every token was refused, and nothing said why."""
        log = self.useFixture(fixtures.FakeLogger('doctor_core.cloud.tokens'))
        for self.lasts_s in (0.0, -7200.0, -7201.0):
            self.assertEqual('t', self.cache.info('t').user_id)
            self.assertIsNone(self.cache.known('t'))
        self.assertEqual(['t'] * 3, self.asked)
        self.assertEqual(1, log.output.count('expired 7200 s ago'))
        self.assertEqual(1, log.output.count('\n'))
        self.lasts_s = 3600.0
        self.cache.info('t')
        self.lasts_s = -60.0
        self.cache.info('other')
        self.assertIn('expired 60 s ago', log.output)

    def test_a_refusal_is_not_remembered(self):
        self.assertRaises(NotFound, self.cache.info, 'bad')
        self.assertRaises(NotFound, self.cache.info, 'bad')
        self.assertEqual(['bad', 'bad'], self.asked)

    def test_forgets_the_oldest_of_very_many(self):
        for number in range(1001):
            self.cache.info(str(number))
        del self.asked[:]
        self.cache.info('1000')
        self.cache.info('0')
        self.assertEqual(['0'], self.asked)

    @given(st.text())
    def test_what_no_header_can_carry_is_not_asked(self, text):
        if tokens.is_sendable(text):
            self.assertTrue(text.isascii() and not set(text) & set('\r\n '))
        else:
            self.assertRaises(NotFound, self.cache.info, text)
            self.assertNotIn(text, self.asked)

import asyncio

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.embedded import rest
from doctor_core.web.server import Refused, Request


def request(body=b'', token=''):
    return Request('GET', '/x', {}, {}, {'X-Auth-Token': token}, body, 0.0)


class FieldTest(testtools.TestCase):

    def test_a_member_of_its_type(self):
        self.assertEqual('b', rest.field({'a': 'b'}, 'a', str))

    def test_the_default_of_an_absent_one(self):
        self.assertEqual(3, rest.field({}, 'a', str, 3))

    def test_an_absent_one_without_default_is_refused(self):
        error = self.assertRaises(Refused, rest.field, {}, 'a', str)
        self.assertEqual(400, error.status)
        self.assertIn("'a' is a required property", error.message)

    def test_another_type_is_refused(self):
        error = self.assertRaises(Refused, rest.field, {'a': 1}, 'a',
                                  (str, type(None)))
        self.assertIn("1 is not of type 'string', 'null'", error.message)

    def test_true_is_no_number(self):
        self.assertRaises(Refused, rest.field, {'a': True}, 'a', int)
        self.assertEqual(True, rest.field({'a': True}, 'a', (int, bool)))


class FlagTest(testtools.TestCase):

    def test_words_for_yes_and_no(self):
        self.assertEqual([True, True, False, False], [
            rest.flag(text) for text in ('1', 'True', 'no', '0')])

    def test_other_words_are_refused(self):
        self.assertRaises(Refused, rest.flag, 'maybe')


class PageTest(testtools.TestCase):

    @given(st.integers(0, 40), st.integers(1, 10))
    def test_pages_make_up_the_whole(self, count, size):
        items = [str(number) for number in range(count)]
        seen, query, more = [], {'limit': str(size)}, True
        while more:
            part, more = rest.page(items, query, key=str)
            self.assertLessEqual(len(part), size)
            seen += part
            query['marker'] = part[-1] if part else ''
        self.assertEqual(items, seen)

    def test_a_limit_of_thousands_of_digits(self):
        """Python refused to read it, and the answer was 500."""
        for limit in ('9' * 5000, '-1', 'x', ''):
            error = self.assertRaises(Refused, rest.page, ['a'],
                                      {'limit': limit}, key=str)
            self.assertEqual(400, error.status)
        self.assertEqual((['a'], False), rest.page(
            ['a'], {'limit': '9' * 18}, key=str))

    def test_no_page_is_larger_than_the_service_allows(self):
        part, more = rest.page(range(9), {'limit': '8'}, key=str, most=5)
        self.assertEqual(([0, 1, 2, 3, 4], True), (part, more))

    def test_a_limit_of_zero_is_none(self):
        self.assertEqual(([0, 1], False), rest.page(
            range(2), {'limit': '0'}, key=str))

    def test_an_unknown_marker_is_refused(self):
        self.assertRaises(Refused, rest.page, ['a'], {'marker': 'b'},
                          key=str)

    def test_a_limit_that_is_no_number_is_refused(self):
        for limit in ('-1', 'x', '', '\u0663'):
            self.assertRaises(Refused, rest.page, ['a'], {'limit': limit},
                              key=str)


class ApiTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        callers = {'good': rest.Caller('u1', roles=frozenset({'member'})),
                   'admin': rest.Caller('u0', roles=frozenset({'admin'}))}
        self.api = rest.Api(
            rest.Site('http://cloud'), '/svc', callers.get,
            lambda refused: {'own form': refused.message})

    def answer(self, handler, token='', body=b'', **options):
        self.api.add('GET', '/x', handler, **options)
        return asyncio.run(self.api.routes[-1].handler(request(body, token)))

    def test_json_is_answered_with_the_usual_status(self):
        answer = self.answer(lambda call: {'a': call.caller.user_id},
                             'good', status=202)
        self.assertEqual((202, {'a': 'u1'}), (answer.status, answer.json))

    def test_a_coroutine_is_awaited(self):
        async def slow(_call):
            return {'b': 1}
        self.assertEqual({'b': 1}, self.answer(slow, 'good').json)

    def test_without_a_token_it_is_401_in_keystones_form(self):
        answer = self.answer(lambda call: {}, 'bad')
        self.assertEqual(401, answer.status)
        self.assertEqual(401, answer.json['error']['code'])
        self.assertEqual('Keystone uri="http://cloud/identity"',
                         answer.headers['WWW-Authenticate'])

    def test_a_public_path_needs_no_token(self):
        self.assertEqual({'a': ''}, self.answer(
            lambda call: {'a': call.caller.user_id}, public=True).json)

    def test_a_rule_is_for_administrators(self):
        self.assertEqual(403, self.answer(
            lambda call: {}, 'good', admin='svc:rule').status)
        self.assertEqual(200, self.answer(
            lambda call: {}, 'admin', admin='svc:rule').status)

    def test_a_refusal_is_in_the_services_form(self):
        def refuse(_call):
            raise Refused(409, 'no')
        answer = self.answer(refuse, 'good')
        self.assertEqual((409, {'own form': 'no'}),
                         (answer.status, answer.json))

    def test_a_body_that_is_no_object_is_refused(self):
        for body in (b'', b'[]', b'{"server": 1}', b'nonsense'):
            self.assertEqual(400, self.answer(
                lambda call: call.body('server'), 'good', body).status)

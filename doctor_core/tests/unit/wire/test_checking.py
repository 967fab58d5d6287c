"""JSON held against a schema."""

import testtools

from doctor_core.exceptions import InvalidEvent
from doctor_core.wire import checking

SCHEMA = checking.Schema({
    'name': checking.NAME, 'count': {'type': 'integer'},
    'inner': {'type': 'object', 'properties': {'a': {'type': 'string'}}},
}, ('name',))


class SchemaTest(testtools.TestCase):
    def refusal(self, value, path='x'):
        error = self.assertRaises(InvalidEvent, SCHEMA.check, value, path)
        return error.field, error.why

    def test_members_that_are_there(self):
        self.assertEqual({'name': 'n', 'count': 1}, SCHEMA.check(
            {'name': 'n', 'count': 1, 'inner': None, 'other': 2}, ''))

    def test_says_what_is_wrong_and_where(self):
        for value, expected in (
                ([], ('x', 'must be an object')),
                ({}, ('x.name', 'is missing')),
                ({'name': ' '}, ('x.name', 'is missing')),
                ({'name': None}, ('x.name', 'is missing')),
                ({'name': 1}, ('x.name', 'must be a string')),
                ({'name': 'n' * 256},
                 ('x.name', 'has more than 255 characters')),
                ({'count': True}, ('x.count', 'must be a whole number')),
                ({'inner': {'a': 1}}, ('x.inner.a', 'must be a string'))):
            self.assertEqual(expected, self.refusal(value), value)

    def test_the_body_itself(self):
        self.assertEqual(('body', 'must be an object'), self.refusal(5, ''))
        self.assertEqual(('name', 'is missing'), self.refusal({}, ''))

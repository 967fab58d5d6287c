import json

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.alarms.local import listing
from doctor_core.alarms.local.matching import InvalidRule
from doctor_core.alarms.wire import alarm_to_json
from doctor_core.model import AlarmState
from doctor_core.tests.unit.alarms import samples

ALARMS = [alarm_to_json(samples.alarm(alarm_id=name, name=name, **changes))
          for name, changes in (
              ('a', {'enabled': False}), ('b', {'state': AlarmState.OK}),
              ('c', {'state': AlarmState.ALARM}))]


class ComplexQueryTest(testtools.TestCase):
    def names(self, expression, **body):
        found = listing.ComplexQuery({'filter': expression, **body})
        return ''.join(alarm['name'] for alarm in found.of(ALARMS))

    def test_operators(self):
        for expression, names in (
                ({'=': {'name': 'a'}}, 'a'), ({'!=': {'name': 'a'}}, 'bc'),
                ({'>=': {'name': 'b'}}, 'bc'), ({'lt': {'name': 'b'}}, 'a'),
                ({'=': {'enabled': False}}, 'a'),
                ({'in': {'state': ['ok', 'alarm']}}, 'bc'),
                ({'not': {'=': {'name': 'a'}}}, 'bc'),
                ({'and': [{'>': {'name': 'a'}},
                          {'=': {'state': 'ok'}}]}, 'b'),
                ({'or': [{'=': {'name': 'a'}}, {'=': {'name': 'c'}}]}, 'ac'),
                ({'<': {'name': 5}}, ''), (None, 'abc'), ('', 'abc')):
            self.assertEqual(names, self.names(expression))
            self.assertEqual(names, self.names(json.dumps(expression)))

    def test_order_and_limit(self):
        self.assertEqual('cb', self.names(
            None, orderby=[{'name': 'desc'}], limit=2))
        self.assertEqual('bca', self.names(
            None, orderby='[{"enabled": "desc"}, {"name": "asc"}]'))

    @given(st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
            st.sampled_from(['=', 'in', 'and', 'not', 'name', 'x']), inner,
            max_size=2)))
    def test_anything(self, thing):
        for body in ({'filter': thing}, {'orderby': thing}, {'limit': thing},
                     {'filter': json.dumps(thing)}):
            try:
                listing.ComplexQuery(body).of(ALARMS)
            except InvalidRule as error:
                self.assertTrue(error.why)

    def test_too_deep(self):
        deep = {'=': {'name': 'a'}}
        for _ in range(30):
            deep = {'not': deep}
        for text in (deep, '[' * 100000):
            self.assertRaises(InvalidRule, self.names, text)


    def test_too_many_values(self):
        """One filter of 120,000 took minutes, and all lists waited for it."""
        one = {'=': {'name': 'a'}}
        self.assertEqual('a', self.names({'or': [one] * 500}))
        self.assertEqual('a', self.names(
            {'in': {'name': [str(number) for number in range(499)] + ['a']}}))
        for many in ({'or': [one] * 501},
                     {'and': [{'or': [one] * 100}] * 6},
                     {'not': {'in': {'name': ['x'] * 501}}},
                     {'in': {'name': [[]] * 501}}, [[[]] * 501]):
            for text in (many, json.dumps(many)):
                error = self.assertRaises(InvalidRule, self.names, text)
                self.assertIn('more than 500 values', error.why)

    def test_too_long(self):
        error = self.assertRaises(InvalidRule, self.names,
                                  json.dumps({'=': {'name': 'x' * 200_000}}))
        self.assertIn('200000 characters', error.why)

    def test_too_many_orders(self):
        for orders in ([{'name': 'asc'}] * 13,
                       json.dumps([{'name': 'asc'}] * 13)):
            error = self.assertRaises(InvalidRule, self.names, None,
                                      orderby=orders)
            self.assertEqual('orderby', error.field)
        self.assertRaises(InvalidRule, listing._ordered, [],
                          [('name', 'asc')] * 13)


class PageTest(testtools.TestCase):
    def page(self, **query):
        return ''.join(alarm['name']
                       for alarm in listing.page(ALARMS, query))

    def test_sort(self):
        """aodhclient's --sort was not heeded."""
        self.assertEqual('cba', self.page(sort='name:desc'))
        self.assertEqual('ba', self.page(sort='name:desc', marker='c'))
        self.assertRaises(InvalidRule, self.page, sort='nonsense:asc')
        self.assertRaises(InvalidRule, self.page, sort='name:up')

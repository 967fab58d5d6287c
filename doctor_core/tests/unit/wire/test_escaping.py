"""Texts of others, made fit to be held and shown."""

import json
import sqlite3

import testtools
from hypothesis import given
from hypothesis import strategies as st
from testtools import matchers

from doctor_core.wire import escaping

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers()
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.text(st.characters()), inner), max_leaves=12)


class EscapedTest(testtools.TestCase):
    def test_what_breaks_a_line(self):
        """A line break in a type forged a line of the log."""
        self.assertEqual(
            r'a\u000ab\u0000\u001b\u0085\u2028\u202e\ud800 ü 日 😀',
            escaping.escaped('a\nb\0\x1b\x85\u2028\u202e\ud800 ü 日 😀'))

    @given(st.text(st.characters()))
    def test_is_one_line_and_text(self, text):
        shown = escaping.escaped(text)
        self.assertLessEqual(len(shown.splitlines()), 1)
        shown.encode()


class OneLineTest(testtools.TestCase):
    def test_what_a_program_ends_with(self):
        """A value in a file steered the terminal, or filled it."""
        self.assertEqual(r'a b\u001b[31m', escaping.one_line('a\n b\x1b[31m'))
        self.assertEqual('x' * 2000 + '...', escaping.one_line('x' * 10**5))


class DescribedTest(testtools.TestCase):
    def test_short_and_on_one_line(self):
        self.assertEqual('1' + '0' * 59 + '...', escaping.described(10**99))
        self.assertEqual(r'a\u000ab', escaping.described('a\nb'))
        self.assertEqual(['a list', 'an object'], [
            escaping.described(value) for value in ([1], {})])


class HeldTest(testtools.TestCase):
    def held(self, value):
        self.remarks = []
        return escaping.held(value, 'details', self.remarks)

    def test_description_keeps_its_lines(self):
        self.assertEqual({'a': ['b\n\tc']}, self.held({'a': ['b\n\tc']}))
        self.assertEqual([], self.remarks)

    def test_what_cannot_be_held_is_escaped_and_said(self):
        """A lone surrogate had the fault set aside on a dead queue."""
        self.assertEqual({r'\u0000': [r'x\ud800']},
                         self.held({'\0': ['x\ud800']}))
        self.assertEqual([r'details.\u0000[0]: holds characters that are '
                          'written as escapes'], self.remarks)

    def test_numbers_that_cannot(self):
        self.assertEqual(['nan', '-inf', str(10 ** 400), 7, 1.5], self.held(
            [float('nan'), float('-inf'), 10 ** 400, 7, 1.5]))
        self.assertThat(self.remarks, matchers.HasLength(3))

    def test_what_lies_too_deep(self):
        value = []
        for _ in range(900):
            value = [value]
        self.assertLess(len(json.dumps(self.held(value))), 100)
        self.assertIn('lies too deep', self.remarks[0])

    @given(JSON)
    def test_can_be_held_everywhere(self, value):
        text = json.dumps(self.held(value), ensure_ascii=False,
                          allow_nan=False)
        with sqlite3.connect(':memory:') as database:
            self.assertEqual(text, database.execute(
                'SELECT ?', (text,)).fetchone()[0])

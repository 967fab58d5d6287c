import pathlib
import re

import testtools

import doctor_core
from doctor_core.wording import by_reason, counted, few, said

#: A number before a plural, of what there may be one of.
_PLURAL = re.compile(
    r'(%d|\{(?!_)[^{}]*\})( more)?( compute)? (server|port|host|alarm|fault|'
    r'notice|event|correction|owner|address|outcome)e?s\b')
#: There are always several.
_MANY = ('None of %d addresses', 'hosts are in 1 to',
         'Mass failure: %d of %d compute hosts', '{mass.of} compute hosts')


class Mute(Exception):
    """Of a plugin."""

    def __str__(self):
        raise RuntimeError('of a plugin')

    __repr__ = __str__


class SaidTest(testtools.TestCase):

    def test_what_it_says(self):
        self.assertEqual('no route', said(OSError('no route')))

    def test_in_one_line_and_not_at_any_length(self):
        """A controller's answer forged a line of the log, and filled it."""
        self.assertEqual(r'lost INFO all is well\u001b[2J',
                         said(OSError('lost\n INFO all is well\x1b[2J')))
        self.assertEqual('x' * 497 + '...', said(OSError('x' * 10**7)))

    def test_one_that_cannot_say_what_it_is(self):
        """It ended the thread that had caught it."""
        self.assertEqual('Mute, which does not say what it is '
                         '(RuntimeError)', said(Mute()))


class FewTest(testtools.TestCase):

    def test_all_where_they_are_few(self):
        self.assertEqual('', few([]))
        self.assertEqual('a', few(['a']))
        self.assertEqual('a, b', few(iter(['a', 'b']), 2))

    def test_how_many_more_there_are(self):
        self.assertEqual('a, b and 3 more', few('abcde', 2))

    def test_never_more_than_ten_names(self):
        self.assertEqual('0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 990 more',
                         few(range(1000)))

    def test_sentences_are_told_apart(self):
        self.assertEqual('a: no; b: no; and 1 more', few(
            ['a: no', 'b: no', 'c: no'], 2, separator='; '))


class CountedTest(testtools.TestCase):

    def test_one_and_others(self):
        self.assertEqual(
            ['0 servers', '1 server', '2 servers', '1 address',
             '3 addresses'],
            [counted(0, 'server'), counted(1, 'server'),
             counted(2, 'server'), counted(1, 'address', 'addresses'),
             counted(3, 'address', 'addresses')])

    def test_nobody_reads_of_1_servers(self):
        """It stood in the first line that a newcomer saw."""
        package = pathlib.Path(doctor_core.__file__).parent
        for path in package.rglob('*.py'):
            if 'tests' in path.relative_to(package).parts:
                continue
            text = re.sub(r"'\n\s*f?'", '', path.read_text())
            for line in text.splitlines():
                if not any(words in line for words in _MANY):
                    self.assertNotRegex(line, _PLURAL, path)

    def assertNotRegex(self, line, pattern, path):  # noqa: N802
        self.assertIsNone(pattern.search(line), f'{path}: {line}')


class ByReasonTest(testtools.TestCase):

    def test_a_reason_is_said_once(self):
        """It was said three times, and ended in a full stop."""
        self.assertEqual(
            ['a, b, c and 1 more: status 1', 'e: gone'],
            by_reason([*((name, 'status 1.') for name in 'abcd'),
                       ('e', 'gone')]))

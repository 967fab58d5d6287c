import math

import fixtures
import testtools

from bench import bed


class CommandTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.errors = self.useFixture(fixtures.StringStream('err')).stream
        self.useFixture(fixtures.MonkeyPatch('sys.stderr', self.errors))

    def parse(self, *words):
        return bed._parser().parse_args(['--config-file', 'f', *words])

    def test_what_is_measured_unless_told_otherwise(self):
        found = self.parse()
        self.assertEqual(
            (5, [1, 20], ['local', 'aodh'], ['shortcut']),
            (found.runs, found.servers, found.alarms, found.notification))

    def test_what_cannot_be_is_refused(self):
        for words in (('--runs', '0'), ('--servers', '0'),
                      ('--servers', 'x'), ('--alarms', 'nobody'),
                      ('--notification', 'never')):
            self.assertEqual(2, self.assertRaises(
                SystemExit, self.parse, *words).code)

    def test_a_file_that_is_not_there_is_one_line(self):
        self.assertEqual(2, bed.main(['--config-file', '/no/such/file']))
        self.errors.seek(0)
        self.assertEqual(1, self.errors.read().count('\n'))


class LastTest(testtools.TestCase):

    def test_the_last_of_all(self):
        self.assertEqual(3.0, bed._last({'a': 3.0, 'b': 2.0, 'x': 9.0},
                                        frozenset('ab')))

    def test_one_that_never_came(self):
        self.assertEqual(math.inf, bed._last({'a': 3.0}, frozenset('ab')))

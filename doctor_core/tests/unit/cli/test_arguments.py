import argparse

import testtools

from doctor_core.cli import arguments


class ArgumentsTest(testtools.TestCase):
    def refused(self, kind, *texts):
        for text in texts:
            error = self.assertRaises(argparse.ArgumentTypeError, kind, text)
            self.assertTrue(str(error))

    def test_whole_numbers(self):
        self.assertEqual((7, 0), (arguments.whole('7'), arguments.port('0')))
        self.refused(arguments.whole, '0', '-1', '1.5', 'x', '', '9' * 5000)
        self.refused(arguments.port, '65536', '-1', 'abc', '')

    def test_times(self):
        """``doctor embedded-cloud`` took NaN."""
        self.assertEqual((0.0, 1.5, -1.0), (
            arguments.milliseconds('0'), arguments.some_seconds('1.5'),
            arguments.seconds_or_never('-1')))
        for kind in (arguments.milliseconds, arguments.some_milliseconds,
                     arguments.some_seconds, arguments.seconds_or_never):
            self.refused(kind, 'nan', 'inf', '-inf', '1e10', 'x', '')
        self.refused(arguments.milliseconds, '-1')
        self.refused(arguments.some_milliseconds, '0')
        self.refused(arguments.some_seconds, '0', '-1')

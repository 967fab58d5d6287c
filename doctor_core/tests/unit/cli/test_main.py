import io
import os
import sys

import fixtures
import testtools

from doctor_core.cli import main as cli
from doctor_core.cli import streams


class ArgumentsTest(testtools.TestCase):

    def run_doctor(self, *arguments):
        written = io.StringIO()
        self.useFixture(fixtures.MonkeyPatch('sys.stderr', written))
        return cli.main(arguments), written.getvalue()

    def test_what_is_not_utf_8(self):
        """Python's own message was shown, of a codec."""
        status, written = self.run_doctor(
            'faults', 'show', 'a\udcff', '--url', 'http://127.0.0.1:9')
        self.assertEqual((2, 'doctor: a\\udcff is not written in UTF-8.\n'),
                         (status, written))


class ClosedStreamsTest(testtools.TestCase):

    def test_they_are_opened_for_nobody(self):
        """A command without an output ended with Python's own message."""
        for name in ('stdin', 'stdout', 'stderr'):
            self.useFixture(fixtures.MonkeyPatch(f'sys.{name}', None))
        streams.open_closed()
        opened = (sys.stdin, sys.stdout, sys.stderr)
        for stream in opened:
            self.addCleanup(stream.close)
        sys.stdout.write('x')
        self.assertEqual((os.devnull, 'r'), (sys.stdin.name, sys.stdin.mode))
        streams.open_closed()
        self.assertEqual(opened, (sys.stdin, sys.stdout, sys.stderr))

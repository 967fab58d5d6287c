import contextlib
import io
from types import SimpleNamespace

import testtools

from doctor_core.cli.install import Status
from doctor_core.installers.preparing.site import Report


class StatusTest(testtools.TestCase):

    def status(self, *reports):
        """What a status of these says on stdout, and its exit code."""
        out = io.StringIO()
        command = Status(SimpleNamespace(stdout=out, stderr=io.StringIO()),
                         None)
        command.preparation = lambda _args: contextlib.nullcontext(
            (SimpleNamespace(status=lambda _needs: list(reports)), ()))
        with contextlib.redirect_stderr(io.StringIO()):
            code = command.run(command.get_parser('status').parse_args([]))
        return out.getvalue(), code

    def test_nothing(self):
        """It was an empty line."""
        self.assertEqual(
            ('Nothing was changed by Doctor, and nothing is to be.\n', 0),
            self.status(Report('a')))

    def test_nothing_is_known(self):
        self.assertEqual(
            ('Nothing is known of what Doctor has changed.\n', 1),
            self.status(Report('a', problems=['a: does not answer'])))

    def test_something(self):
        out, code = self.status(Report('a', states={'a:/x': 'applied'}))
        self.assertEqual(0, code)
        self.assertIn('| a    | /x   | applied |', out)

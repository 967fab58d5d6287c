"""What ``doctor install`` says."""

import argparse
import contextlib
import io
from types import SimpleNamespace

import fixtures
import testtools

from doctor_core.cli import install


class StatusTest(testtools.TestCase):

    def status(self, *complaints, **states):
        report = SimpleNamespace(node='n1', states=states,
                                 complaints=complaints)

        @contextlib.contextmanager
        def preparation(_command, _parsed_args):
            yield SimpleNamespace(status=lambda needs: [report]), ()

        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.cli.install.Status.preparation', preparation))
        app = SimpleNamespace(stdout=io.StringIO(), stderr=io.StringIO())
        command = install.Status(app, argparse.Namespace())
        self.assertEqual(bool(complaints), command.run(
            command.get_parser('x').parse_args([])))
        return app.stdout.getvalue()

    def test_nothing_was_changed(self):
        """There was an empty line, which might have been an accident."""
        self.assertEqual('Nothing was changed by Doctor.\n', self.status())

    def test_a_node_that_did_not_answer_may_be_changed(self):
        self.assertEqual('No change by Doctor is known.\n',
                         self.status('n1: no answer'))

    def test_what_was_changed(self):
        self.assertIn('| n1   | nova | applied |',
                      self.status(nova='applied'))

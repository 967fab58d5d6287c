"""The test that doc/source/contributor/write-an-inspector.rst shows passes.
"""

import os
import tempfile

from doctor_core.tests.unit import documented
from doctor_core.tests.unit.test_documented_inspector import ENTRY_POINT


class DocumentedInspectorTest(
        documented.shown_test('fence').FenceInspectorTest):

    def setUp(self):
        self.installed = documented.installed('fence', 'inspectors',
                                              ENTRY_POINT)
        self.installed.setUp()
        self.addCleanup(self.installed.cleanUp)
        super().setUp()
        self.written = self.hear_errors()

    def tearDown(self):
        """A green run showed a traceback of the command that it runs."""
        self.written.seek(0)
        self.assertEqual('', self.written.read())
        super().tearDown()

    def hear_errors(self):
        """What the commands that are run write to the standard error."""
        written = self.enterContext(tempfile.TemporaryFile('w+'))
        kept = os.dup(2)
        self.addCleanup(os.close, kept)
        self.addCleanup(os.dup2, kept, 2)
        os.dup2(written.fileno(), 2)
        return written

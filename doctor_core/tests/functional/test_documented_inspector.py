"""The test that doc/source/contributor/write-an-inspector.rst shows passes.
"""

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

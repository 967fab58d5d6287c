"""The test that doc/source/contributor/write-a-corroborator.rst shows passes.
"""

from doctor_core.tests.unit import documented
from doctor_core.tests.unit.test_documented_corroborator import ENTRY_POINT


class DocumentedCorroboratorTest(
        documented.shown_test('switch').SwitchCorroboratorTest):

    def setUp(self):
        self.installed = documented.installed('switch', 'corroborators',
                                              ENTRY_POINT)
        self.installed.setUp()
        self.addCleanup(self.installed.cleanUp)
        super().setUp()

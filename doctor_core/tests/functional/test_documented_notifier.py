"""The test that doc/source/contributor/write-a-notifier.rst shows passes."""

from doctor_core.tests.unit import documented
from doctor_core.tests.unit.test_documented_notifier import ENTRY_POINT


class DocumentedNotifierTest(
        documented.shown_test('mail').MailNotifierTest):

    def setUp(self):
        self.installed = documented.installed('mail', 'notifiers',
                                              ENTRY_POINT)
        self.installed.setUp()
        self.addCleanup(self.installed.cleanUp)
        super().setUp()

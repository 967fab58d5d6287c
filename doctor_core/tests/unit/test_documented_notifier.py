"""What doc/source/contributor/write-a-notifier.rst shows works literally."""

import testtools

from doctor_core import plugins
from doctor_core.fixtures import NotifierContract
from doctor_core.notifiers.base import Notifier
from doctor_core.tests.unit import documented

PAGE = documented.PAGES / 'write-a-notifier.rst'
ENTRY_POINT = 'mailto = doctor_mail:MailNotifier'


class DocumentedNotifierTest(NotifierContract, testtools.TestCase):
    scheme = 'mailto'
    urls = ('mailto:ann@example.org',)

    def setUp(self):
        super().setUp()
        self.useFixture(documented.installed('mail', 'notifiers',
                                             ENTRY_POINT))
        self.plugin = plugins.load('notifiers', 'mailto')

    def test_is_listed_with_its_summary(self):
        (state,) = (state for state in plugins.states()
                    if (state.kind, state.name) == ('notifiers', 'mailto'))
        self.assertEqual('', state.error)
        self.assertEqual(
            'Sends each notice as a mail; the URL is mailto:ADDRESS.',
            state.summary)


class PageTest(testtools.TestCase):

    def test_names_what_there_is(self):
        page = PAGE.read_text()
        self.assertEqual({'notify'}, Notifier.__abstractmethods__)
        self.assertIn('mailto = "doctor_mail:MailNotifier"', page)
        for method in ('notify', 'complaint', 'get_opts', 'close'):
            self.assertTrue(hasattr(Notifier, method))
            self.assertIn(f'``{method}``', page)

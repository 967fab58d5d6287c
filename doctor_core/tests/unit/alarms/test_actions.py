import testtools

from doctor_core.alarms.actions import Actions, unserved
from doctor_core.tests.unit.entry_points import InstalledDistribution

MAIL = '''
from doctor_core.notifiers.base import Notifier


class MailNotifier(Notifier):
    """Sends a mail."""

    @classmethod
    def complaint(cls, action):
        return '' if '@' in action.path else 'names nobody'

    async def notify(self, action, notice):
        pass
'''


class ActionsTest(testtools.TestCase):
    def test_schemes_are_those_of_installed_notifiers(self):
        """A new notifier's scheme was refused by our own alarm API."""
        self.assertIn('Unsupported', Actions().complaint('mailto:a@b', True))
        self.useFixture(InstalledDistribution('mail_notifier', MAIL, {
            'doctor_core.notifiers': ['mailto = mail_notifier:MailNotifier',
                                      'broken = mail_notifier:Nobody']}))
        actions = Actions()
        self.assertEqual('', actions.complaint('mailto:ann@b', False))
        self.assertEqual('names nobody',
                         actions.complaint('mailto:ann', False))
        self.assertIn('Unsupported', actions.complaint('broken://x', True))

    def test_kept_alarms_that_no_notifier_serves(self):
        """A package was left out at an upgrade, and nothing said so."""
        self.assertEqual({'mailto': 2, 'sms': 1}, unserved([
            ['http://x', 'mailto:a', 'mailto:b'], ['mailto:a', 'sms:1'],
            ['https://x', 'log://'], []]))

    def test_some_are_for_administrators(self):
        for url in ('log://', 'memory://box'):
            self.assertEqual('', Actions().complaint(url, True))
            self.assertIn('possible: http, https',
                          Actions().complaint(url, False))

    def test_what_is_no_url(self):
        for url in ('', 'host', '//host/', 'http://[::1/', 'http://a\nb/',
                    'http://h/\udcff'):
            self.assertNotEqual('', Actions().complaint(url, True))

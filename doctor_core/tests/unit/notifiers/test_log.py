import asyncio
from urllib.parse import urlsplit

import fixtures
import testtools

from doctor_core.model import Notice
from doctor_core.notifiers.log import LogNotifier


class TestLogNotifier(testtools.TestCase):

    def tell(self, body):
        log = self.useFixture(fixtures.FakeLogger())
        asyncio.run(LogNotifier(None, 1.0).notify(urlsplit('log://'),
                                             Notice(body)))
        return log.output

    def test_a_notice_is_a_line(self):
        self.assertEqual(
            "Alarm 'doctor' (alarm-1) of severity low went from ok to alarm:"
            ' Event <id=1> hits the query <query=[]>.\n',
            self.tell({'alarm_name': 'doctor', 'alarm_id': 'alarm-1',
                       'severity': 'low', 'previous': 'ok',
                       'current': 'alarm', 'reason': 'Event <id=1> hits the '
                                                     'query <query=[]>.'}))

    def test_a_name_cannot_make_lines_of_its_own(self):
        """A tenant chooses the name and could forge what the log says."""
        self.assertEqual(1, self.tell(
            {'alarm_name': 'a\nERROR forged'}).count('\n'))

    def test_a_notice_may_lack_anything(self):
        self.assertIn('Alarm None', self.tell({}))

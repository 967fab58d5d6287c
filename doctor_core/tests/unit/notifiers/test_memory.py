import asyncio
from urllib.parse import urlsplit

import testtools

from doctor_core import clock
from doctor_core.exceptions import NotifyError
from doctor_core.mailbox import Mailbox
from doctor_core.model import Notice
from doctor_core.notifiers.memory import MemoryNotifier


class TestMemoryNotifier(testtools.TestCase):

    def tell(self, url, body):
        notifier = MemoryNotifier(None, 1.0)
        asyncio.run(notifier.notify(urlsplit(url), Notice(body)))

    def test_puts_it_into_the_box_of_that_name(self):
        box = Mailbox('ann')
        self.addCleanup(box.close)
        before = clock.now()
        self.tell('memory://ann', {'a': 1})
        [notice] = box.notices()
        self.assertEqual({'a': 1}, notice.body)
        self.assertTrue(before <= notice.received_at <= clock.now())

    def test_nobody_reads_it(self):
        error = self.assertRaises(NotifyError, self.tell, 'memory://bob', {})
        self.assertFalse(error.recoverable)

    def test_a_full_box(self):
        box = Mailbox('ann', limit=1)
        self.addCleanup(box.close)
        self.tell('memory://ann', {})
        self.assertRaises(NotifyError, self.tell, 'memory://ann', {})

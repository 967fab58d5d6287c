import threading
from types import SimpleNamespace

import fixtures
import testtools

from doctor_core.exceptions import CloudError
from doctor_core.services.upkeep import Upkeep


class UpkeepTest(testtools.TestCase):
    """The handler and the map are the test's own."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.stopping = threading.Event()
        self.reminded = False
        self.waiting = [['f1', 'f2']]
        self.resumed = []
        self.owed = threading.Semaphore(0)
        self.refreshed = threading.Semaphore(0)
        self.holding = self
        self.confirmation = SimpleNamespace(look=lambda: None)
        self.settings = SimpleNamespace(refresh_s=0.0)
        self.upkeep = Upkeep(self.settings, self, self, self.stopping,
                             first_retry_s=0.0)
        self.addCleanup(self.upkeep.join)
        self.addCleanup(self.stopping.set)

    def remind(self):
        self.reminded = True

    def released(self):
        return self.waiting.pop() if self.waiting else []

    def resume(self, only=None):
        if only:
            self.resumed.append(only)
        return []

    def follow(self):
        self.owed.release()

    def refresh(self):
        self.refreshed.release()
        raise CloudError('Nova does not answer', recoverable=True)

    def test_what_is_released_is_done(self):
        done = threading.Event()
        self.resume = lambda only=None: only and (
            self.resumed.append(only), done.set())
        self.upkeep.start()
        self.assertTrue(done.wait(10))
        self.assertEqual([['f1', 'f2']], self.resumed)
        self.assertTrue(self.reminded)

    def test_goes_on_when_nova_does_not_answer(self):
        self.upkeep.start()
        for _look in range(2):
            self.assertTrue(self.refreshed.acquire(timeout=10))
        self.stopping.set()
        self.upkeep.join()
        self.assertIn('Nova does not answer', self.log.output)
        self.assertNotIn('Traceback', self.log.output)

    def test_what_is_owed_does_not_wait_for_the_next_look(self):
        """It waited a whole [inspector] refresh_s for a second chance."""
        self.settings.refresh_s = 3600.0
        self.upkeep.start()
        for _round in range(2):
            self.assertTrue(self.owed.acquire(timeout=20))
        self.assertFalse(self.refreshed.acquire(blocking=False))

    def test_never_started(self):
        self.upkeep.join()

import asyncio
import threading

import testtools

from doctor_core.loop import LoopThread


class LoopThreadTest(testtools.TestCase):
    def loop(self):
        loop = LoopThread('test-loop')
        self.addCleanup(loop.stop)
        return loop

    def test_runs_in_a_thread_of_its_own(self):
        async def where():
            return threading.current_thread().name

        self.assertEqual('test-loop', self.loop().run(where()))

    def test_errors_come_back(self):
        async def fail():
            raise KeyError('x')

        self.assertRaises(KeyError, self.loop().run, fail())

    def test_what_takes_too_long_is_cancelled(self):
        cancelled = threading.Event()

        async def wait():
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        self.assertRaises(TimeoutError, self.loop().run, wait(), 0.001)
        self.assertTrue(cancelled.wait(10))

    def test_stop_cancels_what_runs(self):
        loop = self.loop()
        cancelled = threading.Event()
        running = threading.Event()

        async def wait():
            running.set()
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        loop.submit(wait())
        self.assertTrue(running.wait(10))
        loop.stop()
        self.assertTrue(cancelled.is_set())
        loop.stop()

import asyncio
import errno
import threading

import fixtures
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


class ComplaintsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.now = 0.0
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.clock.monotonic', lambda: self.now))
        self.loop = LoopThread('test-loop')
        self.addCleanup(self.loop.stop)

    def complain(self, error):
        async def complain():
            asyncio.get_running_loop().call_exception_handler({
                'message': 'socket.accept() out of system resource',
                'exception': error})

        self.loop.run(complain())

    def test_a_shortage_is_one_line_a_minute(self):
        """Each was a traceback: 11 MB of them in a minute."""
        for _ in range(100):
            self.complain(OSError(errno.EMFILE, 'Too many open files'))
        line = 'socket.accept() out of system resource: [Errno 24] Too ' \
               'many open files\n'
        self.assertEqual(line, self.log.output)
        self.now = 60.0
        self.complain(OSError(errno.EMFILE, 'Too many open files'))
        self.assertEqual(2 * line, self.log.output)

    def test_anything_else_has_its_traceback(self):
        self.complain(ZeroDivisionError('oops'))
        self.assertIn('ZeroDivisionError: oops', self.log.output)

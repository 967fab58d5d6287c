import threading

import testtools

from doctor_core import background

WAIT_S = 20


class BeginTest(testtools.TestCase):

    def test_result(self):
        self.assertEqual(3, background.begin(lambda: 1 + 2, 'adding')
                         .result(WAIT_S))

    def test_error(self):
        def fail():
            raise ValueError('of this test')
        self.assertRaises(ValueError,
                          background.begin(fail, 'x').result, WAIT_S)

    def test_a_thread_that_nobody_waits_for(self):
        thread = background.begin(threading.current_thread,
                                  'left alone').result(WAIT_S)
        self.assertEqual(('left alone', True), (thread.name, thread.daemon))

    def test_what_was_cancelled_ends_quietly(self):
        """An asyncio task that waits for it may be cancelled."""
        may_end, ended = threading.Event(), threading.Event()

        def work():
            may_end.wait(WAIT_S)
            ended.set()
        future = background.begin(work, 'slow')
        self.assertFalse(future.cancel())
        may_end.set()
        self.assertTrue(ended.wait(WAIT_S))
        self.assertIsNone(future.result(WAIT_S))

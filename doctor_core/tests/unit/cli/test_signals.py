import signal
import threading

import testtools

from doctor_core.cli.signals import Signals


class SignalsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.before = signal.getsignal(signal.SIGHUP)
        self.signals = Signals((signal.SIGHUP, signal.SIGUSR1))
        self.addCleanup(self.close)

    def close(self):
        self.signals.close()
        self.assertEqual(self.before, signal.getsignal(signal.SIGHUP))

    def test_another_thread_was_interrupted(self):
        """The main thread waited for a lock, and never heard of it."""
        def interrupted():
            signal.pthread_kill(threading.get_ident(), signal.SIGHUP)
        thread = threading.Thread(target=interrupted)
        thread.start()
        self.assertEqual({signal.SIGHUP}, self.signals.wait())
        thread.join(10)

    def test_several_at_once(self):
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGHUP):
            signal.raise_signal(number)
        self.assertEqual({signal.SIGHUP, signal.SIGUSR1},
                         self.signals.wait())

    def test_woken_without_a_signal(self):
        self.signals.wake()
        self.assertEqual({0}, self.signals.wait())

    def test_to_wake_never_blocks(self):
        for _ in range(100000):
            self.signals.wake()
        self.assertIn(0, self.signals.wait())

import os
import signal
import threading

import testtools

from doctor_core.cli import termination


class TerminationTest(testtools.TestCase):

    def test_sigterm_unwinds(self):
        before = signal.getsignal(signal.SIGTERM)
        undone = []
        with testtools.ExpectedException(SystemExit), \
                termination.as_exception():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                self.fail('it went on')
            finally:
                # An impatient operator.
                os.kill(os.getpid(), signal.SIGTERM)
                undone.append(True)
        self.assertEqual([True], undone)
        self.assertIs(before, signal.getsignal(signal.SIGTERM))

    def test_a_closed_terminal_unwinds(self):
        """The demo left its folder behind."""
        before = signal.getsignal(signal.SIGHUP)
        with testtools.ExpectedException(SystemExit, '129'), \
                termination.as_exception():
            os.kill(os.getpid(), signal.SIGHUP)
        self.assertIs(before, signal.getsignal(signal.SIGHUP))

    def test_what_is_ignored_stays_so(self):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        with termination.as_exception():
            os.kill(os.getpid(), signal.SIGHUP)
        self.assertIs(signal.SIG_IGN, signal.getsignal(signal.SIGHUP))

    def test_other_threads_have_no_signals(self):
        seen = []

        def work():
            with termination.as_exception():
                seen.append(signal.getsignal(signal.SIGTERM))

        before = signal.getsignal(signal.SIGTERM)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)
        self.assertEqual([before], seen)

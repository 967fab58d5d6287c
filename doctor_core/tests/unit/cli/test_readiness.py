import contextlib
import logging
import os
import threading

import fixtures
import testtools

from doctor_core.cli.readiness import Supervisor
from doctor_core.tests.notify_listener import WAIT_S, Listener


class SupervisorTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger(level=logging.WARNING))

    def made(self, listener, **environment):
        return Supervisor({'NOTIFY_SOCKET': listener.address, **environment})

    def test_ready_and_ending_by_a_path(self):
        listener = self.useFixture(Listener())
        supervisor = self.made(listener)
        supervisor.ready('hosts are\nwatched')
        self.assertEqual(['READY=1', 'STATUS=hosts are watched'],
                         listener.heard())
        supervisor.ending()
        self.assertEqual(['STOPPING=1'], listener.heard())

    def test_a_name_that_is_in_no_folder(self):
        listener = self.useFixture(Listener(f'doctor-{os.getpid()}'))
        self.made(listener).ending()
        self.assertEqual(['STOPPING=1'], listener.heard())

    def test_without_systemd_nothing_is_told(self):
        supervisor = Supervisor({})
        supervisor.ready('ready')
        supervisor.watch(self.fail)
        supervisor.ending()
        self.assertEqual('', self.log.output)

    def test_a_socket_that_has_gone_is_no_reason_to_end(self):
        supervisor = Supervisor({'NOTIFY_SOCKET': '/no/such/socket'})
        supervisor.ready('ready')
        self.assertIn('systemd was not told READY=1', self.log.output)

    def test_an_address_that_is_none(self):
        Supervisor({'NOTIFY_SOCKET': 'vsock:2:1234'}).ready('ready')
        self.assertIn('is not understood', self.log.output)

    def test_alive_as_long_as_it_is_proven(self):
        listener = self.useFixture(Listener())
        rounds = iter(range(3))
        stuck = threading.Event()
        self.addCleanup(stuck.set)

        def prove():
            if next(rounds, None) is None:
                stuck.wait(WAIT_S)

        supervisor = self.made(listener, WATCHDOG_USEC='2000')
        supervisor.watch(prove)
        for _round in range(3):
            self.assertEqual(['WATCHDOG=1'], listener.heard())
        # Now it hangs, and no clock makes it speak.
        self.assertTrue(listener.is_silent())
        supervisor.ending()
        self.assertEqual(['STOPPING=1'], listener.heard())
        stuck.set()
        self.wait_for_the_end()
        self.assertTrue(listener.is_silent())

    def test_who_cannot_prove_it_is_not_alive(self):
        listener = self.useFixture(Listener())
        asked = threading.Semaphore(0)

        def prove():
            asked.release()
            raise ValueError('broken')

        supervisor = self.made(listener, WATCHDOG_USEC='2000')
        supervisor.watch(prove)
        for _round in range(2):
            self.assertTrue(asked.acquire(timeout=WAIT_S))
        supervisor.ending()
        self.wait_for_the_end()
        self.assertEqual(['STOPPING=1'], listener.heard())
        self.assertIn('ValueError: broken', self.log.output)

    def test_nobody_wants_to_hear_of_its_life(self):
        listener = self.useFixture(Listener())
        for environment in ({}, {'WATCHDOG_USEC': '0'},
                            {'WATCHDOG_USEC': 'often'},
                            {'WATCHDOG_USEC': '1000', 'WATCHDOG_PID': '1'}):
            self.made(listener, **environment).watch(self.fail)
        self.assertEqual([], self.watchdogs())

    def test_a_watchdog_for_this_process(self):
        listener = self.useFixture(Listener())
        supervisor = self.made(listener, WATCHDOG_USEC='2000',
                               WATCHDOG_PID=str(os.getpid()))
        supervisor.watch(lambda: None)
        self.assertEqual(['WATCHDOG=1'], listener.heard())
        supervisor.ending()
        self.wait_for_the_end()

    @staticmethod
    def watchdogs():
        return [thread for thread in threading.enumerate()
                if thread.name == 'watchdog']

    def wait_for_the_end(self):
        for thread in self.watchdogs():
            with contextlib.suppress(RuntimeError):
                thread.join(WAIT_S)
        self.assertEqual([], self.watchdogs())

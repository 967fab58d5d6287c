"""Whom to trust, and machines behind other machines."""

import logging
import threading

import fixtures
import testtools

from doctor_core import clock
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.runner import SshRunner
from doctor_core.runner.tunnels import led_back
from doctor_core.tests.functional import peers
from doctor_core.tests.functional.linked import LinkedMachine
from doctor_core.tests.functional.sshd import Sshd
from doctor_core.tests.functional.test_runner import WAIT_S, SshTestCase


class TrustTest(SshTestCase):

    def pinned(self, **options):
        return self.make(known_hosts='', **options)

    def test_pinned_key(self):
        runner = self.pinned(host_key=self.sshd.host_key())
        self.addCleanup(runner.close)
        self.assertEqual('on\n', runner.run(['echo', 'on']))

    def test_other_key_than_the_pinned_one(self):
        self.sshd.write_known_hosts('other')
        with open(self.sshd.key_file.replace('user_key', 'other.pub'),
                  encoding='ascii') as key:
            error = self.refused(known_hosts='', host_key=key.read())
        self.assertIn('the host key is not the one that is pinned',
                      str(error))
        self.assertFalse(error.recoverable)

    def test_what_is_pinned_is_no_key(self):
        runner = self.pinned(host_key='ssh-ed25519 nonsense')
        self.addCleanup(runner.close)
        self.assertRaises(ConfigError, runner.run, ['true'])

    def test_ignoring_is_warned_of_each_time(self):
        log = self.useFixture(fixtures.FakeLogger(level=logging.WARNING))
        runner = self.pinned(ignore_host_keys=True)
        self.addCleanup(runner.close)
        for _time in range(2):
            self.assertEqual('on\n', runner.run(['echo', 'on']))
            runner.close()
        self.assertEqual(2, log.output.count('host keys are ignored'))


class JumpTest(SshTestCase):

    def setUp(self):
        super().setUp()
        self.between = self.useFixture(Sshd(self))
        self.jump = self.reach(self.between)

    def reach(self, sshd, **options):
        runner = SshRunner(
            '127.0.0.1', port=sshd.port, user=sshd.user,
            **{'key_file': sshd.key_file, 'known_hosts': sshd.known_hosts,
               **options})
        self.addCleanup(runner.close)
        return runner

    def test_reached_through_the_other(self):
        runner = self.reach(self.sshd, jump=self.jump)
        self.assertEqual('on\n', runner.run(['echo', 'on']))
        for sshd in (self.between, self.sshd):
            self.assertEqual(1, sshd.log().count('Accepted publickey'))

    def test_both_come_back(self):
        runner = self.reach(self.sshd, jump=self.jump)
        runner.run(['true'])
        for sshd in (self.between, self.sshd):
            sshd.stop()
            sshd.start()
            clock.wait_for(lambda: self.works(runner),
                           clock.Deadline(WAIT_S), what='a new connection')

    @staticmethod
    def works(runner):
        try:
            return runner.run(['true']) == ''
        except BackendError:
            return False

    def test_several_share_it(self):
        runners = [self.reach(self.sshd, jump=self.jump)
                   for _number in range(3)]
        for runner in runners:
            runner.run(['true'])
        self.assertEqual(1, self.between.log().count('Accepted publickey'))
        runners[0].close()
        runners[1].run(['true'])
        self.jump.close()
        self.assertTrue(self.works(runners[1]) or self.works(runners[1]))

    def test_its_key_is_verified_too(self):
        jump = self.reach(self.between, known_hosts=self.sshd.known_hosts)
        error = self.assertRaises(
            BackendError, self.reach(self.sshd, jump=jump).run, ['true'])
        self.assertIn(f'127.0.0.1 port {self.between.port}, on the way to '
                      f'127.0.0.1 port {self.sshd.port}: the host key',
                      str(error))
        self.assertFalse(error.recoverable)

    def test_it_is_away(self):
        self.between.stop()
        error = self.assertRaises(
            BackendError, self.reach(self.sshd, jump=self.jump).run,
            ['true'])
        self.assertIn('on the way to', str(error))
        self.assertTrue(error.recoverable)

    def test_nobody_listens_behind_it(self):
        self.sshd.stop()
        error = self.assertRaises(
            BackendError, self.reach(self.sshd, jump=self.jump).run,
            ['true'])
        self.assertTrue(error.recoverable)


_GET = ('exec 3<>"/dev/tcp/127.0.0.1/$1"; '
        'printf "GET /it HTTP/1.0\\r\\n\\r\\n" >&3; head -n 1 <&3')


class LinkedTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.machine = self.useFixture(LinkedMachine(self))
        self.runner = self.reach()

    def reach(self):
        runner = SshRunner(
            self.machine.address, port=22, user=self.machine.user,
            key_file=self.machine.key_file, connect_s=3.0,
            host_key=self.machine.host_key())
        self.addCleanup(runner.close)
        return runner


class SilenceTest(LinkedTestCase):

    def test_time_limit_is_kept(self):
        self.runner.run(['true'])
        self.machine.cut()
        before = clock.monotonic()
        error = self.assertRaises(BackendError, self.runner.run, ['true'],
                                  timeout_s=0.5)
        self.assertTrue(error.recoverable)
        # The connection itself is given up after 15 s.
        self.assertLess(clock.monotonic() - before, 12)

    def test_command_that_is_running(self):
        """It once waited for the peer to confirm that it was given up."""
        self.runner.run(['true'])
        timer = threading.Timer(0.5, self.machine.cut)
        timer.start()
        self.addCleanup(timer.join)
        before = clock.monotonic()
        self.assertRaises(BackendError, self.runner.run, ['sleep', '60'],
                          timeout_s=2)
        self.assertLess(clock.monotonic() - before, 14)


class TunnelsTest(LinkedTestCase):

    def setUp(self):
        super().setUp()
        self.peer = peers.Peer()
        self.addCleanup(self.peer.close)

    def asks(self):
        """What the machine gets from the same port of its own loopback."""
        port = self.peer.url.rpartition(':')[2].partition('/')[0]
        try:
            return self.runner.run(['bash', '-c', _GET, 'get', port])
        except BackendError as error:
            return str(error)

    def test_there_as_long_as_the_block_runs(self):
        self.assertIn('refused', self.asks())
        with led_back([self.runner], self.peer.url):
            self.assertIn('200 OK', self.asks())
            self.assertIn(b'GET /it', self.peer.requests[0][0])
        self.assertIn('refused', self.asks())

    def test_repaired_after_the_connection_was_lost(self):
        with led_back([self.runner], self.peer.url, check_s=0.2):
            self.machine.stop()
            self.machine.start()
            clock.wait_for(lambda: '200 OK' in self.asks(),
                           clock.Deadline(WAIT_S), what='the tunnel')

    def test_machine_that_is_gone_at_the_end(self):
        with led_back([self.runner], self.peer.url, check_s=0.2):
            self.machine.stop()
        self.assertNotIn('200 OK', self.asks())

    def test_only_for_the_loopback(self):
        for url in ('http://192.0.2.1:80/', 'http://consumer:80/'):
            error = self.assertRaises(ConfigError, self.enter, url)
            self.assertIn(url, str(error))

    def test_port_that_is_taken_there(self):
        with led_back([self.reach()], self.peer.url):
            error = self.assertRaises(BackendError, self.enter,
                                      self.peer.url)
            self.assertTrue(error.recoverable)
            self.assertIn('200 OK', self.asks())

    def enter(self, url):
        with led_back([self.runner], url):
            pass

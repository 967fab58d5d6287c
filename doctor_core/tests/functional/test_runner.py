"""Commands and files, on this machine and over a genuine SSH."""

import os
import threading
import urllib.request

import fixtures
import testtools

from doctor_core import clock
from doctor_core.exceptions import BackendError, CommandFailed, ConfigError
from doctor_core.runner import LocalRunner, SavedFile, SshRunner
from doctor_core.tests.functional import peers
from doctor_core.tests.functional.sshd import Sshd

WAIT_S = 30
NASTY = ['a b', '$HOME', '*', "it's", '"q"', ';', '&', 'é', '']


class Contract:
    """What any runner does."""

    def test_arguments_arrive_as_they_are(self):
        output = self.runner.run(['printf', '<%s>', *NASTY])
        self.assertEqual(''.join(f'<{word}>' for word in NASTY), output)

    def test_status_other_than_zero_is_an_error(self):
        error = self.assertRaises(
            CommandFailed, self.runner.run,
            ['sh', '-c', 'echo out; echo why >&2; exit 3'])
        self.assertEqual((3, 'out\nwhy\n'), (error.status, error.tail))
        self.assertEqual('sh', error.argv[0])
        self.assertIn('why', str(error))

    def test_unless_told_otherwise(self):
        self.assertEqual('out\n', self.runner.run(
            ['sh', '-c', 'echo out; exit 3'], check=False))

    def test_only_the_tail_is_repeated(self):
        error = self.assertRaises(
            CommandFailed, self.runner.run,
            ['sh', '-c', 'seq 100000; echo last; exit 1'])
        self.assertTrue(error.tail.endswith('\nlast\n'))
        self.assertLess(len(error.tail), 5000)

    def test_no_such_command(self):
        error = self.assertRaises(CommandFailed, self.runner.run,
                                  ['/no/such/command'])
        self.assertEqual(127, error.status)

    def test_time_limit(self):
        before = clock.monotonic()
        error = self.assertRaises(BackendError, self.runner.run,
                                  ['sleep', '60'], timeout_s=0.3)
        self.assertLess(clock.monotonic() - before, 30)
        self.assertIn('sleep 60 took more than 0.3 s', str(error))
        self.assertTrue(error.recoverable)
        self.assertEqual('on\n', self.runner.run(['echo', 'on']))

    def test_file_there_and_back(self):
        path = self.folder.join('file')
        content = bytes(range(256)) * 1000
        self.runner.put(path, b'old, and longer than nothing')
        self.runner.put(path, content, 0o640)
        self.assertEqual(content, self.runner.get(path))
        self.assertEqual(0o640, os.stat(path).st_mode & 0o777)
        self.assertEqual(['file'], os.listdir(self.folder.path))

    def test_file_that_is_not_there(self):
        path = self.folder.join('no/file')
        for call in (lambda: self.runner.get(path),
                     lambda: self.runner.put(path, b'')):
            self.assertRaises(BackendError, call)


class SavingContract:
    """A file that is replaced for a while."""

    def setUp(self):
        super().setUp()
        self.path = self.folder.join('it.conf')
        self.file = SavedFile(self.runner, self.path)

    def write(self, text):
        with open(self.path, 'w', encoding='utf-8') as file:
            file.write(text)

    def read(self):
        with open(self.path, encoding='utf-8') as file:
            return file.read()

    def test_what_was_there_comes_back(self):
        self.write('theirs')
        os.chmod(self.path, 0o604)
        self.file.replace(b'ours')
        self.assertEqual('ours', self.read())
        self.file.restore()
        self.assertEqual('theirs', self.read())
        self.assertEqual(0o604, os.stat(self.path).st_mode & 0o777)
        self.assertEqual(['it.conf'], os.listdir(self.folder.path))

    def test_what_was_not_there_goes(self):
        self.file.replace(b'ours')
        self.file.restore()
        self.assertEqual([], os.listdir(self.folder.path))

    def test_restoring_nothing_touches_nothing(self):
        self.write('theirs')
        self.file.restore()
        self.assertEqual('theirs', self.read())

    def test_who_died_is_cleaned_up_after(self):
        """A second replace once took our own file for theirs."""
        self.write('theirs')
        self.file.replace(b'of one that died')
        again = SavedFile(self.runner, self.path)
        again.replace(b'ours')
        again.restore()
        self.assertEqual('theirs', self.read())

    def test_who_died_where_nothing_was(self):
        self.file.replace(b'of one that died')
        again = SavedFile(self.runner, self.path)
        again.replace(b'ours')
        again.restore()
        self.assertEqual([], os.listdir(self.folder.path))


class RunnerTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = self.useFixture(fixtures.TempDir())
        self.runner = self.make()
        self.addCleanup(self.runner.close)


class LocalTestCase(RunnerTestCase):

    def make(self):
        return LocalRunner()


class SshTestCase(RunnerTestCase):

    def make(self, **options):
        if not hasattr(self, 'sshd'):
            self.sshd = self.useFixture(Sshd(self))
        return SshRunner('127.0.0.1', **{
            'port': self.sshd.port, 'user': self.sshd.user,
            'key_file': self.sshd.key_file,
            'known_hosts': self.sshd.known_hosts, **options})

    def refused(self, **options):
        runner = self.make(**options)
        self.addCleanup(runner.close)
        return self.assertRaises(BackendError, runner.run, ['true'])


class LocalTest(Contract, LocalTestCase):
    pass


class LocalSavedFileTest(SavingContract, LocalTestCase):
    pass


class SshTest(Contract, SshTestCase):

    def test_wrong_host_key_is_refused(self):
        error = self.refused(
            known_hosts=self.sshd.write_known_hosts('other'))
        self.assertIn('the host key is not among the known hosts',
                      str(error))
        self.assertFalse(error.recoverable)

    def test_unknown_host_is_refused(self):
        empty = self.folder.join('empty')
        with open(empty, 'w', encoding='utf-8'):
            pass
        self.assertIn('host key', str(self.refused(known_hosts=empty)))

    def test_wrong_user_key_is_refused(self):
        self.sshd.write_known_hosts('other')
        error = self.refused(key_file=self.sshd.key_file.replace(
            'user_key', 'other'))
        self.assertIn('Permission denied', str(error))

    def test_unreadable_files_are_the_operators(self):
        for option in ('key_file', 'known_hosts'):
            error = self.assertRaises(ConfigError, self.make,
                                      **{option: '/no/such/file'})
            self.assertIn('/no/such/file', str(error))

    def test_no_key_in_the_key_file(self):
        junk = self.folder.join('junk')
        with open(junk, 'w', encoding='utf-8') as file:
            file.write('junk')
        runner = self.make(key_file=junk)
        self.addCleanup(runner.close)
        self.assertRaises(ConfigError, runner.run, ['true'])

    def test_silent_peer(self):
        peer = peers.Peer(None)
        self.addCleanup(peer.close)
        port = int(peer.url.rpartition(':')[2].partition('/')[0])
        before = clock.monotonic()
        error = self.refused(port=port, connect_s=0.5)
        self.assertTrue(error.recoverable)
        self.assertLess(clock.monotonic() - before, 25)

    def test_nobody_listens(self):
        self.sshd.stop()
        self.assertTrue(self.refused().recoverable)

    def test_connects_again(self):
        self.assertEqual('1\n', self.runner.run(['echo', '1']))
        self.sshd.stop()
        self.sshd.start()

        def again():
            try:
                return self.runner.run(['echo', '2'])
            except BackendError:
                return ''

        self.assertEqual('2\n', clock.wait_for(
            again, clock.Deadline(WAIT_S), what='a new connection'))

    def test_many_machines_share_a_thread(self):
        runners = [self.make() for _number in range(3)]
        for runner in runners:
            self.addCleanup(runner.close)
            runner.run(['true'])
        self.assertEqual(['ssh'], self.threads())
        for runner in runners:
            runner.close()
            runner.close()
        self.assertEqual([], self.threads())
        self.assertEqual('on\n', runners[0].run(['echo', 'on']))

    @staticmethod
    def threads():
        return [thread.name for thread in threading.enumerate()
                if thread.name == 'ssh']

    def test_port_leads_back_here(self):
        peer = peers.Peer()
        self.addCleanup(peer.close)
        target = int(peer.url.rpartition(':')[2].partition('/')[0])
        port = int(peers.refused_url().rpartition(':')[2].partition('/')[0])
        for _again in range(2):
            self.runner.forward_back(port, '127.0.0.1', target)
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/x',
                                    timeout=WAIT_S) as answer:
            self.assertEqual(200, answer.status)
        self.assertIn(b'GET /x', peer.requests[0][0])

    def test_port_that_is_taken_is_refused(self):
        peer = peers.Peer()
        self.addCleanup(peer.close)
        port = int(peer.url.rpartition(':')[2].partition('/')[0])
        self.assertRaises(BackendError, self.runner.forward_back, port,
                          '127.0.0.1', 9)
        self.assertEqual('on\n', self.runner.run(['echo', 'on']))


class SshSavedFileTest(SavingContract, SshTestCase):
    pass

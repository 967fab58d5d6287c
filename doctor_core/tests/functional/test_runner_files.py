"""Files, on this machine, over a genuine SSH, and with sudo."""

import os

from doctor_core.exceptions import BackendError
from doctor_core.runner import FileState, LocalRunner, SshRunner
from doctor_core.tests.functional.machines import Machine
from doctor_core.tests.functional.test_runner import (
    LocalTestCase,
    RunnerTestCase,
    SshTestCase,
)


class FilesContract:
    """What any runner does with files."""

    def setUp(self):
        super().setUp()
        self.path = self.folder.join('it.conf')

    def write(self, text, mode=0o644):
        with open(self.path, 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(self.path, mode)

    def test_mode_is_kept(self):
        self.write('old', 0o4604)
        self.runner.put(self.path, b'new')
        self.assertEqual(FileState(0o4604, os.getuid(), os.getgid(), 3),
                         self.runner.stat(self.path))

    def test_owner_is_kept(self):
        if os.getuid():
            self.skipTest('needs root: run the tests with sudo')
        self.write('old', 0o640)
        os.chown(self.path, 7, 8)
        self.runner.put(self.path, b'new')
        self.assertEqual(FileState(0o640, 7, 8, 3),
                         self.runner.stat(self.path))

    def test_owner_may_be_given(self):
        if os.getuid():
            self.skipTest('needs root: run the tests with sudo')
        self.runner.put(self.path, b'new', 0o600, (7, 8))
        self.assertEqual(FileState(0o600, 7, 8, 3),
                         self.runner.stat(self.path))

    def test_new_file_can_be_read_by_all(self):
        self.runner.put(self.path, b'')
        self.assertEqual(0o644, self.runner.stat(self.path).mode)

    def test_link_stays_one(self):
        self.write('old')
        link = self.folder.join('link')
        os.symlink('it.conf', link)
        self.runner.put(link, b'new')
        self.assertTrue(os.path.islink(link))
        self.assertEqual(b'new', self.runner.get(self.path))

    def test_what_was_begun_is_not_left(self):
        os.mkdir(self.path)
        error = self.assertRaises(BackendError, self.runner.put, self.path,
                                  b'x')
        self.assertIn(f'{self.path} cannot be written: ', str(error))
        self.assertNotIn('set -e', str(error))
        self.assertEqual(['it.conf'], os.listdir(self.folder.path))

    def test_what_is_not_there(self):
        for path in (self.path, f'{self.path}/beneath'):
            self.assertIsNone(self.runner.stat(path))
            self.assertFalse(self.runner.exists(path))
            self.assertIsNone(self.runner.get_optional(path))
            self.runner.remove(path)

    def test_beneath_a_file_is_nothing(self):
        self.write('x')
        self.assertIsNone(self.runner.stat(f'{self.path}/beneath'))

    def test_what_is_there(self):
        self.write('x')
        self.assertTrue(self.runner.exists(self.path))
        self.assertTrue(self.runner.exists(self.folder.path))
        self.assertTrue(self.runner.stat(self.folder.path).is_folder)
        self.assertEqual(b'x', self.runner.get_optional(self.path))

    def test_unreadable_is_not_absent(self):
        self.assertRaises(BackendError, self.runner.get_optional,
                          self.folder.path)

    def test_removed(self):
        self.write('x')
        self.runner.remove(self.path)
        self.assertEqual([], os.listdir(self.folder.path))

    def test_folders(self):
        path = self.folder.join('a/b')
        self.runner.mkdir(path, 0o700)
        self.runner.mkdir(path)
        self.assertEqual(0o700, self.runner.stat(path).mode)

    def test_input_arrives_whole(self):
        content = bytes(range(256)) * 4000
        self.runner.put(self.path, content)
        self.assertEqual(content, self.runner.get(self.path))
        self.assertEqual(str(len(content)), self.runner.run(
            ['wc', '-c'], input=content).strip())

    def test_nothing_to_read_is_an_end(self):
        self.assertEqual('', self.runner.run(['cat']))


class LocalFilesTest(FilesContract, LocalTestCase):
    pass


class SshFilesTest(FilesContract, SshTestCase):
    pass


class SudoTest(RunnerTestCase):
    """What a machine is asked that wants sudo."""

    def make(self):
        self.machine = self.useFixture(Machine(self))
        return SshRunner(
            self.machine.address, port=self.machine.port, sudo=True,
            user=self.machine.user, key_file=self.machine.key_file,
            known_hosts=self.machine.known_hosts)

    def test_commands_and_files_are_put_behind_it(self):
        self.runner.put('/etc/it.conf', b'new', 0o600)
        self.assertEqual('new', self.machine.read('/etc/it.conf'))
        self.runner.run(['true', '-n'])
        asked = self.machine.asked('sudo')
        self.assertEqual(['sudo', '-n', '--', 'sh', '-c'], asked[0][:5])
        self.assertEqual(['sudo', '-n', '--', 'true', '-n'], asked[1])

    def test_not_what_is_only_executed(self):
        self.runner.execute(['true'])
        self.assertEqual([], self.machine.asked('sudo'))

    def test_the_same_machine_without_it(self):
        plain = SshRunner(
            self.machine.address, port=self.machine.port,
            user=self.machine.user, key_file=self.machine.key_file,
            known_hosts=self.machine.known_hosts)
        self.addCleanup(plain.close)
        plain.run(['true'])
        plain.as_root().run(['true'])
        self.assertEqual([['sudo', '-n', '--', 'true']],
                         self.machine.asked('sudo'))
        self.assertIs(self.runner, self.runner.as_root())


class EnvironmentTest(LocalTestCase):

    def test_secrets_are_in_it_and_nowhere_else(self):
        runner = LocalRunner(environment={'SECRET': 'xyzzy'})
        self.assertEqual('xyzzy\n', runner.run(['printenv', 'SECRET']))
        self.assertFalse(self.runner.succeeds(['printenv', 'SECRET']))
        self.assertTrue(runner.succeeds(['printenv', 'PATH']))

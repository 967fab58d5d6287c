import os
import stat

import testtools

from doctor_core.exceptions import BackendError
from doctor_core.installers.fetched_files import FetchedFiles
from doctor_core.runner.base import Done
from doctor_core.tests.unit.installers.machines import FakeMachine

SECRET = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n'


class FetchedFilesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.machine = FakeMachine({'/k/id_rsa': SECRET, '/k_id/rsa': 'b'})
        self.files = FetchedFiles()
        self.addCleanup(self.files.forget)

    def path(self, path='/k/id_rsa'):
        return self.files.path(self.machine, path, 'Make one.')

    def test_only_its_owner_reads_it(self):
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        path = self.path()
        with open(path, encoding='ascii') as file:
            self.assertEqual(SECRET, file.read())
        self.assertEqual(
            [0o600, 0o700],
            [stat.S_IMODE(os.stat(one).st_mode)
             for one in (path, os.path.dirname(path))])

    def test_fetched_once(self):
        self.assertEqual(self.path(), self.path())
        self.assertEqual(1, len(self.machine.asked))
        with open(self.path('/k_id/rsa'), encoding='ascii') as file:
            self.assertEqual('b', file.read())

    def test_forgotten_and_fetched_again(self):
        path = self.path()
        self.files.forget()
        self.files.forget()
        self.assertFalse(os.path.exists(os.path.dirname(path)))
        self.assertTrue(os.path.exists(self.path()))

    def test_one_that_is_not_there_says_what_to_do(self):
        error = self.assertRaises(BackendError, self.path, '/none')
        self.assertIn('No such file or directory. Make one.', str(error))

    def test_half_a_key_is_not_repeated(self):
        self.machine._cat = lambda _path: Done(
            1, SECRET.encode(), b'Input/output error')
        error = self.assertRaises(BackendError, self.path)
        self.assertNotIn('AAAA', str(error))
        self.assertIn('Input/output error', str(error))

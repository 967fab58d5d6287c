import os

import fixtures
import testtools

from doctor_core.cli import documents
from doctor_core.exceptions import ConfigError, DoctorError


class CheckWritableTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = self.useFixture(fixtures.TempDir())

    def refused(self, path):
        return str(self.assertRaises(ConfigError, documents.check_writable,
                                     path))

    def test_a_new_file_and_one_that_is_there(self):
        path = self.folder.join('a.json')
        documents.check_writable(path)
        self.assertFalse(os.path.exists(path))
        documents.write(path, 'ä')
        documents.check_writable(path)
        documents.check_writable('/dev/null')

    def test_no_folder(self):
        self.assertIn('there is no folder /nonexistent',
                      self.refused('/nonexistent/a.json'))

    def test_a_folder(self):
        """All was done, and then it could not be written."""
        self.assertIn('it is a folder', self.refused(self.folder.path))

    def test_what_one_may_not_write(self):
        """The tests may run as root, who may write everywhere."""
        path = self.folder.join('a.json')
        asked = []
        self.useFixture(fixtures.MonkeyPatch(
            'os.access', lambda path, mode: asked.append((path, mode))))
        self.assertIn('you may not', self.refused(path))
        documents.write(path, '')
        self.assertIn('you may not', self.refused(path))
        self.assertEqual([(self.folder.path, os.W_OK), (path, os.W_OK)],
                         asked)


class WriteTest(testtools.TestCase):
    def test_what_fails_after_the_work_is_no_wrong_option(self):
        error = self.assertRaises(DoctorError, documents.write, '/dev/full',
                                  'text')
        self.assertNotIsInstance(error, ConfigError)
        self.assertIn('/dev/full', str(error))

"""A state file that is deleted or replaced while it is in use."""

import os
import shutil

import fixtures
import testtools

from doctor_core import store
from doctor_core.model import FaultStatus


class PlaceTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger(
            'doctor_core.store.place'))
        self.path = self.useFixture(fixtures.TempDir()).join('i.sqlite')
        self.rescued = self.path + '.rescued'
        self.store = store.Store(self.path)
        self.addCleanup(self.store.close)

    def say(self, host):
        self.store.faults.say(host, 's', 'm', store.Said(FaultStatus.UP))

    def known(self, path, *hosts):
        state = store.Store(path)
        try:
            return [state.faults.said(host, 's', 'm') is not None
                    for host in hosts]
        finally:
            state.close()

    def look(self):
        self.store.place.look()
        return self.store.place.is_kept

    def test_it_is_there(self):
        self.say('h0')
        self.assertTrue(self.look())
        self.assertEqual('', self.log.output)

    def test_in_memory(self):
        state = store.Store()
        state.place.look()
        self.assertTrue(state.place.is_kept)
        state.close()

    def test_it_is_deleted(self):
        """Nothing was said, and all since was lost at the next stop."""
        self.say('h0')
        os.unlink(self.path)
        self.say('h1')
        self.assertFalse(self.look())
        self.assertIn('was deleted while it is in use', self.log.output)
        self.assertEqual([True, True], self.known(self.rescued, 'h0', 'h1'))
        self.assertEqual(0, os.stat(self.rescued).st_mode & 0o007)
        self.say('h2')
        self.store.close()
        self.assertEqual(1, self.log.output.count('\n'))
        self.assertEqual([True], self.known(self.rescued, 'h2'))
        self.store.close()
        self.assertFalse(os.path.exists(self.path))

    def test_it_is_replaced_by_an_older_one(self):
        self.say('h0')
        self.store.place.look()
        older = self.path + '.older'
        store.Store(older).close()
        os.replace(older, self.path)
        self.say('h1')
        self.assertFalse(self.look())
        self.assertIn('was replaced while it is in use', self.log.output)
        self.assertEqual([True, True], self.known(self.rescued, 'h0', 'h1'))

    def test_only_its_log_is_deleted(self):
        """All faults since were gone after a crash, and nothing was said."""
        self.say('h0')
        os.unlink(self.path + '-wal')
        self.say('h1')
        self.assertFalse(self.look())
        self.assertIn(f'The state file {self.path}-wal was deleted',
                      self.log.output)
        self.assertEqual([True, True], self.known(self.rescued, 'h0', 'h1'))

    def test_its_log_comes_later(self):
        self.store.place._wal = None
        self.say('h0')
        self.assertTrue(self.look())
        self.assertEqual('', self.log.output)

    def test_just_before_the_end(self):
        self.say('h0')
        os.unlink(self.path)
        self.store.close()
        self.assertEqual([True], self.known(self.rescued, 'h0'))

    def test_its_folder_is_deleted(self):
        shutil.rmtree(os.path.dirname(self.path))
        for _ in range(3):
            self.assertFalse(self.look())
        self.assertEqual(1, self.log.output.count('cannot be copied'))
        os.mkdir(os.path.dirname(self.path))

    def test_it_is_moved_away_and_back(self):
        os.rename(self.path, self.path + '.away')
        self.assertFalse(self.look())
        os.rename(self.path + '.away', self.path)
        self.assertTrue(self.look())
        self.assertIn('is in its place again', self.log.output)

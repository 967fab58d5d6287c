"""One process at a time on a file of state."""

import os

import fixtures
import testtools

from doctor_core.exceptions import ConfigError
from doctor_core.ownership import InUse, Ownership

WHY = 'two would do it twice'


class OwnershipTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.path = self.useFixture(fixtures.TempDir()).join('a', 'i.sqlite')

    def test_the_second_is_told_who_has_it(self):
        """Owners were told twice, or never."""
        first = Ownership(self.path, WHY)
        self.addCleanup(first.give_up)
        error = self.assertRaises(InUse, Ownership, self.path, WHY)
        self.assertIn(
            f'{self.path} is in use by process {os.getpid()}: {WHY}.',
            str(error))
        self.assertNotIn('\n', str(error))
        first.give_up()
        first.give_up()
        Ownership(self.path, WHY).give_up()

    def test_who_was_refused_does_not_let_go_for_the_first(self):
        self.addCleanup(Ownership(self.path, WHY).give_up)
        for _ in range(2):
            self.assertRaises(InUse, Ownership, self.path, WHY)

    def test_a_lock_that_nobody_holds_is_no_lock(self):
        """What a killed process leaves behind."""
        Ownership(self.path, WHY).give_up()
        with open(self.path + '.lock', encoding='utf-8') as left:
            self.assertEqual(f'{os.getpid()}\n', left.read())
        Ownership(self.path, WHY).give_up()

    def own(self):
        one = Ownership(self.path, WHY)
        self.addCleanup(one.give_up)
        return one

    def test_whether_there_was_a_file_before(self):
        """A lost file looked like the first start of all."""
        for _ in range(2):  # one that ended early has kept nothing
            one = self.own()
            self.assertFalse(one.was_kept)
            one.give_up()
        one = self.own()
        one.keep()
        self.assertIn(f'by process {os.getpid()}: ', str(
            self.assertRaises(InUse, Ownership, self.path, WHY)))
        for _ in range(2):
            one.give_up()
            one = self.own()
            self.assertTrue(one.was_kept)

    def test_memory_is_nobody_s(self):
        both = [Ownership('', WHY), Ownership('', WHY)]
        both[0].keep()
        self.assertEqual([None, None], [one._file for one in both])

    def test_a_folder_that_cannot_be_made(self):
        error = self.assertRaises(ConfigError, Ownership, '/dev/null/a/b', WHY)
        self.assertIn('state_path', str(error))

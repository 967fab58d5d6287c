"""What is said of a state file that is new."""

import testtools

from doctor_core.services import new_state


def warning(was_kept=False, forced_down=()):
    return new_state.warning('/s/inspector.sqlite', was_kept=was_kept,
                             forced_down=forced_down)


class WarningTest(testtools.TestCase):
    """A lost file cost all owners their alarms, without a word."""

    def test_the_first_start_of_all(self):
        self.assertEqual('', warning())

    def test_there_was_a_file_before(self):
        said = warning(was_kept=True)
        self.assertIn('State in /s/inspector.sqlite is new', said)
        self.assertIn('has worked with such a file there before', said)
        self.assertNotIn('Forced down', said)

    def test_hosts_are_forced_down(self):
        """They may be somebody else's: it is not said that they are not."""
        said = warning(forced_down=['c1', 'c2'])
        self.assertIn('Forced down in Nova, by whomever: c1, c2.', said)
        self.assertNotIn('before', said)

    def test_very_many_hosts(self):
        said = warning(forced_down=[f'c{i}' for i in range(500)])
        self.assertIn('and 490 more', said)

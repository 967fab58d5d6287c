import os

import testtools
from oslo_config import cfg

from doctor_core import fixtures
from doctor_core.exceptions import ConfigError


class Mail:
    """A plugin, as far as its options go."""

    @classmethod
    def get_opts(cls):
        return [cfg.PortOpt('port', default=25), cfg.StrOpt('sender'),
                cfg.StrOpt('sent', default='$state_path/sent')]


class Plain:
    """A plugin without options."""

    @classmethod
    def get_opts(cls):
        return []


class OptionsForATestTest(testtools.TestCase):

    def test_defaults_and_what_the_test_sets(self):
        options = fixtures.options(Mail, sender='doctor')
        self.assertEqual((25, 'doctor'), (options.port, options.sender))

    def test_misspelt(self):
        error = self.assertRaises(ConfigError, fixtures.options, Mail,
                                  sendre='doctor')
        self.assertIn("'sendre'", str(error))
        self.assertIn('[plugin_test]', str(error))

    def test_of_a_plugin_that_has_none(self):
        self.assertRaises(ConfigError, fixtures.options, Plain, port=25)
        error = self.assertRaises(
            AttributeError, getattr, fixtures.options(Plain), 'port')
        self.assertEqual("[plugin_test] has no option 'port'", str(error))

    def test_wrong_value(self):
        error = self.assertRaises(ConfigError, fixtures.options, Mail,
                                  port='no')
        self.assertIn('[plugin_test] port', str(error))

    def test_nobody_else_s_are_there(self):
        """A plugin was handed all that doctor.conf says."""
        self.assertFalse(hasattr(fixtures.options(Mail), 'state_path'))

    def test_doctor_s_own_folder_is_never_written_to(self):
        """A contract test wrote below /var/lib/doctor."""
        folders = [os.path.dirname(fixtures.options(Mail).sent)
                   for _ in range(2)]
        folders += [fixtures.configuration().state_path,
                    fixtures.installer_settings().state_path]
        self.assertEqual(len(folders), len(set(folders)))
        for folder in folders:
            self.assertEqual([], os.listdir(folder))
            self.assertFalse(folder.startswith('/var/lib'), folder)
        self.assertEqual('/x', fixtures.configuration(
            {('DEFAULT', 'state_path'): '/x'}).state_path)

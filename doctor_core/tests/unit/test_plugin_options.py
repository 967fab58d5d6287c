import testtools
from oslo_config import cfg

from doctor_core import fixtures
from doctor_core.exceptions import ConfigError


class Mail:
    """A plugin, as far as its options go."""

    @classmethod
    def get_opts(cls):
        return [cfg.PortOpt('port', default=25), cfg.StrOpt('sender')]


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

import fixtures
import testtools

from doctor_core import conf
from doctor_core.exceptions import ConfigError, PluginNotFound


class PrepareTest(testtools.TestCase):
    def prepare(self, text, overrides=None):
        path = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return conf.prepare([path], overrides)

    def refused(self, text, overrides=None):
        error = self.assertRaises(ConfigError, self.prepare, text, overrides)
        self.assertNotIn('\n', str(error))
        return str(error)

    def test_defaults(self):
        made = conf.prepare([])
        self.assertEqual(('sample', 'sample', '127.0.0.1', 12345, 'shortcut'),
                         (made.monitor.type, made.inspector.type,
                          made.inspector.host, made.inspector.port,
                          made.inspector.notification))

    def test_options_of_opnfv_doctor_are_understood(self):
        made = self.prepare('[inspector]\ntype = fake\nip = 127.0.0.2\n'
                            'port = 1234\n'
                            'update_neutron_port_dp_status = false\n')
        self.assertEqual(
            ('fake', '127.0.0.2', 1234, False),
            (made.inspector.type, made.inspector.host, made.inspector.port,
             made.inspector.update_port_data_plane_status))

    def test_option_that_moved_to_another_section_is_understood(self):
        made = self.prepare('[consumer]\nip = 127.0.0.3\nport = 7\n')
        self.assertEqual(('127.0.0.3', 7), (made.consumer_sample.host,
                                            made.consumer_sample.port))

    def test_overrides_win(self):
        made = self.prepare('[inspector]\nport = 1\n',
                            {('inspector', 'port'): 2,
                             ('scenario_fault_management', 'servers'): 9})
        self.assertEqual((2, 9), (made.inspector.port,
                                  made.scenario_fault_management.servers))

    def test_override_of_no_option(self):
        self.assertIn('nonsense', self.refused(
            '', {('inspector', 'nonsense'): 1}))

    def test_override_of_wrong_value(self):
        self.assertIn('servers', self.refused(
            '', {('scenario_fault_management', 'servers'): 0}))

    def test_wrong_value_names_the_option(self):
        self.assertIn('port', self.refused('[inspector]\nport = many\n'))

    def test_wrong_choice(self):
        self.assertIn('notification', self.refused(
            '[inspector]\nnotification = never\n'))

    def test_wrong_value_of_a_plugin(self):
        self.assertIn('servers', self.refused(
            '[scenario_fault_management]\nservers = -1\n'))

    def test_misspelt_option_names_line_and_neighbour(self):
        """A misspelt option was taken for its default in silence."""
        text = self.refused(
            '# a comment\n[inspector]\nnotifcation = x\nport = 1\n')
        self.assertIn('line 3', text)
        self.assertIn("Did you mean 'notification'?", text)

    def test_sections_of_others_are_theirs(self):
        made = self.prepare('[admin_tool]\ntype = sample\n'
                            '[oslo_messaging_rabbit]\nssl = true\n')
        self.assertEqual('sample', made.monitor.type)

    def test_missing_plugin(self):
        self.assertRaises(PluginNotFound, self.prepare,
                          '[monitor]\ntype = nosuch\n')

    def test_missing_file(self):
        error = self.assertRaises(ConfigError, conf.prepare,
                                  ['/nonexistent/doctor.conf'])
        self.assertIn('/nonexistent/doctor.conf', str(error))

    def test_no_ini_file(self):
        self.assertIn('doctor.conf', self.refused('gibberish\n'))

import fixtures
import testtools
from oslo_config import cfg

from doctor_core import exceptions, plugins
from doctor_core.monitors.base import Monitor
from doctor_core.tests.unit.entry_points import InstalledDistribution

GROUP = 'doctor_core.monitors'
SOURCE = '''
from oslo_config import cfg
from doctor_core.monitors.base import Monitor


class Snmp(Monitor):
    """Asks agents."""

    @classmethod
    def get_opts(cls):
        return [cfg.IntOpt('retries', default=7)]

    def start(self, hosts):
        pass

    def stop(self):
        pass
'''


class LoadTest(testtools.TestCase):
    def install(self, name, source, *lines):
        self.useFixture(InstalledDistribution(name, source, {GROUP: lines}))

    def test_finds_a_plugin_of_another_distribution(self):
        self.install('acme_snmp', SOURCE, 'snmp = acme_snmp:Snmp')
        self.assertTrue(issubclass(plugins.load('monitors', 'snmp'), Monitor))
        self.assertIn('snmp', plugins.names('monitors'))

    def test_missing_names_kind_plugin_and_what_there_is(self):
        error = self.assertRaises(exceptions.PluginNotFound, plugins.load,
                                  'monitors', 'nosuch')
        self.assertIn("'nosuch' of kind 'monitors'", str(error))
        self.assertIn('sample', error.available)
        self.assertIn('sample', str(error))

    def test_failing_import_names_the_cause(self):
        self.install('acme_broken', 'import no_such_library\n',
                     'broken = acme_broken:Broken')
        error = self.assertRaises(exceptions.PluginFailed, plugins.load,
                                  'monitors', 'broken')
        self.assertIn('no_such_library', str(error))
        self.assertNotIn('\n', str(error))

    def test_missing_class_is_a_failed_import(self):
        self.install('acme_empty', '', 'empty = acme_empty:Nothing')
        error = self.assertRaises(exceptions.PluginFailed, plugins.load,
                                  'monitors', 'empty')
        self.assertIn('Nothing', str(error))

    def test_a_misspelt_name_says_which_is_meant(self):
        """stevedore wrote a line of its own, and nobody named the other."""
        log = self.useFixture(fixtures.FakeLogger())
        error = self.assertRaises(exceptions.PluginNotFound, plugins.load,
                                  'monitors', 'sampel')
        self.assertIn("Did you mean 'sample'?", str(error))
        self.assertEqual('', log.output)

    def test_what_is_no_plugin(self):
        """It was called ok, and the start ended in an AttributeError."""
        source = (SOURCE.replace('start', 'begin')
                  + '\n\nclass Half:\n    pass\n\n\nmade = Half()\n')
        self.install('acme_half', source, 'half = acme_half:Half',
                     'made = acme_half:made', 'snmp = acme_half:Snmp')
        states = {state.name: state.error for state in plugins.states()
                  if state.kind == 'monitors'}
        for name, lack in (
                ('half', 'acme_half:Half is no class that derives from '
                         'doctor_core.monitors.base.Monitor'),
                ('made', 'acme_half:Half is no class'),
                ('snmp', 'acme_half:Snmp lacks what '
                         'doctor_core.monitors.base.Monitor leaves to it: '
                         'start')):
            error = self.assertRaises(exceptions.PluginFailed, plugins.load,
                                      'monitors', name)
            self.assertIn(lack, str(error))
            self.assertIn(lack, states[name])

    def test_duplicate_names_both(self):
        """The first of two plugins of one name was taken in silence."""
        self.install('acme_one', SOURCE, 'twice = acme_one:Snmp')
        self.install('acme_two', SOURCE, 'twice = acme_two:Snmp')
        error = self.assertRaises(exceptions.PluginDuplicated, plugins.load,
                                  'monitors', 'twice')
        self.assertIn('acme_one', str(error))
        self.assertIn('acme_two', str(error))

    def test_states_show_what_is_wrong(self):
        self.install('acme_broken', 'raise RuntimeError("out of order")\n',
                     'broken = acme_broken:Broken')
        states = {(state.kind, state.name): state
                  for state in plugins.states()}
        self.assertIn('out of order', states['monitors', 'broken'].error)
        self.assertEqual('', states['monitors', 'sample'].error)
        self.assertEqual('doctor-core',
                         states['monitors', 'sample'].distribution)
        self.assertEqual(set(plugins.KINDS), {kind for kind, _ in states})

    def test_options_are_registered_in_a_group_of_its_own(self):
        self.install('acme_snmp', SOURCE, 'snmp = acme_snmp:Snmp')
        conf = cfg.ConfigOpts()
        plugins.register(conf, 'monitors', 'snmp')
        self.assertEqual(7, conf.monitor_snmp.retries)

    def test_a_plugin_is_handed_its_own_options(self):
        self.install('acme_snmp', SOURCE, 'snmp = acme_snmp:Snmp')
        conf = cfg.ConfigOpts()
        plugins.register(conf, 'monitors', 'snmp')
        options = plugins.options_of(conf, 'monitors', 'snmp')
        self.assertEqual((7, 'monitor_snmp'),
                         (options.retries, options.section))
        conf.set_override('retries', 8, group='monitor_snmp')
        self.assertEqual(8, options.retries)
        self.assertRaises(AttributeError, getattr, options, 'nosuch')

    def test_a_plugin_without_options_is_handed_none(self):
        """Its group does not exist, and asking for it failed."""
        options = plugins.options_of(cfg.ConfigOpts(), 'monitors', 'plain')
        error = self.assertRaises(AttributeError, getattr, options, 'port')
        self.assertIn("[monitor_plain] has no option 'port'", str(error))

"""Plugins that nobody chose, and that raise whatever there is."""

import argparse
import io
import types

import fixtures
import testtools
from oslo_config import cfg

from doctor_core import conf, exceptions, opts, plugins
from doctor_core.cli.plugins import ListPlugins
from doctor_core.notifiers.deliverer import Deliverer
from doctor_core.tests.unit.entry_points import InstalledDistribution

SOURCE = '''
from oslo_config import cfg
from doctor_core import exceptions
from doctor_core.notifiers.base import Notifier

{at_import}


class Sms(Notifier):
    """Sends a text message."""

    @classmethod
    def get_opts(cls):
        {opts}
        return [cfg.IntOpt('port', default=7, min=1),
                cfg.StrOpt('token', default='')]

    def __init__(self, options, timeout_s):
        super().__init__(options, timeout_s)
        {made}

    async def notify(self, action, notice):
        pass
'''
RAISED = r'raise {}("out of order\nline \x1b[31m")'


class Case(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def install(self, **raising):
        source = SOURCE.format(**{
            'at_import': '', 'opts': 'pass', 'made': 'pass', **raising})
        self.useFixture(InstalledDistribution(
            'acme_sms', source,
            {'doctor_core.notifiers': ['sms = acme_sms:Sms']}))

    def prepare(self, text):
        path = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return conf.prepare([path])

    def deliverer(self, made):
        deliverer = Deliverer(made)
        self.addCleanup(deliverer.close, 0)
        return deliverer


class BrokenTest(Case):
    """It ended inspector and demo with a traceback, or without a word, and
    "doctor plugins" called it ok, or ended itself.
    """

    def check(self, **raising):
        self.install(**raising)
        state = self.state()
        for text in (state, self.started()):
            self.assertIn(r'out of order line \u001b[31m', text)
            self.assertNotIn('\x1b', text)
        self.assertEqual(1, self.log.output.count('\n'), self.log.output)

    def test_its_section_is_not_looked_at(self):
        self.install(opts=RAISED.format('SystemExit'))
        self.prepare('[notifier_sms]\nport = 8\n')
        self.assertNotIn('notifier_sms', opts.all_groups())

    def state(self):
        _, rows = ListPlugins(None, None).take_action(
            argparse.Namespace(kind='notifiers'))
        states = {row[1]: row[2] for row in rows}
        self.assertEqual('ok', states['http'])
        return states['sms']

    def started(self):
        self.deliverer(self.prepare(''))
        return self.log.output

    def test_at_import(self):
        self.check(at_import=RAISED.format('RuntimeError'))

    def test_exit_at_import(self):
        self.check(at_import=RAISED.format('SystemExit'))

    def test_what_stevedore_passes_on(self):
        self.check(at_import=RAISED.format('AssertionError'))

    def test_in_its_options(self):
        self.check(opts=RAISED.format('ValueError'))

    def test_exit_in_its_options(self):
        self.check(opts=RAISED.format('SystemExit'))

    def test_when_it_is_made(self):
        self.check(made=RAISED.format('RuntimeError'))

    def test_exit_when_it_is_made(self):
        self.check(made=RAISED.format('SystemExit'))

    def test_exit_code_of_the_list(self):
        """It was 0, and a script took all for usable."""
        self.install(at_import=RAISED.format('RuntimeError'))
        self.assertEqual((1, 0), (self.list_all('notifiers'),
                                  self.list_all('alarms')))

    def list_all(self, kind):
        """The exit code of "doctor plugins" of a kind."""
        command = ListPlugins(types.SimpleNamespace(stdout=io.StringIO()),
                              None)
        return command.run(command.get_parser('plugins').parse_args(
            ['--kind', kind]))

    def test_the_others_are_named(self):
        self.install(at_import=RAISED.format('RuntimeError'))
        error = self.assertRaises(exceptions.PluginFailed, plugins.load,
                                  'notifiers', 'sms')
        self.assertIn('Others that are installed: http, https, log, memory.',
                      str(error))

    def test_options_that_are_none(self):
        self.install(opts='return [5]')
        self.assertIn('get_opts() raised', self.state())
        self.assertIn('get_opts() raised', self.started())


class NeedyTest(Case):
    """A notifier that does not work without an option."""

    NEEDY = ("if not options.token: raise exceptions.ConfigError("
             "f'[{options.section}] token is empty')")

    def test_unused(self):
        self.install(made=self.NEEDY)
        self.deliverer(self.prepare(''))
        self.assertIn('[notifier_sms] token is empty', self.log.output)
        self.assertEqual([''], [state.error for state in plugins.states()
                                if state.name == 'sms'])

    def test_used(self):
        self.install(made=self.NEEDY)
        made = self.prepare('[notifier_sms]\nport = 8\n')
        self.assertRaises(exceptions.ConfigError, Deliverer, made)
        self.deliverer(self.prepare('[notifier_sms]\ntoken = x\n'))


class OptionsOfNotifiersTest(Case):
    """They were looked at when the first owner was to be told."""

    def refused(self, text):
        error = self.assertRaises(exceptions.ConfigError, self.prepare, text)
        return str(error)

    def test_wrong_values_name_file_and_line(self):
        self.install()
        for option, complaint in (
                ('notifier_http] redirects = samehost', 'samehost'),
                ('notifier_http] connections = 0', 'Should be greater'),
                ('notifier_https] connections = abc', "not 'abc'"),
                ('notifier_sms] port = -3', 'Should be greater')):
            text = self.refused(f'[{option}\n'.replace('] ', ']\n'))
            self.assertIn('doctor.conf, line 2: [notifier_', text)
            self.assertIn(complaint, text)

    def test_a_daemon_checks_those_of_its_kinds(self):
        path = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('[notifier_http]\nconnections = 0\n')
        conf.prepare([path], kinds=('monitors',))
        self.assertRaises(exceptions.ConfigError, conf.prepare, [path],
                          kinds=('inspectors', 'alarms', 'notifiers'))

    def test_they_can_be_overridden(self):
        made = conf.prepare([], {('notifier_http', 'connections'): 3})
        self.assertEqual(3, made.notifier_http.connections)

    def test_two_that_say_the_same_and_are_not_equal(self):
        self.install(opts="return [cfg.Opt('port', type=lambda text: 1)]")
        made = self.prepare('[notifier_sms]\nport = 8\n')
        self.deliverer(made)
        self.assertEqual(1, made.notifier_sms.port)


class WrongValueTest(testtools.TestCase):

    def test_a_plugin_that_asks_for_a_wrong_value(self):
        """It failed with what oslo.config raises."""
        path = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('[notifier_http]\nconnections = 0\n')
        made = cfg.ConfigOpts()
        made([], default_config_files=[path], default_config_dirs=[])
        plugins.register(made, 'notifiers', 'http')
        options = plugins.options_of(made, 'notifiers', 'http')
        error = self.assertRaises(exceptions.ConfigError, getattr, options,
                                  'connections')
        self.assertIn('[notifier_http] connections: ', str(error))

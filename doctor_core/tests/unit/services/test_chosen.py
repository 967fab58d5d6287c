import os
import socket

import fixtures
import testtools

from doctor_core import conf
from doctor_core.cli import daemons
from doctor_core.exceptions import (
    ConfigError,
    PluginDuplicated,
    PluginFailed,
    PluginNotFound,
)
from doctor_core.model import Fault, FaultStatus
from doctor_core.services import chosen
from doctor_core.tests.unit.entry_points import InstalledDistribution
from doctor_core.tests.unit.services.test_monitor import MonitorCase

ORACLE = '''
from oslo_config import cfg

from doctor_core.corroborators.base import Corroborator


class Oracle(Corroborator):
    """Knows everything."""

    made = []

    def __init__(self, *handed):
        super().__init__(*handed)
        self.made.append(self)

    @classmethod
    def get_opts(cls):
        return [cfg.PortOpt('port', default=7, help='Where it is.')]

    def ask(self, host, silent):
        return None
'''


class InWordsTest(testtools.TestCase):

    def words(self, **given):
        made = conf.prepare([], {
            ('monitor', 'type'): 'sample,collectd',
            **{('monitor_sample', name): value
               for name, value in given.items()}})
        return chosen.monitors_in_words(made)

    def test_those_that_have_a_profile_name_it(self):
        self.assertEqual('sample (profile datacentre), collectd',
                         self.words())
        self.assertEqual('sample (profile cautious), collectd',
                         self.words(profile='cautious'))


class ChosenMonitorTest(MonitorCase):

    def test_reports_say_who_says_it(self):
        told = []
        panel = chosen.panel(self.conf, told.append, None, None)
        panel.monitors['puppet'].report(Fault(
            'one', 'compute.host.down', FaultStatus.DOWN, 3.5, 3.5,
            source='of its own'))
        self.assertEqual(
            [('puppet', f'puppet on {socket.gethostname()}', 3.5)],
            [(fault.source, fault.sender, fault.said_at) for fault in told])

    def test_none_is_too_few(self):
        self.conf.set_override('type', [], 'monitor')
        error = self.assertRaises(ConfigError, chosen.panel, self.conf, None,
                                  None, None)
        self.assertEqual('[monitor] type names no monitor.', str(error))


class ChosenCorroboratorsTest(MonitorCase):

    def setUp(self):
        super().setUp()
        self.install('acme_oracle')

    def install(self, name):
        self.useFixture(InstalledDistribution(name, ORACLE, {
            'doctor_core.corroborators': [f'oracle = {name}:Oracle']}))

    def made(self, *names):
        """Those that are asked, by their names."""
        self.conf.set_override('type', list(names), 'corroborator')
        panel = chosen.panel(self.conf, None, None, lambda: 'the cloud')
        self.addCleanup(panel.stop)
        return {desk.name: desk._corroborator
                for desk in panel._asking._desks}

    def refused(self, error, *names):
        return str(self.assertRaises(error, self.made, *names))

    def test_none(self):
        self.assertEqual({}, self.made())

    def test_two_in_the_order_of_the_option(self):
        self.assertEqual(['oracle', 'nova'], list(self.made('oracle',
                                                            'nova')))

    def test_the_same_twice_is_one(self):
        made = self.made('oracle', 'nova', 'oracle')
        self.assertEqual(['oracle', 'nova'], list(made))
        self.assertEqual([made['oracle']], type(made['oracle']).made)

    def test_a_wrong_name_says_what_there_is(self):
        said = self.refused(PluginNotFound, 'nova', 'oralce')
        self.assertIn("No plugin 'oralce' of kind 'corroborators' is "
                      "installed. Did you mean 'oracle'? Available: bmc, "
                      'kdump, nova, oracle.', said)

    def test_a_name_that_two_packages_have(self):
        self.install('acme_twin')
        said = self.refused(PluginDuplicated, 'oracle')
        self.assertIn('acme_twin', said)

    def test_one_that_cannot_be_imported(self):
        self.useFixture(InstalledDistribution(
            'acme_broken', 'raise SystemExit("out of order")',
            {'doctor_core.corroborators': ['broken = acme_broken:Broken']}))
        self.assertIn('out of order', self.refused(PluginFailed, 'broken'))

    def test_one_that_cannot_be_made(self):
        """The daemon ended with a traceback."""
        self.useFixture(InstalledDistribution(
            'acme_half', ORACLE.replace('self.made.append(self)', '1 / 0'),
            {'doctor_core.corroborators': ['half = acme_half:Oracle']}))
        self.assertIn('it cannot be made: ZeroDivisionError',
                      self.refused(PluginFailed, 'half'))

    def test_a_monitor_is_none(self):
        self.assertIn("No plugin 'sample' of kind 'corroborators'",
                      self.refused(PluginNotFound, 'sample'))

    def test_each_is_handed_its_own_options_and_the_cloud(self):
        oracle = self.made('oracle')['oracle']
        self.assertEqual((7, 'corroborator_oracle', 'the cloud'), (
            oracle.options.port, oracle.options.section, oracle.cloud()))


class FileTest(testtools.TestCase):
    """What doctor-monitor says of a file before it does anything."""

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.cli.daemons.run',
            lambda _prog, _what, kinds, *_more: kinds))
        self.kinds = daemons.monitor()

    def refused(self, text):
        path = os.path.join(self.useFixture(fixtures.TempDir()).path,
                            'doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return str(self.assertRaises(ConfigError, conf.prepare, [path],
                                     kinds=self.kinds))

    def test_a_wrong_name(self):
        self.assertIn("No plugin 'nvoa' of kind 'corroborators'",
                      self.refused('[corroborator]\ntype = kdump, nvoa\n'))

    def test_a_wrong_value_names_file_and_line(self):
        """It was found when the daemon had started, or never."""
        said = self.refused('[corroborator]\ntype = kdump\n'
                            '[corroborator_kdump]\nport = 70000\n')
        self.assertIn('doctor.conf, line 4: [corroborator_kdump] port', said)

    def test_an_option_that_there_is_none_of(self):
        said = self.refused('[corroborator]\ntype = nova\n'
                            '[corroborator_nova]\nforget_s = 10\n')
        self.assertIn("line 4: there is no option 'forget_s' in "
                      '[corroborator_nova]', said)

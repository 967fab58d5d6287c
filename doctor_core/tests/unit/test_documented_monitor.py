"""What doc/source/contributor/write-a-monitor.rst shows works literally."""

import pathlib

import testtools

import doctor_core
from doctor_core import plugins
from doctor_core.fixtures import MonitorContract
from doctor_core.monitors.polling import PollingMonitor
from doctor_core.monitors.probing.monitor import ProbingMonitor
from doctor_core.tests.unit.entry_points import InstalledDistribution

PAGE = pathlib.Path(doctor_core.__file__).parent.parent.joinpath(
    'doc', 'source', 'contributor', 'write-a-monitor.rst')
EXAMPLE = PAGE.parent / 'example'
ENTRY_POINTS = {'doctor_core.monitors': ['power = doctor_power:PowerMonitor']}


class DocumentedMonitorTest(MonitorContract, testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(InstalledDistribution(
            'doctor_power', (EXAMPLE / 'power.py').read_text(), ENTRY_POINTS))
        self.plugin = plugins.load('monitors', 'power')

    def test_is_listed_with_its_summary(self):
        (state,) = (state for state in plugins.states()
                    if (state.kind, state.name) == ('monitors', 'power'))
        self.assertEqual('', state.error)
        self.assertEqual('Asks the controller HOST-bmc of each host for its '
                         'power, by IPMI.', state.summary)


    def test_takes_thirty_lines(self):
        self.assertLessEqual(
            len((EXAMPLE / 'power.py').read_text().splitlines()), 30)


class PageTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.page = PAGE.read_text()

    def test_names_what_there_is(self):
        for plugin, method in ((PollingMonitor, 'probe'),
                               (ProbingMonitor, 'wire')):
            self.assertEqual({method}, plugin.__abstractmethods__)
        self.assertIn(f'{ProbingMonitor.__module__}.ProbingMonitor',
                      self.page)
        self.assertIn('power = "doctor_power:PowerMonitor"', self.page)

    def test_names_every_option_with_its_default(self):
        for option in PollingMonitor.get_opts()[:4]:
            self.assertRegex(self.page, rf'``{option.name}``\n[^`]*'
                             rf'\({option.default:g}\)')

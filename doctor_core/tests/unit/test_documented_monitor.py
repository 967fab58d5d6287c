"""What doc/source/contributor/write-a-monitor.rst shows works literally."""

import importlib.util
import pathlib
import unittest

import testtools

import doctor_core
from doctor_core import fixtures as doubles
from doctor_core import plugins
from doctor_core.monitors import probing
from doctor_core.tests.unit.entry_points import InstalledDistribution

PAGE = pathlib.Path(doctor_core.__file__).parent.parent.joinpath(
    'doc', 'source', 'contributor', 'write-a-monitor.rst')
EXAMPLE = PAGE.parent / 'example'


class DocumentedMonitorTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(InstalledDistribution(
            'doctor_tcp', (EXAMPLE / 'tcp.py').read_text(),
            {'doctor_core.monitors': ['tcp = doctor_tcp:TcpMonitor']}))

    def test_is_listed_with_its_summary(self):
        (state,) = (state for state in plugins.states()
                    if (state.kind, state.name) == ('monitors', 'tcp'))
        self.assertEqual('', state.error)
        self.assertEqual('Connects to a TCP port of each host, one after '
                         'another.', state.summary)

    def test_its_test_passes(self):
        spec = importlib.util.spec_from_file_location(
            'documented_test', EXAMPLE / 'test_tcp.py')
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        suite = unittest.defaultTestLoader.loadTestsFromModule(module)
        result = unittest.TestResult()
        suite.run(result)
        self.assertEqual(([], []), (result.failures, result.errors))
        self.assertEqual(3, result.testsRun)

    def test_the_page_names_what_there_is(self):
        page = PAGE.read_text()
        self.assertIn('tcp = doctor_core.monitors.tcp:TcpMonitor', page)
        self.assertIn(probing.__name__ + '.ProbingMonitor', page)
        self.assertEqual(
            {'wire'}, probing.ProbingMonitor.__abstractmethods__)

    def test_stop_before_start_and_twice(self):
        conf = doubles.configuration({('monitor', 'type'): 'tcp'})
        monitor = plugins.load('monitors', 'tcp')(conf, doubles.Reported())
        monitor.stop()
        monitor.stop()
        self.assertFalse(monitor._thread.is_alive())

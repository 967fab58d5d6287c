import testtools

from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.installers.faults.process import (
    ProcessInjector,
    ProcessSettings,
)
from doctor_core.model import Host
from doctor_core.runner import Done
from doctor_core.tests.unit.installers.faults import doubles

HOST = Host('compute-1')
START = ['systemctl', 'start', 'nova-compute']


class ProcessTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = doubles.FakeClock()

    def made(self, answers=None, away=0, **values):
        self.machine = doubles.Machine(
            self.clock, answers, ahead_s=60.0, away=away, took_s=0.01)
        return ProcessInjector(
            doubles.settings(ProcessSettings, **(
                values or {'fault_unit': 'nova-compute'})),
            lambda _host: self.machine, self.clock)

    def test_main_process_of_the_unit_by_the_clock_of_here(self):
        at = doubles.EPOCH + 63
        injector = self.made({
            'systemctl show': 'MainPID=4711\n',
            'sh -c': f'{at - 0.5:f} {at + 0.5:f}\n'})
        self.assertAlmostEqual(doubles.EPOCH + 3, injector.fail(HOST),
                               places=3)
        self.assertEqual(['kill', '4711', ''],
                         self.machine.said('sh -c')[0][3:])
        stamp = injector.failed_at(HOST)
        self.assertEqual('the node', stamp.clock)
        self.assertAlmostEqual(0.505, stamp.uncertainty_s, places=3)

    def test_unit_that_does_not_run(self):
        injector = self.made({'systemctl show': 'MainPID=0\n'})
        error = self.assertRaises(BackendError, injector.fail, HOST)
        self.assertIn('nova-compute does not run on compute-1', str(error))
        self.assertEqual([], self.machine.said('sh -c'))

    def test_node_that_refuses(self):
        injector = self.made({
            'systemctl show': 'MainPID=4711\n',
            'sh -c': Done(1, b'', b'kill: not permitted\n')})
        error = self.assertRaises(BackendError, injector.fail, HOST)
        self.assertIn('kill: not permitted', str(error))

    def test_node_that_talks_nonsense(self):
        injector = self.made({'systemctl show': 'MainPID=4711\n',
                              'sh -c': 'Hello\n'})
        error = self.assertRaises(BackendError, injector.fail, HOST)
        self.assertIn('Hello', str(error))

    def test_healed_by_a_start(self):
        injector = self.made({'systemctl show': 'MainPID=0\n'}, away=2)
        injector.heal(HOST)
        self.assertEqual([START], self.machine.said('systemctl start'))

    def test_running_one_is_left_alone(self):
        injector = self.made({'systemctl show': 'MainPID=4712\n'})
        injector.heal(HOST)
        self.assertEqual([], self.machine.said('systemctl start'))

    def test_node_that_stays_away(self):
        injector = self.made(away=10 ** 6)
        error = self.assertRaises(BackendError, injector.heal, HOST)
        self.assertIn('Waited 300 s in vain for compute-1', str(error))
        self.assertIn('away', str(error))

    def test_what_has_to_be_told(self):
        for values in ({'fault': 'kill-process'},
                       {'fault_unit': 'a', 'fault_pid_file': '/b'},
                       {'fault_pid_file': '/b'},
                       {'fault_pid_file': '/b', 'fault_process': 'c'}):
            injector = self.made(**values)
            for call in (injector.fail, injector.heal):
                self.assertRaises(ConfigError, call, HOST)
            self.assertEqual([], self.machine.ran)

    def test_process_of_another_name_is_not_killed(self):
        """A file may be old, and its number another's by now."""
        injector = self.made(
            {'env LC_ALL=C cat -- /run/x.pid': '4711\n',
             'env LC_ALL=C cat -- /proc/4711/comm': 'mariadbd\n'},
            fault_pid_file='/run/x.pid', fault_process='nova-compute',
            fault_start_command=['start'])
        self.assertRaises(BackendError, injector.fail, HOST)
        self.assertEqual([], self.machine.said('sh -c'))
        injector.heal(HOST)
        self.assertEqual([['start']], self.machine.said('start'))

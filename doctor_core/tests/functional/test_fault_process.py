"""A genuine process is killed on a machine, by SSH."""

import os
import subprocess

import testtools

from doctor_core import clock
from doctor_core.exceptions import BackendError
from doctor_core.installers import faults
from doctor_core.model import Host
from doctor_core.runner import SshRunner
from doctor_core.tests.functional.machines import Machine
from doctor_core.tests.unit.installers.faults import doubles

WAIT_S = 60
HOST = Host('compute-1')
#: Stands for systemd: knows the number of a main process.
_SYSTEMCTL = '''
case $1 in
show) echo "MainPID=$(cat /run/pid)" ;;
start) echo 1 >/run/pid ;;
esac
'''


class ProcessTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.machine = self.useFixture(Machine(self))
        self.machine.stub('systemctl', _SYSTEMCTL)
        self.victim, self.bystander = self.start(), self.start()
        self.machine.write('/run/pid', f'{self.victim.pid}\n')

    def start(self):
        process = subprocess.Popen(['sleep', '600'])
        self.addCleanup(process.wait, WAIT_S)
        self.addCleanup(process.kill)
        return process

    def injector(self, **options):
        runner = SshRunner(
            self.machine.address, port=self.machine.port, sudo=True,
            user=self.machine.user, key_file=self.machine.key_file,
            known_hosts=self.machine.known_hosts)
        self.addCleanup(runner.close)
        return faults.injector(
            doubles.options(fault='kill-process', **options),
            lambda _host: runner)

    def test_only_the_main_process_of_the_unit(self):
        injector = self.injector(fault_unit='nova-compute')
        before = clock.now()
        injector.fail(HOST)
        self.assertEqual(-9, self.victim.wait(WAIT_S))
        after = clock.now()
        self.assertIsNone(self.bystander.poll())
        stamp = injector.failed_at(HOST)
        self.assertLess(before - stamp.uncertainty_s, stamp.at)
        self.assertLess(stamp.at, after + stamp.uncertainty_s)

    def test_started_again(self):
        self.machine.write('/run/pid', '0\n')
        injector = self.injector(fault_unit='nova-compute')
        for _again in range(2):
            injector.heal(HOST)
        self.assertEqual([['systemctl', 'start', 'nova-compute']],
                         [call for call in self.machine.asked('systemctl')
                          if call[1] == 'start'])

    def test_by_the_file_with_its_number(self):
        injector = self.injector(
            fault_pid_file='/run/pid', fault_process='sleep',
            fault_start_command=['systemctl', 'start', 'it'])
        injector.fail(HOST)
        self.assertEqual(-9, self.victim.wait(WAIT_S))
        self.assertIsNone(self.bystander.poll())
        injector.heal(HOST)
        self.assertEqual([['systemctl', 'start', 'it']],
                         self.machine.asked())

    def test_number_that_is_another_process_by_now(self):
        injector = self.injector(
            fault_pid_file='/run/pid', fault_process='nova-compute',
            fault_start_command=['true'])
        self.assertRaises(BackendError, injector.fail, HOST)
        self.assertIsNone(self.victim.poll())

    def test_process_that_has_gone(self):
        self.victim.kill()
        self.victim.wait(WAIT_S)
        self.assertFalse(os.path.exists(f'/proc/{self.victim.pid}'))
        error = self.assertRaises(
            BackendError, self.injector(fault_unit='it').fail, HOST)
        self.assertIn('it of compute-1 is not killed', str(error))

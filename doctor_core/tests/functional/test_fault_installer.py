"""An installer makes a host fail that it reaches by SSH."""

import testtools

from doctor_core import clock
from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import options as options_for
from doctor_core.installers.local import LocalInstaller
from doctor_core.model import Host
from doctor_core.tests.functional.linked import WAIT_S, LinkedMachine


class InstallerTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.machine = self.useFixture(LinkedMachine(self))

    def installer(self, **options):
        machine = self.machine
        given = {'connection': 'ssh', 'ssh_user': machine.user,
                 'ssh_key_file': machine.key_file,
                 'ssh_host_key': machine.host_key(), 'sudo': True,
                 'nodes': [f'compute-1={machine.other}',
                           f'ctl-1={machine.address} controller'],
                 'fault': 'link-down', 'fault_interface': 'eth0',
                 **options}
        installer = LocalInstaller(options_for(LocalInstaller, **given),
                                   None, None)
        self.addCleanup(installer.close)
        return installer

    def test_link_of_a_host(self):
        installer = self.installer(fault_link_down_s=600.0)
        host = Host('compute-1.example.org')
        before = self.machine.settled()
        installer.fail(host)
        clock.wait_for(lambda: not self.machine.is_up(),
                       clock.Deadline(WAIT_S), what='the cut')
        installer.heal(host)
        clock.wait_for(lambda: self.machine.network() == before,
                       clock.Deadline(WAIT_S), what='the network')
        self.assertEqual('the node', installer.failed_at(host).clock)
        self.assertIn(['sudo', '-n', '--'], [
            call[:3] for call in self.machine.asked('sudo')])

    def test_host_that_is_no_node(self):
        error = self.assertRaises(ConfigError, self.installer().fail,
                                  Host('compute-2'))
        self.assertIn('No node of the deployment is compute-2; there are '
                      'compute-1, ctl-1', str(error))

    def test_controllers_reach_back(self):
        with self.installer().reachable('http://127.0.0.1:9/'):
            listening = self.machine.listens(9)
        self.assertTrue(listening)
        self.assertFalse(self.machine.listens(9))

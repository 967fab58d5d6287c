import socket

import testtools

from doctor_core import fixtures
from doctor_core.exceptions import BackendError
from doctor_core.installers.devstack import PATHS, UNITS, DevStackInstaller
from doctor_core.installers.running import READERS
from doctor_core.model import Host, Node
from doctor_core.runner import LocalRunner, SshRunner
from doctor_core.tests.unit.installers.machines import (
    UNITS as LIST_UNITS,
)
from doctor_core.tests.unit.installers.machines import (
    FakeMachine,
    units,
)

CONTROLLER = Node('ctl', 'controller', '192.0.2.1')
HERE = Node('ctl', 'controller', '127.0.0.1')
COMPUTE = Node('cpu-1', 'compute', '192.0.2.2')


class Nova:
    """As much of a Cloud as an installer asks."""

    def __init__(self, hosts, schedulers):
        self._hosts = hosts
        self._schedulers = schedulers

    def hosts(self):
        return [Host(name, (address,) if address else ())
                for name, address in self._hosts.items()]

    def get(self, service_type, path):
        assert (service_type, path) == (
            'compute', '/os-services?binary=nova-scheduler')
        return {'services': [{'host': host} for host in self._schedulers]}

    def close(self):
        """There is nothing to close."""


def made(hosts=None, schedulers=('ctl',), kind=DevStackInstaller, **options):
    return kind(fixtures.options(kind, **options),
                lambda: Nova(hosts or {}, schedulers),
                fixtures.installer_settings())


class OnMachines(DevStackInstaller):
    """Whose nodes are doubles."""

    machines = {}

    def connect(self, node):
        return self.machines[node.name]


class NodesTest(testtools.TestCase):

    def test_one_node_is_the_controller_whatever_else_it_is(self):
        self.assertEqual([HERE], made({'ctl': '192.0.2.1'}).nodes())

    def test_several(self):
        self.assertEqual(
            [CONTROLLER, COMPUTE, Node('cpu-2', 'compute', 'cpu-2')],
            made({'cpu-2': '', 'cpu-1': '192.0.2.2', 'ctl': '192.0.2.9'},
                 controller='192.0.2.1').nodes())

    def test_a_controller_that_is_no_hypervisor(self):
        self.assertEqual([HERE, COMPUTE], made({'cpu-1': '192.0.2.2'}).nodes())

    def test_several_controllers(self):
        """Each was this machine."""
        here = socket.gethostname()
        self.assertEqual(
            {here: '127.0.0.1', 'ctl-1': '192.0.2.5', 'ctl-2': 'ctl-2'},
            {node.name: node.address for node in made(
                {'ctl-1': '192.0.2.5', here: '192.0.2.4'},
                (here, 'ctl-1', 'ctl-2')).nodes()})


class ConnectTest(testtools.TestCase):

    def test_on_the_controller_itself(self):
        installer = made()
        self.addCleanup(installer.close)
        runner = installer.runner(HERE)
        self.assertIsInstance(runner, LocalRunner)
        self.assertTrue(runner.sudo)
        self.assertIsInstance(installer.runner(COMPUTE), SshRunner)

    def test_by_ssh(self):
        installer = made(ssh_port=2222)
        self.addCleanup(installer.close)
        for node in (CONTROLLER, COMPUTE):
            runner = installer.runner(node)
            self.assertIsInstance(runner, SshRunner)
            self.assertIn(f'{node.address} port 2222', str(runner))
            self.assertTrue(runner.sudo)


class LayoutTest(testtools.TestCase):

    def layout(self, *names):
        installer = made(kind=OnMachines)
        installer.machines = {'ctl': FakeMachine(
            {'/etc/nova/policy.yaml': ''},
            {LIST_UNITS: units(*(f'devstack@{name}' for name in names))},
            sudo=True)}
        return installer.layout(CONTROLLER)

    def test_a_controller(self):
        layout = self.layout('n-api', 'n-sch', 'n-super-cond', 'n-cond-cell1',
                             'q-svc', 'ceilometer-anotification',
                             'aodh-listener', 'dstat')
        self.assertEqual(
            {'nova.conf': '/etc/nova/nova.conf',
             'nova-cell.conf': '/etc/nova/nova_cell1.conf',
             'nova-policy.yaml': '/etc/nova/policy.yaml',
             'neutron-ml2.conf': '/etc/neutron/plugins/ml2/ml2_conf.ini',
             'aodh.conf': '/etc/aodh/aodh.conf'},
            {name: path for name, path in layout.files.items()
             if 'event' not in name})
        self.assertEqual(('systemctl', 'restart', 'devstack@q-svc'),
                         layout.services['neutron-server'].restart)
        self.assertEqual(
            ('systemctl', 'restart', 'devstack@ceilometer-anotification'),
            layout.services['ceilometer-notification'].restart)
        self.assertTrue(layout.sudo)

    def test_a_compute_host_has_a_file_of_its_own(self):
        """nova-compute was restarted for a file that it does not read."""
        layout = self.layout('n-cpu', 'q-agt')
        self.assertEqual({'nova-compute.conf': '/etc/nova/nova-cpu.conf'},
                         layout.files)
        self.assertEqual(['nova-compute'], list(layout.services))

    def test_newer_names(self):
        layout = self.layout('neutron-api', 'neutron-rpc-server')
        self.assertEqual({'neutron-api', 'neutron-rpc-server'},
                         set(layout.services))

    def test_every_reader_has_a_unit_and_every_file_a_path(self):
        self.assertEqual({reader for readers in READERS.values()
                          for reader in readers}, set(UNITS))
        self.assertEqual(set(READERS), set(PATHS))


class TransportUrlTest(testtools.TestCase):

    def test_of_the_controllers_nova_conf(self):
        installer = made({'ctl': '192.0.2.1', 'cpu-1': '192.0.2.2'},
                         kind=OnMachines)
        machine = FakeMachine({'/etc/nova/nova.conf':
                               '[DEFAULT]\ntransport_url = rabbit://a:b@h/\n'},
                              sudo=True)
        installer.machines = {'ctl': machine}
        self.assertEqual('rabbit://a:b@h/', installer.transport_url())
        self.assertEqual({('sudo', '-n', '--')},
                         {tuple(argv[:3]) for argv in machine.asked})
        installer.close()
        self.assertEqual(1, machine.closed)

    def test_without_a_controller(self):
        self.assertRaises(BackendError, made(
            {'cpu-1': '192.0.2.2'}, schedulers=()).transport_url)

import os

import testtools

from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import options as options_for
from doctor_core.installers.layout import Layout, Service
from doctor_core.installers.local import LocalInstaller
from doctor_core.model import Node
from doctor_core.runner import LocalRunner, SshRunner

CONTROLLER = Node('ctl', 'controller', '192.0.2.9')
COMPUTE = Node('c1', 'compute', '192.0.2.1')
NODES = ['c1=192.0.2.1', 'ctl = 192.0.2.9 controller']


def made(**options):
    return LocalInstaller(
        options_for(LocalInstaller, **{'nodes': NODES, **options}),
        None, None)


class NodesTest(testtools.TestCase):

    def test_those_of_the_options(self):
        self.assertEqual([COMPUTE, CONTROLLER], made().nodes())

    def test_what_is_no_node_is_refused(self):
        for entry in ('c1', 'c1=', '=192.0.2.1', 'c1=192.0.2.1 compute no',
                      'c1=192.0.2.1 computer'):
            error = self.assertRaises(ConfigError, made(nodes=[entry]).nodes)
            self.assertIn(repr(entry), str(error))

    def test_the_bus_is_that_of_the_options(self):
        self.assertEqual('rabbit://h/',
                         made(transport_url='rabbit://h/').transport_url())
        self.assertEqual('', made().transport_url())


class LayoutTest(testtools.TestCase):

    OPTIONS = {
        'files': {'nova.conf': '/etc/{node}/nova.conf',
                  'aodh.conf': '/etc/aodh.conf'},
        'controller_files': {'nova.conf': '/etc/api.conf'},
        'compute_services': {'nova-compute': 'n-cpu'},
        'controller_services': {'nova-api': 'api-{node}'},
        'restart_command': ['docker', 'restart', '{unit}'],
        'check_command': ['on', '{node}', 'top', '{unit}'],
    }

    def test_by_role(self):
        installer = made(**self.OPTIONS, sudo=True, connection='ssh')
        self.assertEqual(Layout(
            {'nova.conf': '/etc/c1/nova.conf', 'aodh.conf': '/etc/aodh.conf'},
            {'nova-compute': Service(
                'nova-compute', ('docker', 'restart', 'n-cpu'),
                ('on', 'c1', 'top', 'n-cpu'))}, True),
            installer.layout(COMPUTE))
        self.assertEqual(Layout(
            {'nova.conf': '/etc/api.conf', 'aodh.conf': '/etc/aodh.conf'},
            {'nova-api': Service(
                'nova-api', ('docker', 'restart', 'api-ctl'),
                ('on', 'ctl', 'top', 'api-ctl'))}, True),
            installer.layout(CONTROLLER))

    def test_this_machine_is_one_node(self):
        error = self.assertRaises(ConfigError, made(**self.OPTIONS).layout,
                                  COMPUTE)
        self.assertIn('connection = ssh', str(error))

    def test_node_that_is_both(self):
        installer = made(nodes=['all=::1 both'], **self.OPTIONS)
        node, = installer.nodes()
        self.assertEqual('controller', node.role)
        self.assertEqual({'nova-api', 'nova-compute'},
                         set(installer.layout(node).services))

    def test_names_that_doctor_does_not_know_are_refused(self):
        for option, name in (('files', 'nova.con'),
                             ('compute_services', 'nova-computer')):
            error = self.assertRaises(
                ConfigError, made(**{option: {name: 'x'}}).layout, COMPUTE)
            self.assertIn(f'[installer_local] {option}: there is no '
                          f'{name!r}', str(error))

    def test_nothing_is_known_unless_it_is_said(self):
        self.assertEqual(Layout(), made().layout(COMPUTE))


class ConnectTest(testtools.TestCase):

    def test_this_machine(self):
        installer = made()
        self.assertIsInstance(installer.connect(COMPUTE), LocalRunner)
        self.assertFalse(installer.own_clocks)

    def test_by_ssh(self):
        installer = made(connection='ssh', ssh_ignore_host_keys=True,
                         ssh_jump_host='192.0.2.7')
        self.addCleanup(installer.close)
        self.assertIsInstance(installer.connect(COMPUTE), SshRunner)
        self.assertTrue(installer.own_clocks)

    def test_key_that_is_not_there(self):
        path = os.path.join(os.sep, 'no', 'such', 'key')
        self.assertIn(path, str(self.assertRaises(
            ConfigError, made(connection='ssh', ssh_key_file=path).connect,
            COMPUTE)))

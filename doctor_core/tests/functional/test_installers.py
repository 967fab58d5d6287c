"""Installers of other clouds than ours, over genuine SSH."""

import json
import os
import stat

import fixtures
import testtools

from doctor_core.cloud import Cloud
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.exceptions import BackendError
from doctor_core.fixtures import installer_settings
from doctor_core.fixtures import options as options_for
from doctor_core.installers.apex import ApexInstaller
from doctor_core.installers.devstack import DevStackInstaller
from doctor_core.model import Need, Node
from doctor_core.tests.functional.machines import (
    Machine,
    address,
    free_port,
)

BUS = 'rabbit://stackrabbit:se%40cret@ctl-0.internalapi:5672/'
NOVA_CONF = f'[DEFAULT]\ndebug = True\ntransport_url = {BUS}\n'
GENERATED = '/var/lib/config-data/puppet-generated'
#: systemctl of a machine that runs these units.
SYSTEMCTL = '''
case $1 in
list-units) for unit in {units}; do
    echo "  $unit.service loaded active running $unit"; done;;
esac
'''
#: docker or podman with these containers.
ENGINE = '''
case $1 in
--version) echo "{engine} version 1";;
ps) printf '%s\\n' {names};;
esac
'''
#: The undercloud's client, for who has read stackrc.
OPENSTACK = '''
[ "$OS_PASSWORD" = of-the-undercloud ] && cat /opt/servers.json
'''


def systemctl(machine, *units):
    machine.stub('systemctl', SYSTEMCTL.format(units=' '.join(units)))


def engine(machine, name, *containers):
    machine.stub(name, ENGINE.format(engine=name,
                                     names=' '.join(containers)))


class InstallerTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = self.useFixture(fixtures.TempDir()).path

    def made(self, kind, open_cloud=None, **options):
        installer = kind(
            options_for(kind, **options), open_cloud, installer_settings(
                state_path=os.path.join(self.folder, 'state')))
        self.addCleanup(installer.close)
        return installer

    def check_prepared(self, installer, restarts):
        """Nova is told to notify for a while, and all is as before then.

        :param restarts: how each machine's services are restarted.
        """
        before = [machine.tree() for machine in restarts]
        with installer.prepared([Need.NOTIFICATIONS]):
            for machine, wanted in restarts.items():
                self.assertEqual(wanted, self.restarts(machine))
                self.assertIn('notify_on_state_change = vm_and_task_state',
                              self.changed(machine))
        self.assertEqual(before, [machine.tree() for machine in restarts])
        for machine, wanted in restarts.items():
            self.assertEqual(sorted(2 * wanted), self.restarts(machine))

    @staticmethod
    def restarts(machine):
        return sorted(call for call in machine.asked()
                      if 'restart' in call)


class ApexTest(InstallerTestCase):
    """An undercloud, a controller with docker, a compute with podman."""

    def setUp(self):
        super().setUp()
        places = [address(), address()]
        port = free_port(*places)
        self.controller = self.useFixture(Machine(
            self, ('heat-admin',), address=places[0], port=port))
        key = self.controller.key_file
        self.compute = self.useFixture(Machine(
            self, ('heat-admin',), address=places[1], port=port, key=key))
        self.undercloud = self.useFixture(Machine(
            self, ('stack',), address=address()))
        self.nodes = [
            Node('overcloud-controller-0', 'controller', places[0]),
            Node('overcloud-novacompute-0', 'compute', places[1])]
        self.deploy(key)

    def deploy(self, key):
        write = self.undercloud.write
        write('/home/stack/stackrc', 'export OS_PASSWORD=of-the-undercloud\n'
                                     'echo welcome\n')
        write('/opt/servers.json', json.dumps([
            {'Name': node.name, 'Status': 'ACTIVE',
             'Networks': f'ctlplane={node.address}'} for node in self.nodes]))
        self.undercloud.stub('openstack', OPENSTACK)
        with open(key, encoding='ascii') as file:
            write('/home/stack/.ssh/id_rsa', file.read(), 0o600)
        known = ''
        for machine in (self.controller, self.compute):
            with open(machine.known_hosts, encoding='ascii') as file:
                known += file.read()
        write('/home/stack/.ssh/known_hosts', known)
        self.controller.write(f'{GENERATED}/nova/etc/nova/nova.conf',
                              NOVA_CONF)
        self.controller.stub('getent', 'echo "192.0.2.5  STREAM $2"')
        systemctl(self.controller, 'docker')
        engine(self.controller, 'docker', 'nova_api', 'nova_conductor')
        self.compute.write(f'{GENERATED}/nova_libvirt/etc/nova/nova.conf',
                           NOVA_CONF)
        systemctl(self.compute, 'tripleo_nova_compute')
        engine(self.compute, 'podman', 'nova_compute')

    def installer(self, **options):
        return self.made(
            ApexInstaller, undercloud=self.undercloud.address,
            ssh_port=self.undercloud.port,
            ssh_key_file=self.undercloud.key_file,
            ssh_known_hosts=self.undercloud.known_hosts,
            overcloud_port=self.controller.port, **options)

    def changed(self, machine):
        volume = 'nova' if machine is self.controller else 'nova_libvirt'
        return machine.read(f'{GENERATED}/{volume}/etc/nova/nova.conf')

    def test_nodes_of_the_underclouds_nova(self):
        self.assertEqual(self.nodes, self.installer().nodes())

    def test_who_may_not_ask_the_undercloud(self):
        self.undercloud.write('/home/stack/stackrc', 'OS_PASSWORD=wrong\n')
        self.assertRaises(BackendError, self.installer().nodes)

    def test_bus_by_its_address(self):
        self.assertEqual('rabbit://stackrabbit:se%40cret@192.0.2.5:5672/',
                         self.installer().transport_url())
        self.assertIn(['getent', 'ahosts', 'ctl-0.internalapi'],
                      self.controller.asked())

    def test_prepared_and_put_back(self):
        self.check_prepared(self.installer(), {
            self.controller: [['docker', 'restart', 'nova_api'],
                              ['docker', 'restart', 'nova_conductor']],
            self.compute: [['systemctl', 'restart',
                            'tripleo_nova_compute']]})

    def test_the_key_is_kept_for_oneself_and_not_for_long(self):
        self.useFixture(fixtures.MonkeyPatch('tempfile.tempdir',
                                             self.folder))
        installer = self.installer()
        installer.runner(self.nodes[1]).run(['true'])
        kept = [os.path.join(folder, name)
                for folder, _folders, names in os.walk(self.folder)
                for name in names]
        self.assertEqual(2, len(kept))
        self.assertEqual({0o600}, {stat.S_IMODE(os.stat(path).st_mode)
                                   for path in kept})
        installer.close()
        self.assertEqual([], os.listdir(self.folder))

    def test_a_node_that_the_undercloud_does_not_know_is_refused(self):
        self.undercloud.write('/home/stack/.ssh/known_hosts', '')
        runner = self.installer().runner(self.nodes[0])
        self.assertIn('host key', str(self.assertRaises(
            BackendError, runner.run, ['true'])))

    def test_unless_the_operator_does_not_mind(self):
        os.unlink(self.undercloud.path('/home/stack/.ssh/known_hosts'))
        installer = self.installer(overcloud_ignore_host_keys=True)
        self.assertEqual('on\n', installer.runner(self.nodes[0]).run(
            ['echo', 'on']))

    def test_no_key_says_what_to_do(self):
        os.unlink(self.undercloud.path('/home/stack/.ssh/id_rsa'))
        error = self.assertRaises(BackendError, self.installer().runner,
                                  self.nodes[0])
        self.assertIn('[installer_apex] overcloud_key_file', str(error))

    def test_a_node_that_is_down(self):
        self.compute.stop()
        installer = self.installer()
        self.assertEqual(self.nodes, installer.nodes())
        self.assertRaises(BackendError, installer.layout, self.nodes[1])
        self.assertIn('nova-api', installer.layout(self.nodes[0]).services)

    def test_an_undercloud_that_is_down(self):
        self.undercloud.stop()
        error = self.assertRaises(BackendError, self.installer().nodes)
        self.assertTrue(error.recoverable)


class DevStackTest(InstallerTestCase):
    """The embedded cloud as Nova, on a controller and a compute host."""

    def setUp(self):
        super().setUp()
        cloud = EmbeddedCloud(hosts=1)
        self.addCleanup(cloud.stop)
        cloud.start()
        path = os.path.join(self.folder, 'clouds.yaml')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(cloud.clouds_yaml())
        self.clouds = path
        self.nova = Cloud.named(path, 'doctor-embedded')
        self.addCleanup(self.nova.close)
        self.host = self.nova.hosts()[0]
        place = address()
        port = free_port(place, self.host.address)
        self.controller = self.useFixture(Machine(
            self, address=place, port=port))
        self.compute = self.useFixture(Machine(
            self, address=self.host.address, port=port,
            key=self.controller.key_file))
        for machine, units in (
                (self.controller, ('n-api', 'n-sch', 'n-super-cond',
                                   'n-cond-cell1')),
                (self.compute, ('n-cpu', 'q-agt'))):
            systemctl(machine, *(f'devstack@{unit}' for unit in units))
        for name in ('nova.conf', 'nova_cell1.conf'):
            self.controller.write(f'/etc/nova/{name}', NOVA_CONF)
        for name in ('nova.conf', 'nova-cpu.conf'):
            self.compute.write(f'/etc/nova/{name}', NOVA_CONF)

    def installer(self):
        known = os.path.join(self.folder, 'known_hosts')
        with open(known, 'w', encoding='ascii') as file:
            for machine in (self.controller, self.compute):
                with open(machine.known_hosts, encoding='ascii') as line:
                    file.write(line.read())
        return self.made(
            DevStackInstaller,
            lambda: Cloud.named(self.clouds, 'doctor-embedded'),
            controller=self.controller.address,
            ssh_port=self.controller.port,
            ssh_key_file=self.controller.key_file, ssh_known_hosts=known)

    def changed(self, machine):
        return machine.read('/etc/nova/nova.conf'
                            if machine is self.controller
                            else '/etc/nova/nova-cpu.conf')

    def test_nodes_of_nova(self):
        controller, compute = self.installer().nodes()
        self.assertEqual(('controller', self.controller.address),
                         (controller.role, controller.address))
        self.assertEqual(
            Node(self.host.name, 'compute', self.host.address), compute)

    def test_bus_of_the_controller(self):
        self.assertEqual(BUS, self.installer().transport_url())

    def test_prepared_and_put_back(self):
        untouched = self.compute.read('/etc/nova/nova.conf')
        self.check_prepared(self.installer(), {
            self.controller: [
                ['systemctl', 'restart', f'devstack@{unit}']
                for unit in ('n-api', 'n-cond-cell1', 'n-super-cond')],
            self.compute: [['systemctl', 'restart', 'devstack@n-cpu']]})
        self.assertEqual(untouched, self.compute.read('/etc/nova/nova.conf'))

    def test_with_sudo(self):
        self.installer().transport_url()
        self.assertEqual({'sudo -n --'}, {
            ' '.join(call[:3]) for call in self.controller.asked('sudo')})

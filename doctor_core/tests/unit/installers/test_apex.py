import json

import fixtures
import testtools

from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.fixtures import installer_settings
from doctor_core.fixtures import options as options_for
from doctor_core.installers.apex import (
    PATHS,
    SERVICES,
    VOLUMES,
    ApexInstaller,
    ctlplane_address,
)
from doctor_core.installers.preparing.catalogue import SHIPPED
from doctor_core.installers.running import READERS
from doctor_core.model import Host, Node
from doctor_core.tests.unit.installers.machines import (
    UNITS,
    FakeMachine,
    units,
)

LIST = ("bash -c 'source \"$1\" >/dev/null && exec openstack server list "
        "-f json' doctor /home/stack/stackrc")
GENERATED = '/var/lib/config-data/puppet-generated'
CONTROLLER = Node('overcloud-controller-0', 'controller', '192.0.2.10')
COMPUTE = Node('overcloud-novacompute-0', 'compute', '192.0.2.20')


def server(name, networks):
    return {'ID': 'x', 'Name': name, 'Status': 'ACTIVE',
            'Networks': networks, 'Image': 'overcloud-full',
            'Flavor': 'baremetal'}


SERVERS = [
    server('overcloud-novacompute-0', {'ctlplane': ['192.0.2.20']}),
    server('overcloud-controller-0', 'ctlplane=192.0.2.10'),
    server('overcloud-cephstorage-0', {'ctlplane': ['192.0.2.30']}),
]


class OnMachines(ApexInstaller):
    """Whose undercloud and nodes are doubles."""

    def __init__(self, machines, *arguments):
        super().__init__(*arguments)
        self._machines = machines

    def undercloud(self):
        return self._machines['undercloud']

    def connect(self, node):
        return self._machines[node.name]


def made(machines, **options):
    return OnMachines(machines, options_for(
        ApexInstaller, **{'undercloud': '192.0.2.1', **options}),
        None, installer_settings())


def undercloud(said):
    return FakeMachine(commands={
        LIST: said if isinstance(said, str) else json.dumps(said)})


class NodesTest(testtools.TestCase):

    def nodes(self, said=SERVERS, **options):
        return made({'undercloud': undercloud(said)}, **options).nodes()

    def test_controllers_and_computes(self):
        self.assertEqual([CONTROLLER, COMPUTE], self.nodes())

    def test_names_as_the_operator_chose_them(self):
        self.assertEqual(
            [Node('cmp01', 'compute', '192.0.2.5')],
            self.nodes([server('cmp01', 'ctlplane=192.0.2.5')],
                       computes=['cmp*', 'dpdk*']))

    def test_one_that_has_no_address_yet(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.assertEqual([], self.nodes(
            [server('overcloud-novacompute-0', {})]))
        self.assertIn('overcloud-novacompute-0 has no address', log.output)

    def test_what_is_no_list(self):
        for said in ('', 'No such option', '{}', '[1]'):
            self.assertRaises(BackendError, self.nodes, said)

    def test_the_undercloud_refuses(self):
        self.assertRaises(BackendError, made(
            {'undercloud': FakeMachine()}).nodes)

    def test_where_the_undercloud_is_has_to_be_said(self):
        """The class could not even be constructed."""
        installer = ApexInstaller(options_for(ApexInstaller), None, None)
        error = self.assertRaises(ConfigError, installer.nodes)
        self.assertIn('[installer_apex] undercloud', str(error))
        installer.close()


class ReachTest(testtools.TestCase):

    def test_a_host_by_the_name_that_nova_has_for_it(self):
        """Nova says overcloud-novacompute-0.localdomain."""
        machine = FakeMachine(commands={UNITS: ''}, sudo=True)
        installer = made({'undercloud': undercloud(SERVERS),
                          COMPUTE.name: machine})
        for name in (COMPUTE.name, f'{COMPUTE.name}.localdomain'):
            self.assertIs(machine, installer.reach(Host(name)))
        self.assertRaises(ConfigError, installer.reach, Host('other'))


class AddressTest(testtools.TestCase):

    def test_forms(self):
        for networks, address in (
                ({'ctlplane': ['192.0.2.9', '192.0.2.10']}, '192.0.2.9'),
                ({'ctlplane': ['2001:db8::9']}, '2001:db8::9'),
                ('ctlplane=192.0.2.9', '192.0.2.9'),
                ('ctlplane=192.0.2.9, 192.0.2.10', '192.0.2.9'),
                ('storage=198.51.100.7, 2001:db8::7; ctlplane=192.0.2.9',
                 '192.0.2.9'),
                ('myctlplane=192.0.2.9', ''),
                ({'storage': ['198.51.100.7']}, ''), ({}, ''), ('', ''),
                (None, ''), (['192.0.2.9'], '')):
            self.assertEqual(address, ctlplane_address(networks), networks)


class LayoutTest(testtools.TestCase):

    def layout(self, machine, node=CONTROLLER):
        return made({node.name: machine}).layout(node)

    def test_plain(self):
        layout = self.layout(FakeMachine(commands={UNITS: units(
            'openstack-nova-api', 'openstack-nova-conductor',
            'openstack-ceilometer-notification', 'sshd')}))
        self.assertEqual('/etc/nova/nova.conf', layout.files['nova.conf'])
        self.assertEqual(
            ('systemctl', 'restart', 'openstack-ceilometer-notification'),
            layout.services['ceilometer-notification'].restart)
        self.assertNotIn('nova-compute.conf', layout.files)
        self.assertTrue(layout.sudo)

    def test_containers_of_docker(self):
        layout = self.layout(FakeMachine({GENERATED: ''}, {
            UNITS: units('docker', 'openstack-nova-api'),
            'docker --version': 'Docker version 1.13',
            "docker ps --all --format '{{.Names}}'":
                'nova_api\nnova_scheduler\nceilometer_agent_notification\n'}))
        self.assertEqual({'nova-api', 'nova-scheduler',
                          'ceilometer-notification'}, set(layout.services))
        self.assertEqual(('docker', 'restart', 'nova_api'),
                         layout.services['nova-api'].restart)
        self.assertEqual({
            'nova.conf': f'{GENERATED}/nova/etc/nova/nova.conf',
            'nova-policy.yaml': f'{GENERATED}/nova/etc/nova/policy.yaml',
            'event_pipeline.yaml':
                f'{GENERATED}/ceilometer/etc/ceilometer/event_pipeline.yaml',
            'event_definitions.yaml': f'{GENERATED}/ceilometer/etc/'
                'ceilometer/event_definitions.yaml'}, layout.files)

    def test_containers_of_podman_that_systemd_keeps(self):
        layout = self.layout(FakeMachine({GENERATED: ''}, {
            UNITS: units('tripleo_nova_compute'),
            'podman --version': 'podman version 4',
            "podman ps --all --format '{{.Names}}'": 'nova_compute\novn\n'}),
            COMPUTE)
        self.assertEqual(
            {'nova-compute.conf':
                f'{GENERATED}/nova_libvirt/etc/nova/nova.conf'},
            layout.files)
        self.assertEqual(('systemctl', 'restart', 'tripleo_nova_compute'),
                         layout.services['nova-compute'].restart)

    def test_every_file_has_a_path_and_a_volume(self):
        files = {name for name in READERS if not name.startswith(SHIPPED)}
        # TripleO has one nova.conf for all conductors.
        self.assertEqual(files - {'nova-cell.conf'}, set(PATHS))
        self.assertEqual(set(PATHS), set(VOLUMES))
        self.assertEqual(set(), set(SERVICES) - {
            reader for readers in READERS.values() for reader in readers})


class TransportUrlTest(testtools.TestCase):

    CONF = ('[DEFAULT]\ntransport_url = rabbit://wrong/\n'
            '[oslo_messaging_notifications]\ntransport_url = rabbit://r:i@h/')

    def url(self, files):
        return made({'undercloud': undercloud(SERVERS),
                     CONTROLLER.name: FakeMachine(files)}).transport_url()

    def test_plain(self):
        self.assertEqual('rabbit://r:i@h/', self.url(
            {'/etc/nova/nova.conf': self.CONF}))

    def test_containers(self):
        self.assertEqual('rabbit://r:i@h/', self.url({
            GENERATED: '', '/etc/nova/nova.conf': '[DEFAULT]\n',
            f'{GENERATED}/nova/etc/nova/nova.conf': self.CONF}))

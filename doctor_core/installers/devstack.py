"""A DevStack, of one node or of several."""

import contextlib
import socket
from collections.abc import Callable, Mapping

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.installers import faults, running
from doctor_core.installers.base import Installer
from doctor_core.installers.layout import Layout
from doctor_core.installers.settings import Settings
from doctor_core.model import Node
from doctor_core.plugins import Options
from doctor_core.runner import LocalRunner, Runner, ssh_options

#: Where DevStack's functions put them.
PATHS: Mapping[str, str] = {
    'nova.conf': '/etc/nova/nova.conf',
    'nova-cell.conf': '/etc/nova/nova_cell1.conf',
    # Not nova.conf: nova-compute must not see the databases.
    'nova-compute.conf': '/etc/nova/nova-cpu.conf',
    'nova-policy.yaml': '/etc/nova/policy.yaml',
    'neutron-ml2.conf': '/etc/neutron/plugins/ml2/ml2_conf.ini',
    'event_pipeline.yaml': '/etc/ceilometer/event_pipeline.yaml',
    'ceilometer-shipped/event_pipeline.yaml':
        '/opt/stack/ceilometer/ceilometer/pipeline/data/event_pipeline.yaml',
    'event_definitions.yaml': '/etc/ceilometer/event_definitions.yaml',
    'ceilometer-shipped/event_definitions.yaml':
        '/opt/stack/ceilometer/ceilometer/pipeline/data/'
        'event_definitions.yaml',
    'aodh.conf': '/etc/aodh/aodh.conf',
    'congress.conf': '/etc/congress/congress.conf',
    'vitrage.conf': '/etc/vitrage/vitrage.conf',
}
#: The names that run_process was and is given, newest first.
UNITS: Mapping[str, tuple[str, ...]] = {
    service: tuple(f'devstack@{name}' for name in names)
    for service, names in {
        'nova-api': ('n-api',),
        'nova-scheduler': ('n-sch',),
        'nova-conductor': ('n-super-cond', 'n-cond'),
        'nova-cell-conductor': ('n-cond-cell1',),
        'nova-compute': ('n-cpu',),
        'neutron-api': ('neutron-api',),
        'neutron-rpc-server': ('neutron-rpc-server',),
        'neutron-server': ('neutron-server', 'q-svc'),
        'ceilometer-notification': ('ceilometer-anotification',),
        'aodh-api': ('aodh-api',),
        'aodh-evaluator': ('aodh-evaluator',),
        'aodh-listener': ('aodh-listener',),
        'aodh-notifier': ('aodh-notifier',),
        'congress-server': ('congress', 'congress-datasources'),
        'vitrage-api': ('vitrage-api',),
        'vitrage-graph': ('vitrage-graph',),
        'vitrage-notifier': ('vitrage-notifier',),
    }.items()}
_SCHEDULER = 'nova-scheduler'
_HERE = '127.0.0.1'


class DevStackInstaller(Installer):
    """A DevStack, of one node or of several.

    Doctor runs on its controller, or reaches it by SSH. A node that is
    controller and compute host, as in a DevStack of one node, has the role
    ``controller``. Beside what the base class says, methods raise CloudError
    when Nova does not tell which nodes there are.
    """

    def __init__(self, options: Options, open_cloud: Callable[[], Cloud],
                 settings: Settings) -> None:
        super().__init__(options, open_cloud, settings)
        self._ssh = ssh_options.SshAccess(self.options)

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.StrOpt(
                'controller', default='',
                help='The address of the controller, to reach it by SSH. '
                     'Empty when Doctor runs on it.'),
            *ssh_options.ssh_opts('stack'),
            *faults.fault_opts(),
        ]

    def nodes(self) -> list[Node]:
        """The hosts of Nova's services, controllers first; blocks.

        A controller is who runs a scheduler. The only one is where the
        options say, or this machine; any other node is at its hypervisor's
        address, or by its name.
        """
        with contextlib.closing(self.open_cloud()) as cloud:
            computes = {host.name: host.address for host in cloud.hosts()}
            schedulers = {
                service['host'] for service in cloud.get(
                    'compute', f'/os-services?binary={_SCHEDULER}')
                ['services']}
        if len(schedulers) == 1:
            # Also where Nova does not know it by the machine's name.
            places = dict.fromkeys(schedulers,
                                   self.options.controller or _HERE)
        else:
            places = {name: _HERE if name == socket.gethostname()
                      else computes.get(name, name) for name in schedulers}
        return [Node(name, 'controller', places[name])
                for name in sorted(schedulers)] + [
            Node(name, 'compute', address)
            for name, address in sorted(computes.items())
            if name not in schedulers]

    def layout(self, node: Node) -> Layout:
        """By the units of DevStack that run there; blocks."""
        runner = self.runner(node)
        services = running.by_units(UNITS, running.units(runner))
        return running.layout(running.present(runner, PATHS), services,
                              sudo=True)

    def connect(self, node: Node) -> Runner:
        if node.address == _HERE:
            return LocalRunner(sudo=True)
        return self._ssh.runner(node.address, sudo=True)

    def transport_url(self) -> str:
        """As the nova.conf of the controller says; blocks.

        :raises BackendError: there is none, or it does not say.
        """
        return running.transport_url(
            (node for node in self.nodes() if node.role == 'controller'),
            self.runner, lambda _runner: PATHS['nova.conf'])

    def close(self) -> None:
        super().close()
        self._ssh.close()

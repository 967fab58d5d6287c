"""An overcloud that TripleO deployed, as OPNFV's Apex did."""

import fnmatch
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.installers import faults, running
from doctor_core.installers.base import Installer
from doctor_core.installers.fetched_files import FetchedFiles
from doctor_core.installers.layout import Layout
from doctor_core.installers.settings import Settings
from doctor_core.model import Node
from doctor_core.plugins import Options
from doctor_core.runner import Runner, SshRunner, ssh_options

LOG = logging.getLogger(__name__)

#: The network on which the undercloud reaches its nodes.
_NETWORK = 'ctlplane'
#: stackrc is a shell script, so that a shell has to read it: its path is an
#: argument of this constant one. The undercloud's passwords stay there.
_LIST = 'source "$1" >/dev/null && exec openstack server list -f json'
_LIST_S = 120.0
#: Where TripleO keeps the files of what runs in containers.
_GENERATED = '/var/lib/config-data/puppet-generated'
_ENGINES = ('podman', 'docker')

PATHS: Mapping[str, str] = {
    'nova.conf': '/etc/nova/nova.conf',
    'nova-compute.conf': '/etc/nova/nova.conf',
    'nova-policy.yaml': '/etc/nova/policy.yaml',
    'neutron-ml2.conf': '/etc/neutron/plugins/ml2/ml2_conf.ini',
    'event_pipeline.yaml': '/etc/ceilometer/event_pipeline.yaml',
    'event_definitions.yaml': '/etc/ceilometer/event_definitions.yaml',
    'aodh.conf': '/etc/aodh/aodh.conf',
    'congress.conf': '/etc/congress/congress.conf',
    'vitrage.conf': '/etc/vitrage/vitrage.conf',
}
#: The folder below _GENERATED that holds each of them.
VOLUMES: Mapping[str, str] = {
    name: path.split('/')[2] for name, path in PATHS.items()
} | {'nova-compute.conf': 'nova_libvirt'}
#: The unit and the container of each service.
SERVICES: Mapping[str, tuple[str, str]] = {
    'nova-api': ('openstack-nova-api', 'nova_api'),
    'nova-scheduler': ('openstack-nova-scheduler', 'nova_scheduler'),
    'nova-conductor': ('openstack-nova-conductor', 'nova_conductor'),
    'nova-compute': ('openstack-nova-compute', 'nova_compute'),
    'neutron-server': ('neutron-server', 'neutron_api'),
    'ceilometer-notification': ('openstack-ceilometer-notification',
                                'ceilometer_agent_notification'),
    'aodh-api': ('openstack-aodh-api', 'aodh_api'),
    'aodh-evaluator': ('openstack-aodh-evaluator', 'aodh_evaluator'),
    'aodh-listener': ('openstack-aodh-listener', 'aodh_listener'),
    'aodh-notifier': ('openstack-aodh-notifier', 'aodh_notifier'),
    'congress-server': ('openstack-congress-server', 'congress_api'),
    'vitrage-api': ('openstack-vitrage-api', 'vitrage_api'),
    'vitrage-graph': ('openstack-vitrage-graph', 'vitrage_graph'),
    'vitrage-notifier': ('openstack-vitrage-notifier', 'vitrage_notifier'),
}
_UNITS = {name: (unit,) for name, (unit, _container) in SERVICES.items()}
_CONTAINERS = {name: container
               for name, (_unit, container) in SERVICES.items()}


class ApexInstaller(Installer):
    """A TripleO overcloud, reached through its undercloud.

    The options ``ssh_*`` are how to log in on the undercloud. From there the
    key of the overcloud's nodes is fetched; it is kept in a private folder
    until :meth:`close`.
    """

    def __init__(self, options: Options, open_cloud: Callable[[], Cloud],
                 settings: Settings) -> None:
        super().__init__(options, open_cloud, settings)
        self._ssh = ssh_options.SshAccess(self.options)
        self._undercloud = self._ssh.runner(self.options.undercloud)
        self._fetched = FetchedFiles()

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.StrOpt(
                'undercloud', default='',
                help='The address of the undercloud.'),
            *ssh_options.ssh_opts('stack', whose='the undercloud'),
            cfg.StrOpt(
                'stackrc', default='/home/stack/stackrc',
                help='The file, on the undercloud, with its credentials.'),
            cfg.ListOpt(
                'controllers', default=['*controller*'],
                help='What the undercloud calls the controllers of the '
                     'overcloud: shell patterns, separated by commas.'),
            cfg.ListOpt(
                'computes', default=['*compute*'],
                help='What the undercloud calls the compute hosts.'),
            cfg.StrOpt(
                'overcloud_user', default='heat-admin',
                help='Whom to log in as on the nodes of the overcloud.'),
            cfg.PortOpt(
                'overcloud_port', default=22,
                help='The port of SSH on the nodes of the overcloud.'),
            cfg.StrOpt(
                'overcloud_key_file', default='/home/stack/.ssh/id_rsa',
                help='The private key for the nodes of the overcloud, on '
                     'the undercloud. It is fetched, and removed here when '
                     'Doctor ends.'),
            cfg.StrOpt(
                'overcloud_known_hosts',
                default='/home/stack/.ssh/known_hosts',
                help='The file, on the undercloud, with the host keys of '
                     'the nodes of the overcloud. Who is not in it is '
                     'refused.'),
            cfg.BoolOpt(
                'overcloud_ignore_host_keys', default=False,
                help='Whether the host keys of the nodes of the overcloud '
                     'are not looked at. They are reached over the '
                     'undercloud, whose own host key is.'),
            *faults.fault_opts(),
        ]

    def nodes(self) -> list[Node]:
        """What the undercloud's Nova deployed, by ctlplane address.

        Its client is asked there: that works wherever one can log in, while
        the APIs of an undercloud are most often reached by itself only.

        :raises ConfigError: it is not said where the undercloud is.
        :raises BackendError: the undercloud does not tell.
        """
        said = self.undercloud().run(
            ['bash', '-c', _LIST, 'doctor', self.options.stackrc],
            timeout_s=_LIST_S)
        return sorted(self._found(_records(said)),
                      key=lambda node: (node.role != 'controller', node.name))

    def _found(self, records: Sequence[Mapping[str, Any]]) -> Iterator[Node]:
        for record in records:
            name = str(record.get('Name', ''))
            role = self._role(name)
            address = ctlplane_address(record.get('Networks'))
            if role and address:
                yield Node(name, role, address)
            elif role:
                LOG.warning('%s has no address on %s and is left alone',
                            name, _NETWORK)

    def _role(self, name: str) -> str:
        roles = {'controller': self.options.controllers,
                 'compute': self.options.computes}
        return next((role for role, patterns in roles.items() if any(
            fnmatch.fnmatchcase(name, pattern) for pattern in patterns)), '')

    def undercloud(self) -> SshRunner:
        """The undercloud's one runner; does not block.

        :raises ConfigError: it is not said where it is.
        """
        if not self.options.undercloud:
            raise ConfigError('[installer_apex] undercloud has to be its '
                              'address.')
        return self._undercloud

    def connect(self, node: Node) -> Runner:
        """A new runner for a node, over the undercloud.

        The first one blocks, on fetching the key.
        """
        options, undercloud = self.options, self.undercloud()
        trust: dict[str, Any] = {'ignore_host_keys': True}
        if not options.overcloud_ignore_host_keys:
            trust = {'known_hosts': self._fetched.path(
                undercloud, options.overcloud_known_hosts,
                'Log in from there on each node once, or see [installer_apex]'
                ' overcloud_known_hosts.')}
        return SshRunner(
            node.address, port=options.overcloud_port,
            user=options.overcloud_user, sudo=True, jump=undercloud,
            key_file=self._fetched.path(
                undercloud, options.overcloud_key_file,
                'See [installer_apex] overcloud_key_file.'), **trust)

    def layout(self, node: Node) -> Layout:
        """By the units, or the containers, that run there; blocks."""
        runner = self.runner(node)
        units = running.units(runner)
        if runner.exists(_GENERATED):
            engine, names = running.containers(runner, _ENGINES)
            services = running.by_containers(_CONTAINERS, engine, names,
                                             units)
            paths = {name: _generated(name) for name in PATHS}
        else:
            services = running.by_units(_UNITS, units)
            paths = dict(PATHS)
        return running.layout(running.present(runner, paths), services,
                              sudo=True)

    def transport_url(self) -> str:
        """As the nova.conf of the first controller that answers says;
        blocks.

        :raises BackendError: no controller has one that says it.
        """
        name = 'nova.conf'
        return running.transport_url(
            (node for node in self.nodes() if node.role == 'controller'),
            self.runner,
            lambda runner: _generated(name) if runner.exists(_GENERATED)
            else PATHS[name])

    def close(self) -> None:
        super().close()
        self._undercloud.close()
        self._ssh.close()
        self._fetched.forget()


def ctlplane_address(networks: Any) -> str:
    """A server's address on the control plane; empty if it has none.

    :param networks: as ``openstack server list -f json`` writes them: an
        object of lists, or, by older clients, a text such as
        ``ctlplane=192.0.2.9; storage=198.51.100.7, 2001:db8::7``.
    """
    if isinstance(networks, str):
        match = re.search(rf'(?:^|;)\s*{_NETWORK}=([^;,\s]+)', networks)
        return match[1] if match else ''
    addresses = networks.get(_NETWORK) \
        if isinstance(networks, Mapping) else None
    return str(addresses[0]) if addresses else ''


def _records(said: str) -> Sequence[Mapping[str, Any]]:
    try:
        records = json.loads(said)
    except ValueError:
        records = None
    if not isinstance(records, list) or not all(
            isinstance(record, dict) for record in records):
        raise BackendError('The undercloud did not answer "openstack server '
                           'list -f json" with a list')
    return records


def _generated(name: str) -> str:
    return f'{_GENERATED}/{VOLUMES[name]}{PATHS[name]}'

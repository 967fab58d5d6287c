"""A deployment that is described by hand."""

from collections.abc import Callable, Iterator, Sequence

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.exceptions import ConfigError
from doctor_core.installers import faults
from doctor_core.installers.base import Installer
from doctor_core.installers.layout import Layout, Service
from doctor_core.installers.preparing import catalogue
from doctor_core.installers.settings import Settings
from doctor_core.model import Node
from doctor_core.plugins import Options
from doctor_core.runner import LocalRunner, Runner, ssh_options

#: What an entry of ``nodes`` may be: the roles whose options hold for it.
_ROLES = {'controller': ('controller',), 'compute': ('compute',),
          'both': ('controller', 'compute')}


class LocalInstaller(Installer):
    """A deployment that doctor.conf describes.

    Its nodes, how to log in, where its files are and what its services are
    called: for whatever no other installer knows. Nothing blocks but what
    runs commands on nodes.
    """

    def __init__(self, options: Options, open_cloud: Callable[[], Cloud],
                 settings: Settings) -> None:
        super().__init__(options, open_cloud, settings)
        self.own_clocks = self.options.connection != 'local'
        self._ssh = ssh_options.SshAccess(self.options)

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.ListOpt(
                'nodes', default=[],
                help='The machines of the deployment, separated by commas, '
                     'each as "name=address", or as "name=address role" '
                     'where it is no compute host: controller or both. '
                     'Names of compute hosts are Nova\'s.'),
            cfg.StrOpt(
                'connection', default='local',
                choices=[('local', 'all nodes are this machine'),
                         ('ssh', 'each is reached at its address')],
                help='How nodes are reached.'),
            cfg.BoolOpt(
                'sudo', default=False,
                help='Whether files and services need sudo there, which must '
                     'not ask for a password.'),
            *_layout_opts(),
            cfg.StrOpt(
                'transport_url', default='', secret=True,
                help='The bus of the cloud\'s own notifications.'),
            *ssh_options.ssh_opts(),
            *faults.fault_opts('command'),
        ]

    def nodes(self) -> list[Node]:
        """The machines that ``nodes`` lists; does not block.

        :raises ConfigError: an entry is no node.
        """
        return [Node(name, _ROLES[role][0], address)
                for name, address, role in self._entries()]

    def layout(self, node: Node) -> Layout:
        """As the options say; does not block.

        :raises ConfigError: they name a file or a service that Doctor does
            not know, or the same files for several nodes.
        """
        roles = next((_ROLES[role] for name, _address, role
                      in self._entries() if name == node.name), ())
        files = {name: path for option in
                 ('files', *(f'{role}_files' for role in roles))
                 for name, path in self._named(option, _files(), node)}
        services = {name: self._service(name, unit, node) for role in roles
                    for name, unit in self._named(
                        f'{role}_services', _services(), node)}
        if files and len(self.options.nodes) > 1 \
                and self.options.connection == 'local':
            raise ConfigError(
                '[installer_local] nodes: with connection = local all of '
                'them are this machine, whose files are changed once only. '
                'List it as one node, or set connection = ssh.')
        return Layout(files, services, self.options.sudo)

    def connect(self, node: Node) -> Runner:
        if self.options.connection == 'local':
            return LocalRunner()
        return self._ssh.runner(node.address)

    def transport_url(self) -> str:
        return str(self.options.transport_url)

    def close(self) -> None:
        super().close()
        self._ssh.close()

    def _entries(self) -> list[tuple[str, str, str]]:
        """Name, address and role of each node."""
        return [_entry(text) for text in self.options.nodes]

    def _named(self, option: str, known: set[str], node: Node
               ) -> Iterator[tuple[str, str]]:
        for name, value in getattr(self.options, option).items():
            if name not in known:
                raise ConfigError(
                    f'[installer_local] {option}: there is no {name!r}; '
                    f'there are {", ".join(sorted(known))}.')
            yield name, value.replace('{node}', node.name)

    def _service(self, name: str, unit: str, node: Node) -> Service:
        def filled(option: str) -> tuple[str, ...]:
            return tuple(word.replace('{unit}', unit).replace(
                '{node}', node.name) for word in getattr(self.options, option))

        return Service(name, filled('restart_command'),
                       filled('check_command'))


def _layout_opts() -> Sequence[cfg.Opt]:
    """Where things are, and what they are called."""
    of = {'files': '', 'controller_files': ' of controllers',
          'compute_files': ' of compute hosts'}
    return [
        *(cfg.DictOpt(
            option, default={},
            help=f'Where the files{whose} are that Doctor may have to '
                 'change, separated by commas, each as "name:path", with '
                 '{node} for the name of the node, e.g. '
                 'nova.conf:/etc/nova/nova.conf')
          for option, whose in of.items()),
        *(cfg.DictOpt(
            f'{role}_services', default={},
            help=f'What the services are called that run on {whose}, '
                 'separated by commas, each as "name:unit", with {node} for '
                 'the name of the node, e.g. '
                 'nova-api:openstack-nova-api')
          for role, whose in (('controller', 'controllers'),
                              ('compute', 'compute hosts'))),
        cfg.ListOpt(
            'restart_command', default=['systemctl', 'restart', '{unit}'],
            help='The command that restarts a service, its words separated '
                 'by commas; no shell reads them.'),
        cfg.ListOpt(
            'check_command',
            default=['systemctl', 'is-active', '--quiet', '{unit}'],
            help='The command that ends with status 0 while a service '
                 'runs, in the same form.'),
    ]


def _files() -> set[str]:
    return {name for edits in catalogue.CATALOGUE.values() for edit in edits
            for name in (edit.file, edit.shipped) if name}


def _services() -> set[str]:
    return {name for edits in catalogue.CATALOGUE.values() for edit in edits
            for name in edit.services}


def _entry(text: str) -> tuple[str, str, str]:
    name, _, rest = text.partition('=')
    address, role, *more = [*rest.split(), 'compute'] \
        if len(rest.split()) == 1 else [*rest.split(), '', '']
    if not (name.strip() and address) or role not in _ROLES or any(more):
        raise ConfigError(
            f'[installer_local] nodes: {text!r} is not "name=address" or '
            f'"name=address role", with a role of {", ".join(_ROLES)}.')
    return name.strip(), address, role

"""A deployment whose hosts are failed by commands of this machine."""

import math

from oslo_config import cfg

from doctor_core import clock
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.installers.base import Installer
from doctor_core.model import Host, Node
from doctor_core.runner import LocalRunner, Runner


class LocalInstaller(Installer):
    """Fails and heals a host by a command that is given its name.

    For a cloud on this machine, or one whose operators have such commands
    already. Both commands may be run for a host that is in the wanted state
    and have to end well then.

    :param runner: what runs the commands.
    """

    own_clocks = False

    def __init__(self, conf: cfg.ConfigOpts,
                 runner: Runner | None = None) -> None:
        super().__init__(conf)
        self._options = conf.installer_local
        self._runner = runner or LocalRunner()

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.ListOpt(
                'nodes', default=[],
                help='The machines of the deployment, separated by commas, '
                     'each as "name=address", or as "name=address role" '
                     'where it is no compute host.'),
            cfg.ListOpt(
                'fail_command', default=[],
                help='The command that makes a host fail, its words '
                     'separated by commas; no shell reads them. The name of '
                     'the host is added. When the last line that it writes '
                     'is a number, that is when the host failed, in seconds '
                     'since the epoch by this machine\'s clock; else it is '
                     'when the command was started.'),
            cfg.ListOpt(
                'heal_command', default=[],
                help='The command that brings a host back, in the same '
                     'form.'),
            cfg.FloatOpt(
                'command_timeout_s', default=120.0, min=0.1,
                help='Seconds that a command may take.'),
            cfg.StrOpt(
                'transport_url', default='', secret=True,
                help='The bus of the cloud\'s own notifications.'),
        ]

    def nodes(self) -> list[Node]:
        """The machines that ``nodes`` lists; does not block.

        :raises ConfigError: an entry is no node.
        """
        return [_node(entry) for entry in self._options.nodes]

    def transport_url(self) -> str:
        return str(self._options.transport_url)

    def fail(self, host: Host) -> float:
        """Run the command; blocks until it ends.

        :raises ConfigError: there is no command.
        :raises CommandFailed: it said no.
        :raises BackendError: it did not end in time.
        """
        started_at = clock.now()
        output = self._run('fail_command', host)
        last = output.strip().rpartition('\n')[2]
        try:
            failed_at = float(last)
        except ValueError:
            return started_at
        if not math.isfinite(failed_at):
            raise BackendError(f'[installer_local] fail_command says that '
                               f'{host.name} failed at {last}')
        return failed_at

    def heal(self, host: Host) -> None:
        """Run the command; blocks until it ends; raises as fail does."""
        self._run('heal_command', host)

    def _run(self, option: str, host: Host) -> str:
        command = self._options[option]
        if not command:
            raise ConfigError(f'[installer_local] {option} is needed to '
                              f'fail a host and to bring it back.')
        return self._runner.run(
            [*command, host.name],
            timeout_s=self._options.command_timeout_s)


def _node(entry: str) -> Node:
    name, _, rest = entry.partition('=')
    address, *role = rest.split()[:2] or ['']
    if not (name.strip() and address) or len(rest.split()) > 2:
        raise ConfigError(f'[installer_local] nodes: {entry!r} is not '
                          '"name=address" or "name=address role".')
    return Node(name.strip(), role[0] if role else 'compute', address)

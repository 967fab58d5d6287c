"""The options of everybody who reaches machines by SSH."""

import dataclasses
from typing import Self

from oslo_config import cfg

from doctor_core.exceptions import ConfigError
from doctor_core.plugins import Options
from doctor_core.runner.ssh import SshRunner


def ssh_opts(user: str = '', whose: str = 'the machines of the deployment'
             ) -> list[cfg.Opt]:
    """For the group of a plugin.

    :param user: whom to log in as by default; empty for who runs Doctor.
    :param whose: which machines these are, for the options' help.
    """
    return [
        cfg.StrOpt('ssh_user', default=user,
                   help=f'Whom to log in as on {whose}.'
                        + ('' if user else ' Empty for who runs Doctor.')),
        cfg.PortOpt('ssh_port', default=22, help='The port of SSH.'),
        *_trust_opts('ssh_', whose),
        cfg.StrOpt('ssh_jump_host', default='',
                   help=f'The machine from which {whose} can be reached. '
                        'Empty to reach them from here.'),
        cfg.StrOpt('ssh_jump_user', default='',
                   help='Whom to log in as on ssh_jump_host. Empty for who '
                        'runs Doctor.'),
        cfg.PortOpt('ssh_jump_port', default=22,
                    help='The port of SSH on ssh_jump_host.'),
        *_trust_opts('ssh_jump_', 'ssh_jump_host'),
    ]


def _trust_opts(prefix: str, whose: str) -> list[cfg.Opt]:
    return [
        cfg.StrOpt(f'{prefix}key_file', default='',
                   help=f'The private key to log in with on {whose}. Empty '
                        'for those of the SSH agent and of ~/.ssh.'),
        cfg.StrOpt(f'{prefix}known_hosts', default='',
                   help=f'The file with the host keys of {whose}. Empty for '
                        '~/.ssh/known_hosts. Who is not in it is refused.'),
        cfg.StrOpt(f'{prefix}host_key', default='',
                   help=f'The one host key to trust of {whose}, e.g. '
                        f'"ssh-ed25519 AAAA...", instead of '
                        f'{prefix}known_hosts.'),
        cfg.BoolOpt(f'{prefix}ignore_host_keys', default=False,
                    help=f'Whether the host keys of {whose} are not looked '
                         'at: who can place himself in between then reads '
                         'and gives all commands. Each connection is warned '
                         'of.'),
    ]


@dataclasses.dataclass(frozen=True)
class Login:
    """How to log in on a machine.

    :ivar user: whom to log in as; empty for who runs Doctor.
    :ivar key_file: the private key; empty for those of the agent and of
        ``~/.ssh``.
    :ivar known_hosts: the file with the host keys; empty for the user's.
    :ivar host_key: the one host key to trust, instead of that file.
    :ivar ignore_host_keys: whether host keys are not looked at.
    """

    user: str
    port: int
    key_file: str
    known_hosts: str
    host_key: str
    ignore_host_keys: bool

    @classmethod
    def of(cls, options: Options, prefix: str) -> Self:
        """As the options say whose names begin so.

        :raises ConfigError: they trust in more than one way.
        """
        found = cls(**{field.name: getattr(options, f'{prefix}{field.name}')
                       for field in dataclasses.fields(cls)})
        ways = [f'{prefix}{name}' for name, way in (
            ('known_hosts', found.known_hosts),
            ('host_key', found.host_key),
            ('ignore_host_keys', found.ignore_host_keys)) if way]
        if len(ways) > 1:
            raise ConfigError(f'{" and ".join(ways)}: only one of them can '
                              'say which host keys are trusted.')
        return found

    def runner(self, address: str, *, sudo: bool = False,
               jump: SshRunner | None = None) -> SshRunner:
        """A machine, logged in to so; does not block.

        :param jump: the machine in between.
        :raises ConfigError: a file cannot be read.
        """
        return SshRunner(
            address, port=self.port, user=self.user, sudo=sudo, jump=jump,
            key_file=self.key_file, known_hosts=self.known_hosts,
            host_key=self.host_key, ignore_host_keys=self.ignore_host_keys)


class SshAccess:
    """The way to the machines of a deployment; any thread may use it.

    :param options: with those of :func:`ssh_opts`.
    :raises ConfigError: they trust in more than one way, or a file of the
        machine in between cannot be read.
    """

    def __init__(self, options: Options) -> None:
        #: The machine in between; None when there is none.
        self.jump: SshRunner | None = None
        self._login = Login.of(options, 'ssh_')
        if options.ssh_jump_host:
            self.jump = Login.of(options, 'ssh_jump_').runner(
                options.ssh_jump_host)

    def runner(self, address: str, *, sudo: bool = False) -> SshRunner:
        """A new runner for a machine; does not block.

        :raises ConfigError: a file cannot be read.
        """
        return self._login.runner(address, sudo=sudo, jump=self.jump)

    def close(self) -> None:
        """Log out of the machine in between; may be called again."""
        if self.jump is not None:
            self.jump.close()

"""The options of everybody who reaches machines by SSH."""

from typing import Any

from oslo_config import cfg

from doctor_core.exceptions import ConfigError
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


def jump_runner(options: Any) -> SshRunner | None:
    """The machine in between; None when there is none.

    :param options: a group with :func:`ssh_opts`.
    :raises ConfigError: a file cannot be read.
    """
    if not options.ssh_jump_host:
        return None
    return SshRunner(
        options.ssh_jump_host, port=options.ssh_jump_port,
        user=options.ssh_jump_user, **_trust(options, 'ssh_jump_'))


def ssh_runner(options: Any, address: str, *, user: str = '',
               sudo: bool = False,
               jump: SshRunner | None = None) -> SshRunner:
    """A machine, reached as the options say.

    :param options: a group with :func:`ssh_opts`.
    :param user: whom to log in as where the options do not say.
    :param jump: what :func:`jump_runner` made once for all machines.
    :raises ConfigError: a file cannot be read.
    """
    return SshRunner(
        address, port=options.ssh_port, user=options.ssh_user or user,
        sudo=sudo, jump=jump, **_trust(options, 'ssh_'))


def _trust(options: Any, prefix: str) -> dict[str, Any]:
    names = ('key_file', 'known_hosts', 'host_key', 'ignore_host_keys')
    found = {name: options[f'{prefix}{name}'] for name in names}
    ways = [f'{prefix}{name}' for name in names[1:] if found[name]]
    if len(ways) > 1:
        raise ConfigError(f'{" and ".join(ways)}: only one of them can say '
                          'which host keys are trusted.')
    return found

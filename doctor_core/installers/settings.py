"""What every installer is told, whichever is chosen."""

import dataclasses

from oslo_config import cfg

_EVERYWHERE = ('0.0.0.0', '::')


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a deployment is worked on, whatever installer knows it.

    What is not said here is the option of ``[installer]`` of that name.

    :ivar state_path: the folder on this machine that outlives the process.
    :ivar service_url: where the catalogue is to say that the inspector's API
        is; empty where nothing says it.
    """

    state_path: str
    service_url: str
    journal_path: str
    parallel: int
    restart_timeout_s: float
    steady_s: float
    service_user: str
    service_project: str
    service_password: str = dataclasses.field(repr=False)


def settings(conf: cfg.ConfigOpts) -> Settings:
    """The settings that a configuration holds."""
    values = {field.name: conf.installer[field.name]
              for field in dataclasses.fields(Settings)
              if field.name != 'state_path'}
    values['service_url'] = values['service_url'] or _url(conf.inspector)
    return Settings(state_path=conf.state_path, **values)


def _url(intake: cfg.ConfigOpts.GroupAttr) -> str:
    """Where clients find what ``[inspector]`` says; empty for all addresses
    and for a free port.
    """
    if intake.host in _EVERYWHERE or not intake.port:
        return ''
    host = f'[{intake.host}]' if ':' in intake.host else intake.host
    scheme = 'https' if intake.tls_cert else 'http'
    return f'{scheme}://{host}:{intake.port}'


INSTALLER_OPTS: list[cfg.Opt] = [
    cfg.BoolOpt(
        'prepare', default=False,
        help='Whether "doctor run" changes the deployment for as long as a '
             'scenario runs, as "doctor install apply" does, and puts all '
             'back at the end. Services of the cloud are restarted. No for '
             'a deployment that has all that is needed, or that nobody is '
             'to change.'),
    cfg.BoolOpt(
        'reverse_tunnels', default=False,
        help='Whether the controllers reach the consumer of a scenario, '
             'which listens on the loopback of this machine, by the same '
             'port of theirs, through the SSH connections to them.'),
    cfg.StrOpt(
        'journal_path', default='/var/lib/doctor-install',
        help='The folder on each node that holds what was there before '
             'Doctor changed it. Copies are in the folder "install" of '
             'state_path on this machine. Gone when all is put back.'),
    cfg.IntOpt(
        'parallel', default=20, min=1,
        help='How many nodes are worked on at a time.'),
    cfg.FloatOpt(
        'restart_timeout_s', default=120.0, min=0.1,
        help='Seconds that the restart of a service may take, and as many '
             'until it has come back.'),
    cfg.FloatOpt(
        'steady_s', default=3.0, min=0.0,
        help='Seconds that a service has to run after a restart before it '
             'counts as back: one that cannot read its configuration runs '
             'for a moment too.'),
    cfg.StrOpt(
        'service_user', default='doctor',
        help='The user that "doctor install" makes for Doctor in Keystone.'),
    cfg.StrOpt(
        'service_project', default='service',
        help='The project of the services\' users, in which that user gets '
             'the role admin; "services" in many deployments made by '
             'Puppet.'),
    cfg.StrOpt(
        'service_password', default='', secret=True,
        help='The password of that user. Empty for a random one. Either way '
             'it is kept in doctor-clouds.yaml in state_path.'),
    cfg.StrOpt(
        'service_url', default='',
        help='Where Keystone\'s catalogue says that the inspector\'s API is. '
             'Empty for host and port of [inspector].'),
]

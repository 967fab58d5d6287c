"""All options in one place: gathers, and declares only what has no plugin.

A plugin declares its own options in ``get_opts``; its class is the only
place that names them.
"""

from typing import Any

from oslo_config import cfg

from doctor_core import events, plugins

DEFAULTS = {
    'monitors': 'sample',
    'inspectors': 'sample',
    'installers': 'embedded',
    'alarms': 'local',
    'consumers': 'sample',
    'scenarios': 'fault_management',
}

_TYPE_HELP = {
    'monitors': 'Which monitor watches the hosts.',
    'inspectors': 'Which inspector corrects the picture of a failed host.',
    'installers': 'What knows the deployment: its nodes, its bus, and how '
                  'to make a host fail.',
    'alarms': 'Who keeps the owners\' alarms and evaluates them.',
    'consumers': 'Who stands for the owners of servers in a scenario.',
    'scenarios': 'Which scenario "doctor run" runs when none is named.',
}


def type_opts(kind: str) -> list[cfg.Opt]:
    """The option that chooses the plugin of a kind."""
    return [cfg.StrOpt(
        'type', default=DEFAULTS[kind],
        help=f'{_TYPE_HELP[kind]} "doctor plugins" lists what there is.')]


DEFAULT_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'state_path', default='/var/lib/doctor',
        help='The folder in which Doctor keeps what has to survive a '
             'restart.'),
]

BUS_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'transport_url', default='', secret=True,
        help='The bus on which faults travel, e.g. '
             'rabbit://user:password@host:5672/. Empty for the transport_url '
             'of [DEFAULT]. kombu+memory:// stays within one process.'),
    cfg.StrOpt(
        'topic', default=events.FAULTS_TOPIC,
        help='The topic of faults.'),
    cfg.IntOpt(
        'retry', default=3, min=1,
        help='How often a single attempt to publish is retried before it '
             'counts as failed. A monitor keeps what was not taken and '
             'offers it again.'),
]

CLOUD_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'name', default='',
        help='The cloud of clouds.yaml to talk to. Empty for the credentials '
             'of this section (auth_type, auth_url, username, ...), or, when '
             'it has none, for the OS_* variables of the environment.'),
    cfg.StrOpt(
        'region_name', default='',
        help='The region whose endpoints are used. Empty for what '
             'clouds.yaml or the environment says, else for the first in '
             'the catalogue.'),
    cfg.StrOpt(
        'interface', default='',
        help='Which endpoints of the catalogue are used: public, internal '
             'or admin. Empty for what clouds.yaml or the environment says, '
             'else for public.'),
    cfg.StrOpt(
        'clouds_file', default='',
        help='The clouds.yaml to look into, and no other place. Empty for '
             'where all OpenStack clients look.'),
    cfg.StrOpt(
        'notifications_transport_url', default='', secret=True,
        help='The bus on which Nova sends its notifications, to hear of '
             'new, moved and deleted servers at once. Empty to ask Nova '
             'every [inspector] refresh_s seconds only.'),
    cfg.StrOpt(
        'notifications_exchange', default='nova',
        help='The exchange on which Nova sends its notifications: its '
             'control_exchange.'),
    cfg.StrOpt(
        'notifications_topic', default=events.NOVA_TOPIC,
        help='The topic of Nova\'s unversioned notifications. Doctor listens '
             'with a queue of its own and takes nothing from others.'),
    cfg.IntOpt(
        'concurrency', default=50, min=1,
        help='How many corrections are asked of Nova, and as many of '
             'Neutron, at a time.'),
    cfg.FloatOpt(
        'request_timeout_s', default=30.0, min=0.1,
        help='Seconds to wait for the answer to one request.'),
    cfg.FloatOpt(
        'retry_for_s', default=60.0, min=0.0,
        help='Seconds for which a correction is tried again that failed '
             'for a reason that may pass.'),
]

MONITOR_OPTS: list[cfg.Opt] = [
    cfg.ListOpt(
        'hosts', default=[],
        help='The hosts to watch, separated by commas, each as '
             '"name=address", with more addresses after it if it has more '
             'networks ("name=address address"), or as a name that resolves. '
             'Names are Nova\'s. Empty for all compute hosts that Nova '
             'knows.'),
    cfg.FloatOpt(
        'refresh_s', default=60.0, min=1.0, mutable=True,
        help='Seconds between two looks at which hosts there are, and at '
             'the addresses of those given by name.'),
    cfg.PortOpt(
        'status_port', default=12344,
        help='The port of 127.0.0.1 on which the monitor tells what it holds '
             'of each host, for "doctor hosts"; 0 for a free one.'),
]

INSPECTOR_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'notification', default='shortcut',
        choices=[('shortcut', 'tell the owners at once, while Nova is being '
                              'corrected'),
                 ('conservative', 'tell an owner when Nova has the new state '
                                  'of the server')],
        mutable=True,
        help='When the owners are told.'),
    cfg.HostAddressOpt(
        'host', default='127.0.0.1',
        deprecated_opts=[cfg.DeprecatedOpt('ip', group='inspector')],
        help='The address on which events are taken in.'),
    cfg.PortOpt(
        'port', default=12345,
        help='The port on which events are taken in; 0 for a free one.'),
    cfg.StrOpt(
        'auth_strategy', default='none',
        choices=[('none', 'anybody who can connect; loopback only'),
                 ('keystone', 'a Keystone token with one of the roles of '
                              'auth_roles in X-Auth-Token')],
        help='Who may post events and keep alarms.'),
    cfg.ListOpt(
        'auth_roles', default=['admin', 'service'],
        help='Roles that may post events, with auth_strategy = keystone.'),
    cfg.StrOpt('tls_cert', default='',
               help='The certificate file of the intake; HTTPS when set.'),
    cfg.StrOpt('tls_key', default='',
               help='The key file of the intake.'),
    cfg.StrOpt(
        'unknown_events', default='ignore',
        choices=[('ignore', 'answer 202, record the event, do nothing'),
                 ('reject', 'answer 422')],
        mutable=True,
        help='What is done with an event of a type that Doctor does not '
             'know.'),
    cfg.ListOpt(
        'alert_host_labels', default=list(events.HOST_LABELS), mutable=True,
        help='Labels of an alert of Prometheus Alertmanager, or of '
             'collectd\'s write_http, that name the host; the first that '
             'the alert has.'),
    cfg.BoolOpt(
        'update_port_data_plane_status', default=True,
        deprecated_opts=[cfg.DeprecatedOpt('update_neutron_port_dp_status',
                                           group='inspector')],
        mutable=True,
        help='Whether the ports on a failed host get the data plane status '
             'DOWN. Neutron needs its extension data_plane_status.'),
    cfg.FloatOpt(
        'refresh_s', default=60.0, min=1.0,
        help='Seconds between two full looks at what runs on which host.'),
    cfg.FloatOpt(
        'mass_failure_share', default=0.3, min=0.0, max=1.0, mutable=True,
        help='When more than this share of all compute hosts go down within '
             'mass_failure_window_s, their owners are told, but no further '
             'host is marked down in Nova and Neutron until an operator '
             'confirms it: "doctor faults confirm". 0 for never.'),
    cfg.IntOpt(
        'mass_failure_hosts', default=3, min=2, mutable=True,
        help='So many hosts at least make a mass failure, whatever share of '
             'all they are.'),
    cfg.FloatOpt(
        'mass_failure_window_s', default=60.0, min=0.0, mutable=True,
        help='Seconds within which failures are taken as one.'),
    cfg.FloatOpt(
        'mass_failure_cool_down_s', default=0.0, min=0.0, mutable=True,
        help='Mark the hosts down without an operator when no other one has '
             'gone down for so many seconds. 0 to wait for an operator.'),
]

NOTIFIER_OPTS: list[cfg.Opt] = [
    cfg.FloatOpt(
        'deadline_s', default=60.0, min=0.1,
        help='Seconds after which a notice that nobody took is given up.'),
    cfg.FloatOpt(
        'timeout_s', default=10.0, min=0.1,
        help='Seconds that a single attempt may take.'),
    cfg.FloatOpt(
        'retry_min_s', default=0.1, min=0.001,
        help='Seconds before the second attempt. The wait is drawn from a '
             'window that doubles with each further attempt.'),
    cfg.FloatOpt(
        'retry_max_s', default=10.0, min=0.001,
        help='Seconds between two attempts at the most.'),
]

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

#: Non-plugin options by group.
GROUPS: dict[str, list[cfg.Opt]] = {
    'DEFAULT': DEFAULT_OPTS,
    'bus': BUS_OPTS,
    'cloud': CLOUD_OPTS,
    'monitor': MONITOR_OPTS,
    'inspector': INSPECTOR_OPTS,
    'installer': INSTALLER_OPTS,
    'notifier': NOTIFIER_OPTS,
}


def group_opts(group: str) -> list[cfg.Opt]:
    """The options of one group; none when the group is not Doctor's.

    :raises ConfigError: it is a plugin's that cannot be loaded.
    """
    options = list(GROUPS.get(group, []))
    for kind, singular in plugins.KINDS.items():
        if group == singular and kind in DEFAULTS:
            options += type_opts(kind)
        name = group.removeprefix(f'{singular}_')
        if name != group and name in plugins.names(kind):
            options += plugins.load(kind, name).get_opts()
    return options


def all_groups() -> dict[str, list[cfg.Opt]]:
    """Every option of Doctor by group, those of all plugins included."""
    groups = {name: list(options) for name, options in GROUPS.items()}
    for kind in DEFAULTS:
        groups.setdefault(plugins.KINDS[kind], [])[:0] = type_opts(kind)
    for state in plugins.states():
        if not state.error:
            options = plugins.load(state.kind, state.name).get_opts()
            if options:
                groups[plugins.options_group(state.kind, state.name)] = options
    return groups


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """For oslo-config-generator and oslo-config-validator."""
    # Only here: it imports keystoneauth, which takes its time.
    from doctor_core.cloud import access
    groups = all_groups()
    groups['cloud'] = groups['cloud'] + access.credential_opts()
    return list(groups.items())


def register(conf: Any) -> None:
    """Register what does not depend on the choice of plugins."""
    for name, options in GROUPS.items():
        conf.register_opts(options, group=None if name == 'DEFAULT' else name)
    for kind in DEFAULTS:
        conf.register_opts(type_opts(kind), group=plugins.KINDS[kind])

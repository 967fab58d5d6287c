"""All options in one place: gathers.

A plugin declares its own options in ``get_opts``, another part beside the
class that reads them; no other place names them. Here stand only those that
choose plugins, and the two of ``[DEFAULT]``: many read where state is kept,
and whose sections are foreign is read by who imports this, ``conf``.
"""

import contextlib
import importlib.metadata
from typing import Any

from oslo_config import cfg

from doctor_core import option_values, plugins
from doctor_core.api import events, serving
from doctor_core.cloud import client, credentials
from doctor_core.exceptions import ConfigError
from doctor_core.faults import settings as engine
from doctor_core.installers import settings as preparing
from doctor_core.messaging import settings as buses
from doctor_core.notifiers import deliverer
from doctor_core.services import hosts
from doctor_core.web import auth

#: What is chosen of each kind where nothing is said; a list where several
#: work side by side.
DEFAULTS: dict[str, str | list[str]] = {
    'monitors': ['sample'],
    'corroborators': [],
    'inspectors': 'sample',
    'installers': 'embedded',
    'alarms': 'local',
    'consumers': 'sample',
    'scenarios': 'fault_management',
}

_TYPE_HELP = {
    'monitors': 'Which monitors watch the hosts, separated by commas.',
    'corroborators': 'Who is asked whether a host that falls silent is dead, '
                     'separated by commas; empty for nobody.',
    'inspectors': 'Which inspector corrects the picture of a failed host.',
    'installers': 'What knows the deployment: its nodes, its bus, and how '
                  'to make a host fail.',
    'alarms': 'Who keeps the owners\' alarms and evaluates them.',
    'consumers': 'Who stands for the owners of servers in a scenario.',
    'scenarios': 'Which scenario "doctor run" runs when none is named.',
}


def type_opts(kind: str) -> list[cfg.Opt]:
    """The option that chooses the plugin, or the plugins, of a kind."""
    default = DEFAULTS[kind]
    option = cfg.StrOpt if isinstance(default, str) else cfg.ListOpt
    return [option(
        'type', default=default,
        help=f'{_TYPE_HELP[kind]} "doctor plugins" lists what there is.')]


DEFAULT_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'state_path', default='/var/lib/doctor',
        help='The folder in which Doctor keeps what has to survive a '
             'restart.'),
    cfg.ListOpt(
        'foreign_sections', default=[],
        help='Sections of other programs in this file, which Doctor does not '
             'look at. Any other section that is not Doctor\'s or '
             'oslo.messaging\'s is refused, since it may be misspelt.'),
]

#: Non-plugin options by group.
GROUPS: dict[str, list[cfg.Opt]] = {
    'DEFAULT': DEFAULT_OPTS,
    'bus': buses.BUS_OPTS,
    'cloud': [*credentials.CLOUD_OPTS, *client.CLOUD_OPTS,
              *buses.CLOUD_OPTS],
    'monitor': hosts.MONITOR_OPTS,
    'inspector': [*serving.OPTS, *auth.OPTS, *events.OPTS, *engine.OPTS],
    'installer': preparing.INSTALLER_OPTS,
    'notifier': deliverer.NOTIFIER_OPTS,
}


#: Options that are taken and have no effect any more, by group.
GONE: dict[str, list[cfg.Opt]] = {'inspector': engine.GONE}


def group_opts(group: str) -> list[cfg.Opt]:
    """The options of one group, those that are gone included; none when the
    group is not Doctor's.

    :raises ConfigError: it is a plugin's that cannot be loaded.
    """
    options = [*GROUPS.get(group, []), *GONE.get(group, [])]
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


def sections() -> set[str]:
    """Every section of Doctor's own, and of every installed plugin."""
    found = {*GROUPS, *plugins.KINDS.values()}
    for kind in plugins.KINDS:
        found.update(plugins.options_group(kind, name)
                     for name in plugins.names(kind))
    return found


def library_opts(group: str) -> list[cfg.Opt]:
    """The options of a section that oslo.log and oslo.messaging read."""
    options = list(buses.library_opts().get(group, []))
    if group == 'DEFAULT':
        for entry in importlib.metadata.entry_points(
                group='oslo.config.opts', name='oslo.log'):
            options += [option for _, found in entry.load()()
                        for option in found]
    return options


def library_sections() -> set[str]:
    """The sections that oslo.messaging reads."""
    return set(buses.library_opts())


def credential_opts(auth_type: str) -> list[cfg.Opt]:
    """keystoneauth's own options of [cloud].

    :param auth_type: whose; empty for those of a user with a password.
    :raises ConfigError: there is no such auth_type.
    """
    return credentials.credential_opts(auth_type or 'password')


def credentials_of(conf: cfg.ConfigOpts, group: str) -> list[cfg.Opt]:
    """keystoneauth's options of a section, as far as its auth_type can be
    read.
    """
    found = list(credentials.common_opts())
    with contextlib.suppress(ConfigError, *option_values.WRONG):
        found += credential_opts(conf[group].auth_type)
    return found


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """For oslo-config-generator and oslo-config-validator."""
    groups = {**all_groups(), **buses.novas_opts()}
    groups['cloud'] = groups['cloud'] + credential_opts('')
    return list(groups.items())


def register(conf: Any) -> None:
    """Register what does not depend on the choice of plugins."""
    for name, options in [*GROUPS.items(), *GONE.items()]:
        conf.register_opts(options, group=None if name == 'DEFAULT' else name)
    for kind in DEFAULTS:
        conf.register_opts(type_opts(kind), group=plugins.KINDS[kind])

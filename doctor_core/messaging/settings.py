"""Options of the two buses: Doctor's own, and the deployment's.

oslo.messaging reads what it needs, such as TLS or how queues are declared,
from sections of fixed names. What is right for Doctor's queues may be wrong
for those that Nova has declared already, so each bus gets a configuration of
its own, which finds there what the files say of that bus.
"""

import copy
import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_messaging import opts as messaging_opts

from doctor_core import option_values, wire
from doctor_core.exceptions import ConfigError

_RABBIT = 'oslo_messaging_rabbit'
#: Sections of oslo.messaging's by what they are called for Nova's bus.
_NOVAS_SECTIONS = {'notifications_rabbit': _RABBIT,
                   'notifications_kafka': 'oslo_messaging_kafka'}
_TLS_FILES = ('ssl_ca_file', 'ssl_cert_file', 'ssl_key_file')
#: A handler waits for those whom it tells; hosts that fail together must
#: not wait for each other's.
_HANDLERS = 512

#: So many messages wait in a process for their turn; more are the broker's.
_PREFETCHED = 10000

BUS_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'transport_url', default='', secret=True,
        help='The bus on which faults travel, e.g. '
             'rabbit://user:password@host:5672/. Empty for the transport_url '
             'of [DEFAULT]. kombu+memory:// stays within one process.'),
    cfg.StrOpt(
        'topic', default=wire.FAULTS_TOPIC,
        help='The topic of faults. Exactly one inspector listens to a topic: '
             'two would share its faults, and each would get a part of them. '
             'A monitor reports to the topic of its inspector.'),
    cfg.IntOpt(
        'retry', default=3, min=1,
        help='How often a single attempt to publish is retried before it '
             'counts as failed. A monitor keeps what was not taken and '
             'offers it again.'),
]

#: What [cloud] says of the bus of Nova, Ceilometer and Aodh.
CLOUD_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'notifications_transport_url', default='', secret=True,
        help='The bus on which Nova sends its notifications, to hear of '
             'new, moved and deleted servers at once. Empty to ask Nova '
             'every [inspector] refresh_s seconds only. It has to be set '
             'with [alarm] type = aodh in shortcut mode: Aodh is told over '
             'it.'),
    cfg.StrOpt(
        'notifications_exchange', default='nova',
        help='The exchange on which Nova sends its notifications: its '
             'control_exchange.'),
    cfg.StrOpt(
        'notifications_topic', default=wire.NOVA_TOPIC,
        help='The topic of Nova\'s unversioned notifications. Doctor listens '
             'with a queue of its own and takes nothing from others.'),
]


@dataclasses.dataclass(frozen=True)
class Side:
    """Which of the two buses.

    :ivar option: where its transport URL is written.
    :ivar sections: where its options are, by where oslo.messaging looks.
    :ivar rabbit: what is better for it than oslo.messaging's defaults.
    """

    option: str
    sections: Mapping[str, str]
    rabbit: Mapping[str, Any]

    @property
    def rabbit_section(self) -> str:
        """Where the options of RabbitMQ's driver are."""
        return self.sections.get(_RABBIT, _RABBIT)


#: Back within a second of the broker, instead of up to half a minute.
_QUICK = {'rabbit_retry_backoff': 1, 'rabbit_interval_max': 1,
          'kombu_reconnect_delay': 0.1}
OURS = Side('[bus] transport_url', {},
            {**_QUICK, 'amqp_durable_queues': True,
             'rabbit_qos_prefetch_count': _PREFETCHED})
NOVAS = Side('[cloud] notifications_transport_url', {
    theirs: own for own, theirs in _NOVAS_SECTIONS.items()}, _QUICK)


def library_opts() -> dict[str, list[cfg.Opt]]:
    """oslo.messaging's options by section, those for Nova's bus included."""
    found: dict[str, list[cfg.Opt]] = {}
    for group, options in messaging_opts.list_opts():
        found.setdefault(group or 'DEFAULT', []).extend(options)
    return {**found, **novas_opts()}


def novas_opts() -> dict[str, list[cfg.Opt]]:
    """The options of ``[notifications_*]``, by section."""
    theirs = dict(messaging_opts.list_opts())
    found = {}
    for section, group in _NOVAS_SECTIONS.items():
        found[section] = [copy.copy(option) for option in theirs[group]]
        for option in found[section]:
            # Former names were those of other sections.
            option.deprecated_opts = []
    return found


def library_conf(conf: cfg.ConfigOpts) -> cfg.ConfigOpts:
    """What oslo.messaging reads: its options, in the same files.

    :param conf: whose files are read.
    """
    own = cfg.ConfigOpts()
    own([], project='doctor',
        default_config_files=_paths(conf, 'config_file'),
        default_config_dirs=_paths(conf, 'config_dir'))
    for section, options in library_opts().items():
        own.register_opts(
            options, group=None if section == 'DEFAULT' else section)
    return own


def transport_conf(conf: cfg.ConfigOpts, side: Side, *,
                   in_memory: bool) -> cfg.ConfigOpts:
    """What oslo.messaging is to read for one bus.

    :param conf: whose files are read.
    :raises ConfigError: a value is wrong, or a TLS file cannot be read.
    """
    own = library_conf(conf)
    messaging_opts.set_defaults(own, executor_thread_pool_size=_HANDLERS)
    rabbit = side.rabbit_section
    for name, value in side.rabbit.items():
        own.set_default(name, value, group=rabbit)
    if in_memory:
        own.set_default('heartbeat_timeout_threshold', 0, group=rabbit)
    _check_values(own, rabbit)
    for group, section in side.sections.items():
        for name in own[section]:
            own.set_override(name, own[section][name], group=group)
    return own


def _paths(conf: cfg.ConfigOpts, name: str) -> list[str]:
    try:
        return [os.path.expanduser(path) for path in conf[name] or []]
    except cfg.NoSuchOptError:
        return []


def _check_values(conf: cfg.ConfigOpts, rabbit: str) -> None:
    """oslo.config looks at a value when it is used: use each once, now."""
    for section, options in library_opts().items():
        for option in options if section != 'DEFAULT' else ():
            try:
                conf[section][option.dest]
            except option_values.WRONG as error:
                said = option_values.complaint(
                    error, is_secret=option_values.is_secret(option))
                raise ConfigError(f'[{section}] {option.dest}: {said}'
                                  ) from None
    for name in _TLS_FILES if conf[rabbit].ssl else ():
        path = conf[rabbit][name]
        if path and not os.access(path, os.R_OK):
            raise ConfigError(f'[{rabbit}] {name}: cannot read {path}.')

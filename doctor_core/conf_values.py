"""Whether each option has a value that can be meant."""

import functools
import math
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from oslo_config import cfg

from doctor_core import option_values, opts, plugins
from doctor_core.conf_files import Places
from doctor_core.exceptions import ConfigError, PluginFailed

#: No number of Doctor's is larger; what the system waits for cannot be much
#: longer than so many seconds, and fails when the wait begins.
_LARGEST = 10 ** 9


def refuse_wrong(conf: cfg.ConfigOpts, kinds: Collection[str]) -> None:
    """Use each option once, now: oslo.config looks at a value when it is
    used, and takes numbers that are none.

    :param kinds: the kinds whose plugins are needed.
    :raises ConfigError: one has a wrong value; says where it is set.
    """
    refuse(complaints(conf))
    known = _Known(conf)
    for group, name, complaint in [*_at_odds(conf),
                                   *_without_way(conf, kinds)]:
        raise ConfigError(f'{known.place(group, name)}[{group}] {name}: '
                          f'{complaint}')


def refuse(found: Iterable[str]) -> None:
    """The first of some complaints.

    :raises ConfigError: there is one.
    """
    for complaint in found:
        raise ConfigError(complaint)


def complaints(conf: cfg.ConfigOpts,
               wanted: Collection[tuple[str, str]] | None = None
               ) -> Iterator[str]:
    """What is wrong with the values of options, a line for each that is.

    :param wanted: section and name of those that are looked at; all by
        default.
    """
    known = _Known(conf)
    for group, name, values in _options(conf):
        if wanted is not None and (group, name) not in wanted:
            continue
        try:
            complaint = _complaint(conf, group, name, values[name])
        except option_values.WRONG as error:
            complaint = option_values.complaint(
                error, is_secret=known.is_secret(group, name))
        if complaint:
            yield f'{known.place(group, name)}[{group}] {name}: {complaint}'


def _at_odds(conf: cfg.ConfigOpts) -> Iterator[tuple[str, str, str]]:
    """Options of whose values each is right, but nothing works with all of
    them: section, name, and what is wrong.
    """
    inspector, notifier = conf.inspector, conf.notifier
    if inspector.auth_strategy == 'keystone' \
            and not any(inspector.auth_roles):
        yield ('inspector', 'auth_roles',
               'is empty: with auth_strategy = keystone nobody may post')
    if not any(inspector.alert_host_labels):
        yield ('inspector', 'alert_host_labels',
               'is empty: no alert could name a host')
    if notifier.retry_min_s > notifier.retry_max_s:
        # Where one of them is a default, the other is the one to change.
        name = 'retry_min_s' if _is_set(conf, 'notifier', 'retry_min_s') \
            else 'retry_max_s'
        yield ('notifier', name,
               f'the shortest pause, {notifier.retry_min_s:g} s, is longer '
               f'than the longest, {notifier.retry_max_s:g} s')


def _without_way(conf: cfg.ConfigOpts, kinds: Collection[str]
                 ) -> Iterator[tuple[str, str, str]]:
    """As :func:`_at_odds`: alarms whose owners could never be told. The
    first fault would show it, and no retry mends it.
    """
    if 'alarms' in kinds and conf.inspector.notification == 'shortcut' \
            and not conf.cloud.notifications_transport_url \
            and plugins.chosen(conf, 'alarms').publishes:
        yield ('alarm', 'type',
               f'with {conf.alarm.type} and [inspector] notification = '
               'shortcut owners are told over [cloud] '
               'notifications_transport_url, which is not set: set it to '
               'the bus of Nova and Aodh')


def differing(old: cfg.ConfigOpts, new: cfg.ConfigOpts) -> Iterator[str]:
    """The options that have another value, as ``[section] name``: values
    may be secret.

    :param new: an option that it does not have has no other value.
    """
    values = {(group, name): section[name]
              for group, name, section in _options(new)}
    for group, name, section in _options(old):
        if values.get((group, name), section[name]) != section[name]:
            yield f'[{group}] {name}'


def _options(conf: cfg.ConfigOpts) -> Iterator[tuple[str, str, Any]]:
    """Section and name of each option, and what to look its value up in."""
    for name in list(conf):
        try:
            section = conf[name]
        except option_values.WRONG:  # no section: a wrong value
            section = None
        if isinstance(section, cfg.ConfigOpts.GroupAttr):
            for option in section:
                yield name, option, section
        else:
            yield 'DEFAULT', name, conf


def _complaint(conf: cfg.ConfigOpts, group: str, name: str,
               value: Any) -> str:
    """What is wrong with a value; empty if nothing is."""
    if value is None and _is_set(conf, group, name):
        # Of an empty text, oslo.config makes None for a number only.
        return 'is empty and has to be a number; leave it out for the default'
    for number in value if isinstance(value, list) else [value]:
        if isinstance(number, float) and not math.isfinite(number):
            return f'{number} is no number that can be meant'
        if isinstance(number, (int, float)) and group != 'DEFAULT' \
                and abs(number) > _LARGEST:
            return f'is larger than {_LARGEST}'
    return ''


def _is_set(conf: cfg.ConfigOpts, group: str, name: str) -> bool:
    """Whether a file says something of an option."""
    location = conf.get_location(
        name, None if group == 'DEFAULT' else group)
    return location is not None \
        and location.location is cfg.Locations.user


class _Known:
    """What is known of options, looked for when one is wrong.

    :param conf: of which they are.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._options: dict[str, list[cfg.Opt]] = {}

    def is_secret(self, group: str, name: str) -> bool:
        """Whether nobody may read the value of an option."""
        return any(option_values.is_secret(option)
                   for option in self._called(group, name))

    def place(self, group: str, name: str) -> str:
        """Where an option is set: ``FILE, line N: ``."""
        names = [(group, name)]
        for option in self._called(group, name):
            names += [(old.group or group, old.name.replace('-', separator))
                      for old in option.deprecated_opts if old.name
                      for separator in '-_']
        return self._places.of(names)

    @functools.cached_property
    def _places(self) -> Places:
        return Places(self._conf)

    def _called(self, group: str, name: str) -> list[cfg.Opt]:
        if group not in self._options:
            self._options[group] = self._of(group)
        return [option for option in self._options[group]
                if option.dest == name]

    def _of(self, group: str) -> list[cfg.Opt]:
        """The options of a section; those of credentials may be in any."""
        try:
            options = [*opts.group_opts(group), *opts.library_opts(group)]
        except PluginFailed:
            options = []
        if group in self._conf and 'auth_type' in self._conf[group]:
            options += opts.credentials_of(self._conf, group)
        return options

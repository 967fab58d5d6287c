"""Whether each option has a value that can be meant."""

import math
import re
from collections.abc import Iterator
from typing import Any

from oslo_config import cfg

from doctor_core import opts
from doctor_core.conf_files import place_of
from doctor_core.exceptions import ConfigError, PluginFailed

#: No number of Doctor's is larger; what the system waits for cannot be much
#: longer than so many seconds, and fails when the wait begins.
_LARGEST = 10 ** 9
#: What oslo.config says before what is wrong.
_WHERE = re.compile(r'Value for option .*? is not valid: ', re.DOTALL)
#: How Python puts it, and what an operator is told.
_PLAINER = (
    (re.compile(r'invalid literal for int\(\) with base 10: (.*)', re.DOTALL),
     r'must be a whole number, not \1'),
    (re.compile(r'could not convert string to float: (.*)', re.DOTALL),
     r'must be a number, not \1'),
)


def refuse_wrong(conf: cfg.ConfigOpts) -> None:
    """Use each option once, now: oslo.config looks at a value when it is
    used, and takes numbers that are none.

    :raises ConfigError: one has a wrong value; says where it is set.
    """
    for group, name, values in _options(conf):
        try:
            complaint = _complaint(conf, group, name, values[name])
        except (cfg.Error, ValueError) as error:
            complaint = plain(error)
        if complaint:
            raise ConfigError(f'{place_of(conf, _names(group, name))}'
                              f'[{group}] {name}: {complaint}')
    for group, name, complaint in _at_odds(conf):
        raise ConfigError(f'{place_of(conf, _names(group, name))}'
                          f'[{group}] {name}: {complaint}')


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


def plain(error: Exception) -> str:
    """What is wrong with a value, in a line and without Python's words."""
    text = _WHERE.sub('', str(error))
    for pattern, words in _PLAINER:
        text = pattern.sub(words, text)
    return ' '.join(text.split())


def _options(conf: cfg.ConfigOpts) -> Iterator[tuple[str, str, Any]]:
    """Section and name of each option, and what to look its value up in."""
    for name in list(conf):
        try:
            section = conf[name]
        except (cfg.Error, ValueError):  # no section: a wrong value
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


def _names(group: str, name: str) -> list[tuple[str, str]]:
    """The sections and names that an option may stand under."""
    names = [(group, name)]
    try:
        options = [*opts.group_opts(group), *opts.library_opts(group)]
    except PluginFailed:
        return names
    for option in options:
        if option.dest == name:
            names += [(old.group or group, old.name.replace('-', '_'))
                      for old in option.deprecated_opts if old.name]
    return names

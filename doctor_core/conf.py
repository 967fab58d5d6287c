"""Configuration: files in, a ConfigOpts out; there is no global one."""

import difflib
import logging
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg, iniparser

import doctor_core
from doctor_core import opts, plugins
from doctor_core.exceptions import ConfigError

#: Where doctor.conf is looked for when none is named.
DEFAULT_FILES = ('/etc/doctor/doctor.conf',)
#: Groups that take options which Doctor does not declare itself.
_OPEN_GROUPS = frozenset({'DEFAULT', 'cloud'})


def prepare(files: Sequence[str] | None = None,
            overrides: Mapping[tuple[str, str], Any] | None = None,
            argv: Sequence[str] = (), prog: str = 'doctor',
            kinds: Sequence[str] = tuple(opts.DEFAULTS)) -> cfg.ConfigOpts:
    """Read the configuration.

    :param files: what to read; None for ``/etc/doctor/doctor.conf`` if it
        exists. ``--config-file`` on the command line comes instead of it.
    :param argv: a daemon's command line, as all of OpenStack takes it; a
        wrong one ends the process with a line and exit code 2.
    :param prog: the daemon's name, for ``--help``.
    :param kinds: the kinds whose chosen plugins are needed; a daemon does
        not fail on the plugin of another one.
    :param overrides: values that win over the files, by (group, option).
    :returns: with the options of all chosen plugins registered.
    :raises ConfigError: a file cannot be read, an option is unknown or its
        value wrong, a plugin is missing; one line that says which.
    """
    if files is None:
        files = [path for path in DEFAULT_FILES if os.path.exists(path)]
    conf = cfg.ConfigOpts()
    opts.register(conf)
    _register_logging(conf)
    try:
        conf(list(argv), project='doctor', prog=prog,
             default_config_files=list(files), default_config_dirs=[],
             version=doctor_core.__version__ if argv else None)
    except cfg.ConfigFilesNotFoundError as error:
        raise ConfigError('Cannot read the configuration file '
                          f'{", ".join(error.config_files)}.') from None
    except (cfg.Error, ValueError) as error:
        raise ConfigError(f'Configuration: {error}') from None
    for (group, name), value in (overrides or {}).items():
        _override(conf, group, name, value)
    for kind in kinds:
        plugins.chosen(conf, kind)
    for (group, name), value in (overrides or {}).items():
        _override(conf, group, name, value, late=True)
    _refuse_unknown(conf.config_file or [])
    _refuse_wrong(conf)
    return conf


def _register_logging(conf: cfg.ConfigOpts) -> None:
    from oslo_log import log
    log.register_options(conf)


def _override(conf: cfg.ConfigOpts, group: str, name: str, value: Any,
              late: bool = False) -> None:
    try:
        conf.set_override(name, value,
                          group=None if group == 'DEFAULT' else group)
    except (cfg.NoSuchOptError, cfg.NoSuchGroupError):
        if late:
            raise ConfigError(
                f'There is no option {name!r} in [{group}].') from None
    except ValueError as error:
        raise ConfigError(f'[{group}] {name}: {error}') from None


def _refuse_wrong(conf: cfg.ConfigOpts) -> None:
    """oslo.config looks at a value when it is used: use each once, now."""
    for name in list(conf):
        section = conf[name]
        if not isinstance(section, cfg.ConfigOpts.GroupAttr):
            continue
        for option in section:
            try:
                section[option]
            except (cfg.Error, ValueError) as error:
                raise ConfigError(
                    f'[{name}] {option}: {error}') from None


class _Sections(iniparser.BaseParser):
    """Collects which options a file sets."""

    def __init__(self) -> None:
        super().__init__()
        self.section = 'DEFAULT'
        self.found: list[tuple[str, str]] = []

    def new_section(self, section: str) -> None:
        self.section = section

    def assignment(self, key: str, value: Any) -> None:
        self.found.append((self.section, key))


def _refuse_unknown(files: Sequence[str]) -> None:
    """A misspelt option must not be taken for its default in silence."""
    known: dict[str, set[str] | None] = {}
    for path in files:
        parser = _Sections()
        with open(path, encoding='utf-8') as lines:
            parser.parse(lines)
        for group, name in parser.found:
            if group not in known:
                known[group] = _known(group)
            names = known[group]
            if names is None or name in names:
                continue
            close = difflib.get_close_matches(name, names, 1)
            hint = f' Did you mean {close[0]!r}?' if close else ''
            line = _line_of(path, group, name)
            raise ConfigError(f'{path}, line {line}: there is no option '
                              f'{name!r} in [{group}].{hint}')


def _line_of(path: str, group: str, name: str) -> int:
    """Where a file sets an option; the parser says where its value ends."""
    section = 'DEFAULT'
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith('['):
                section = line.strip().strip('[]')
            elif section == group \
                    and re.split(r'[=:]', line)[0].strip() == name:
                return number
    return 0


def _known(group: str) -> set[str] | None:
    """The options of a group of Doctor's own; None for another's group."""
    if group in _OPEN_GROUPS:
        return None
    options = opts.group_opts(group)
    if not options:
        return None
    names = {name for option in options
             for name in (option.name, option.dest)}
    return names | _former(group)


def _former(group: str) -> set[str]:
    """Names that options of any group had in this one."""
    return {old.name for own, options in opts.all_groups().items()
            for option in options for old in option.deprecated_opts
            if old.name and (old.group or own) == group}


def setup_logging(conf: cfg.ConfigOpts) -> None:
    """Let oslo.log write as the configuration says."""
    from oslo_log import log
    log.setup(conf, 'doctor')
    # One line a request of every library is not what an operator looks for.
    for noisy in ('urllib3', 'keystoneauth', 'stevedore', 'amqp',
                  'oslo.messaging', 'oslo_messaging', 'asyncio'):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It warns of every URL without a host, which a bus in memory has not.
    logging.getLogger('kombu').setLevel(logging.ERROR)

"""Configuration: files in, a ConfigOpts out; there is no global one."""

import difflib
import logging
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from oslo_config import cfg, iniparser

import doctor_core
from doctor_core import option_values, opts, plugins, wire
from doctor_core.cloud import credentials
from doctor_core.conf_files import (
    DEFAULT_FILES,
    Options,
    Places,
    Sections,
    files_of,
    folders_of,
    line_of,
    normal,
)
from doctor_core.conf_values import complaints, refuse, refuse_wrong
from doctor_core.exceptions import ConfigError, PluginFailed
from doctor_core.messaging import settings as buses


def prepare(files: Sequence[str] | None = None,
            overrides: Mapping[tuple[str, str], Any] | None = None,
            argv: Sequence[str] = (), prog: str = 'doctor',
            kinds: Collection[str] = tuple(plugins.KINDS),
            folders: Sequence[str] = (), about: tuple[str, str] = ('', ''),
            ) -> cfg.ConfigOpts:
    """Read the configuration.

    :param files: what to read; None for ``/etc/doctor/doctor.conf`` if it
        exists. ``--config-file`` on the command line comes instead of it.
    :param folders: whose files ``*.conf`` are read after those, in the order
        of their names, as ``--config-dir`` has it.
    :param argv: a daemon's command line, as all of OpenStack takes it; a
        wrong one ends the process with a line and exit code 2.
    :param prog: the daemon's name, for ``--help``.
    :param about: what ``--help`` says before the options, and after them.
    :param kinds: the kinds whose plugins are needed, the chosen one of each,
        or all where none is chosen; a daemon does not fail on the plugin of
        another one.
    :param overrides: values that win over the files, by (group, option).
    :returns: with the options of all these plugins registered.
    :raises ConfigError: a file cannot be read, an option is unknown or its
        value wrong, a plugin is missing; one line that says which.
    """
    if files is None:
        files = [path for path in DEFAULT_FILES if os.path.exists(path)]
    conf = Options()
    opts.register(conf)
    _register_logging(conf)
    _read(conf, argv, prog=prog, description=about[0], epilog=about[1],
          default_config_files=list(files),
          default_config_dirs=[os.path.expanduser(folder)
                               for folder in folders],
          version=doctor_core.__version__ if argv else None)
    for (group, name), value in (overrides or {}).items():
        _override(conf, group, name, value)
    # What is used before the options of plugins are known.
    refuse(complaints(conf, [('DEFAULT', 'foreign_sections'), *(
        (plugins.KINDS[kind], 'type') for kind in opts.DEFAULTS)]))
    for kind in kinds:
        if kind in opts.DEFAULTS:
            for name in plugins.chosen_names(conf, kind):
                plugins.register(conf, kind, name)
        else:  # who uses them says which are broken
            plugins.register_all(conf, kind)
    override(conf, overrides or {})
    parsed = [Sections(path) for path in files_of(conf)]
    if any(group == 'cloud' for group, _ in _others(conf, parsed)):
        _register_credentials(conf)
    _refuse_unknown(conf, parsed)
    refuse_wrong(conf, kinds)
    # To read them takes its time, and few files set any.
    if _others(conf, parsed):
        refuse(complaints(buses.library_conf(conf)))
    return conf


def _others(conf: cfg.ConfigOpts, parsed: Iterable[Sections]
            ) -> list[tuple[str, str]]:
    """What the files set of options that are not Doctor's own."""
    return [(group, name) for file in parsed for group, name, _ in file.found
            if (group != 'DEFAULT' or name not in conf)
            and (group not in conf or name not in conf[group])]


def _register_credentials(conf: cfg.ConfigOpts) -> None:
    """Have keystoneauth's options looked at as all others are.

    :raises ConfigError: there is no such auth_type.
    """
    conf.register_opts(credentials.common_opts(), group='cloud')
    refuse(complaints(conf, [('cloud', 'auth_section')]))
    section = conf.cloud.auth_section or 'cloud'
    conf.register_opts(credentials.common_opts(), group=section)
    refuse(complaints(conf, [(section, 'auth_type')]))
    auth_type = conf[section].auth_type or 'password'
    try:
        options = opts.credential_opts(auth_type)
    except ConfigError as error:
        place = Places(conf).of([(section, 'auth_type'),
                                 (section, 'auth_plugin')])
        raise ConfigError(f'{place}{wire.one_line(error)}') from None
    conf.register_opts(options, group=section)


def _read(conf: cfg.ConfigOpts, argv: Sequence[str], **settings: Any) -> None:
    """Have oslo.config read files and folders; each has to be one."""
    try:
        conf(list(argv), project='doctor', **settings)
    except cfg.ConfigFilesNotFoundError as error:
        raise ConfigError('Cannot read the configuration file '
                          f'{", ".join(error.config_files)}.') from None
    except cfg.ConfigFileParseError as error:
        raise ConfigError(_unparsed(error)) from None
    except (cfg.Error, ValueError) as error:
        raise ConfigError('Configuration: '
                          f'{option_values.complaint(error)}') from None
    except OSError as error:  # a folder, say
        raise _unreadable('file', error) from None
    try:
        for folder in folders_of(conf):
            os.listdir(folder)
    except OSError as error:  # oslo.config takes it for an empty one
        raise _unreadable('folder', error) from None


def _unparsed(error: cfg.ConfigFileParseError) -> str:
    """Where a file cannot be understood. The line itself may hold a password.
    """
    try:
        Sections(error.config_file)
    except iniparser.ParseError as wrong:
        return f'{error.config_file}, line {wrong.lineno}: {wrong.msg}'
    except (OSError, ValueError):  # it is another one by now
        pass
    return f'Configuration: cannot read {error.config_file}'


def _unreadable(what: str, error: OSError) -> ConfigError:
    return ConfigError(f'Cannot read the configuration {what} '
                       f'{error.filename}: {error.strerror}.')


def _register_logging(conf: cfg.ConfigOpts) -> None:
    from oslo_log import log
    log.register_options(conf)


def override(conf: cfg.ConfigOpts,
             values: Mapping[tuple[str, str], Any]) -> None:
    """Set values that win over the files.

    :param values: by (group, option); all of them are registered.
    :raises ConfigError: one is not, or takes no such value.
    """
    for (group, name), value in values.items():
        _override(conf, group, name, value, late=True)


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
        raise ConfigError(f'[{group}] {name}: '
                          f'{option_values.complaint(error)}') from None


def _refuse_unknown(conf: cfg.ConfigOpts, parsed: Sequence[Sections]
                    ) -> None:
    """What is misspelt must not be taken for its default in silence."""
    known = _Known(conf, {
        name: value for file in parsed
        for group, name, value in file.found if group == 'cloud'})
    for file in parsed:
        for group, name, _value in file.found:
            complaint = known.complaint(group, name)
            if complaint:
                line = line_of(file.path, group, name)
                raise ConfigError(f'{file.path}, line {line}: {complaint}')


class _Known:
    """The sections and options that a file may have.

    :param cloud: what [cloud] sets: its auth_type has options of its own.
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 cloud: Mapping[str, str]) -> None:
        self._conf = conf
        self._auth_type = cloud.get('auth_type', cloud.get('auth_plugin', ''))
        #: Whose options are not looked at.
        self._open = {normal(section) for section
                      in [*conf.foreign_sections,
                          cloud.get('auth_section', '')] if section}
        self._names: dict[str, set[str]] = {}

    def complaint(self, group: str, name: str) -> str:
        """What is wrong with setting this option; empty if nothing is."""
        if group in self._open:
            return ''
        try:
            names = self._names_of(group)
        except PluginFailed:  # of one that is not used: it would have failed
            self._open.add(group)
            return ''
        if name in names or name in _former(group):
            return ''
        if not names and group not in self._sections():
            return _of_no_plugin(group) or (
                f'there is no section [{wire.described(group)}]'
                f'{_hint(group, self._sections(), "[{}]")} A section of '
                'another program is taken when [DEFAULT] foreign_sections '
                'names it.')
        return (f'there is no option {_quoted(name)} in '
                f'[{wire.described(group)}]'
                f'{_hint(name, names, "{!r}")}{_elsewhere(group, name)}')

    def _names_of(self, group: str) -> set[str]:
        if group not in self._names:
            self._names[group] = self._known(group)
        return self._names[group]

    def _known(self, group: str) -> set[str]:
        options = [*opts.group_opts(group), *opts.library_opts(group)]
        if group == 'DEFAULT':
            # What oslo.config itself takes, such as config_source.
            return {*self._conf, *_names(options)}
        if group == 'cloud':
            options += opts.credential_opts(self._auth_type)
        return _names(options)

    def _sections(self) -> set[str]:
        return {*opts.sections(), *opts.library_sections(), *self._open}


def _of_no_plugin(group: str) -> str:
    """Why a section that is called like a plugin's is none; empty if it is
    called otherwise.
    """
    for kind, singular in plugins.KINDS.items():
        name = group.removeprefix(f'{singular}_')
        if name != group:
            hint = _hint(name, plugins.names(kind), f'[{singular}_{{}}]')
            return (f'[{wire.described(group)}] is of the {singular} '
                    f'{_quoted(name)}, which is not installed{hint} "doctor '
                    'plugins" lists what is: install its package, or remove '
                    'the section. One of another program is taken when '
                    '[DEFAULT] foreign_sections names it.')
    return ''


def _quoted(name: str) -> str:
    return f"'{wire.described(name)}'"


def _names(options: Iterable[cfg.Opt]) -> set[str]:
    """What a file may call options; a name with hyphens is not read."""
    names = {option.dest for option in options}
    return names | {old.name.replace('-', separator)
                    for option in options for old in option.deprecated_opts
                    if old.name and not old.group for separator in '-_'}


def _hint(word: str, words: Iterable[str], form: str) -> str:
    close = difflib.get_close_matches(word, words, 1)
    return f'. Did you mean {form.format(close[0])}?' if close else '.'


def _elsewhere(group: str, name: str) -> str:
    """Where an option is that was set in a wrong section."""
    homes = [other for other, options in opts.GROUPS.items()
             if other != group and any(option.dest == name
                                       for option in options)]
    return f' There is one in [{homes[0]}].' if len(homes) == 1 else ''


def _former(group: str) -> set[str]:
    """Names that options of any group had in this one."""
    return {old.name for own, options in opts.all_groups().items()
            for option in options for old in option.deprecated_opts
            if old.name and (old.group or own) == group}


class _SaidOnce(logging.Formatter):
    """Formats as oslo.log does, but does not add to Doctor's own lines an
    exception that happens to be under way: what they say of one says why.

    :param inner: of oslo.log.
    """

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        level = record.levelno
        if not record.exc_info and record.name.startswith('doctor'):
            # Only to warnings, and to what is worse, is it added.
            record.levelno = min(level, logging.INFO)
        try:
            return self._inner.format(record)
        finally:
            record.levelno = level


def setup_logging(conf: cfg.ConfigOpts) -> None:
    """Let oslo.log write as the configuration says.

    :raises ConfigError: it cannot, e.g. there is no folder for the file.
    """
    from oslo_log import formatters, log
    try:
        log.setup(conf, 'doctor')
    except Exception as error:  # what each way of writing raises is its own
        raise ConfigError('[DEFAULT] the log cannot be written as it says: '
                          f'{option_values.complaint(error)}') from None
    for handler in logging.getLogger().handlers:
        # Those that write JSON have a field of its own for it.
        if isinstance(handler.formatter, formatters.ContextFormatter):
            handler.setFormatter(_SaidOnce(handler.formatter))
    # One line a request of every library is not what an operator looks for.
    for noisy in ('urllib3', 'keystoneauth', 'stevedore', 'amqp',
                  'oslo.messaging', 'oslo_messaging', 'asyncio', 'futurist'):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # What it warns of, Doctor says in one line when it meets the error.
    logging.getLogger('keystoneauth.identity').setLevel(logging.ERROR)
    # It warns of every URL without a host, which a bus in memory has not.
    logging.getLogger('kombu').setLevel(logging.ERROR)
    # It logs each error that it raises as well, some with a traceback.
    logging.getLogger('sushy').setLevel(logging.CRITICAL)

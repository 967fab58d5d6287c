"""Plugins by kind and name; the only module that knows stevedore."""

import contextlib
import dataclasses
import importlib.metadata
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import stevedore
import stevedore.exception
from oslo_config import cfg

from doctor_core import exceptions, option_values, wire, wording

#: Every kind of plugin: the package's name, in the plural, which is also
#: the end of its entry-point group; and its option group, in the singular.
KINDS = {
    'monitors': 'monitor',
    'corroborators': 'corroborator',
    'inspectors': 'inspector',
    'installers': 'installer',
    'alarms': 'alarm',
    'notifiers': 'notifier',
    'consumers': 'consumer',
    'scenarios': 'scenario',
}

#: Of kinds that have no ``type``, so that all plugins are made: what each is
#: handed beside its options, to see whether it can be made.
_UNCHOSEN: dict[str, tuple[Any, ...]] = {'notifiers': (1.0,)}

#: The class of each kind that its plugins derive from, in the module ``base``
#: of the kind's package, where it is not named as the option group.
_BASES = {'alarms': 'AlarmManager'}


@dataclasses.dataclass(frozen=True)
class PluginState:
    """One plugin as it is installed.

    :ivar module: where it comes from, ``package.module:Class``.
    :ivar distribution: the installed distribution that offers it.
    :ivar error: why it cannot be used; empty when it can.
    """

    kind: str
    name: str
    module: str
    distribution: str
    summary: str = ''
    error: str = ''


class Options:
    """The options of one plugin, as attributes, and nobody else's.

    A value is looked up when it is asked for: one that may change while a
    daemon runs is the new one.

    :ivar section: where they stand in doctor.conf, for what an operator is
        told.
    """

    def __init__(self, section: str, values: Mapping[str, Any]) -> None:
        self.section = section
        self._values = values

    def __getattr__(self, name: str) -> Any:
        if name.startswith('_'):
            raise AttributeError(name)
        if name not in self._values:
            raise AttributeError(
                f'[{self.section}] has no option {name!r}')
        try:
            return self._values[name]
        except option_values.WRONG as error:
            raise exceptions.ConfigError(
                f'[{self.section}] {name}: '
                f'{option_values.complaint(error)}') from None


def group(kind: str) -> str:
    """The entry-point group of a kind."""
    return f'doctor_core.{kind}'


def _entry_points(kind: str) -> list[importlib.metadata.EntryPoint]:
    # Not stevedore's: those come from its cache, which forgets which
    # distribution offers what.
    return list(importlib.metadata.entry_points(group=group(kind)))


def names(kind: str) -> list[str]:
    """The names of all plugins of a kind, sorted; nothing is imported."""
    return sorted({entry.name for entry in _entry_points(kind)})


def load(kind: str, name: str) -> Any:
    """The class of a plugin.

    :param kind: one of :data:`KINDS`.
    :raises PluginNotFound: no distribution offers it.
    :raises PluginDuplicated: more than one does.
    :raises PluginFailed: its module cannot be imported, what it offers is
        no plugin of the kind, or its options are none.
    """
    plugin = _loaded(kind, name)
    lack = _lack(kind, plugin)
    if lack:
        raise exceptions.PluginFailed(kind, name, lack, names(kind))
    with _blamed(kind, name, 'get_opts() raised '):
        cfg.ConfigOpts().register_opts(plugin.get_opts(),
                                       group=options_group(kind, name))
    return plugin


def _line(error: object) -> str:
    """An error of others, fit for one line."""
    return wire.escaped(' '.join(wording.said(error).split()))


@contextlib.contextmanager
def _blamed(kind: str, name: str, when: str,
            passing: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Whatever a plugin raises is a PluginFailed; SystemExit, too: no plugin
    ends the process without a word.

    :param when: what was being done, for the message.
    :param passing: what is left as it is.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if isinstance(error, passing):
            raise
        raise _failure(kind, name, error, when) from error


def _failure(kind: str, name: str, error: BaseException,
             when: str = '') -> exceptions.PluginFailed:
    return exceptions.PluginFailed(
        kind, name, f'{when}{type(error).__name__}: {_line(error)}',
        names(kind))


def _loaded(kind: str, name: str) -> Any:
    failures: list[BaseException] = []

    def failed(_manager: Any, _entry: Any, error: BaseException) -> None:
        failures.append(error)

    try:
        return _driver(kind, name, failed)
    except stevedore.exception.MultipleMatches:
        modules = sorted(f'{entry.value} of {_distribution(entry)}'
                         for entry in _entry_points(kind)
                         if entry.name == name)
        raise exceptions.PluginDuplicated(
            kind, name, modules, names(kind)) from None
    except stevedore.exception.NoMatches:
        available = names(kind)
        if failures:
            raise _failure(kind, name, failures[0]) from failures[0]
        raise exceptions.PluginNotFound(kind, name, available) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # stevedore passes on some, SystemExit too
        raise _failure(kind, name, error) from error


def _lack(kind: str, plugin: Any) -> str:
    """What a loaded plugin lacks to be one; empty when it lacks nothing."""
    # By its name: a plugin's module has imported it, and nothing else has
    # to be.
    module = f'doctor_core.{kind}.base'
    base_name = _BASES.get(kind, KINDS[kind].capitalize())
    base = getattr(importlib.import_module(module), base_name)
    where = f'{getattr(plugin, "__module__", "?")}:' \
        f'{getattr(plugin, "__qualname__", type(plugin).__name__)}'
    if not inspect.isclass(plugin) or not issubclass(plugin, base):
        return f'{where} is no class that derives from ' \
            f'{module}.{base_name}'
    missing = ', '.join(sorted(getattr(plugin, '__abstractmethods__', ())))
    if missing:
        return f'{where} lacks what {module}.{base_name} leaves to it: ' \
            f'{missing}'
    return ''


def _driver(kind: str, name: str, failed: Callable[..., None]) -> Any:
    manager = stevedore.DriverManager(
        group(kind), name, invoke_on_load=False,
        on_load_failure_callback=failed,
        # What is missing is said in one line, by who wanted it.
        warn_on_missing_entrypoint=False)
    # Of invoke_on_load=False, ``driver`` is the class itself.
    return manager.driver


def options_group(kind: str, name: str) -> str:
    """The option group of one plugin, e.g. ``monitor_sample``."""
    return f'{KINDS[kind]}_{name}'


def register(conf: cfg.ConfigOpts, kind: str, name: str) -> Any:
    """Load a plugin and register its options in a group of its own.

    :returns: the plugin's class.
    :raises ConfigError: as :func:`load`.
    """
    plugin = load(kind, name)
    section = options_group(kind, name)
    # Once: two of its options need not be equal though they say the same.
    if section not in conf:
        conf.register_opts(plugin.get_opts(), group=section)
    return plugin


def register_all(conf: cfg.ConfigOpts, kind: str
                 ) -> tuple[dict[str, Any], dict[str, str]]:
    """Load every plugin of a kind and register its options.

    :returns: the classes by name; and why others cannot be used, which
        concerns nobody else.
    """
    classes: dict[str, Any] = {}
    broken: dict[str, str] = {}
    for name in names(kind):
        try:
            classes[name] = register(conf, kind, name)
        except exceptions.ConfigError as error:
            broken[name] = wording.said(error)
    return classes, broken


def chosen_names(conf: cfg.ConfigOpts, kind: str) -> list[str]:
    """The plugins that ``[kind] type`` names: one, or any number of a kind
    of which several work side by side.
    """
    said = conf[KINDS[kind]].type
    return [said] if isinstance(said, str) else list(dict.fromkeys(said))


def chosen(conf: cfg.ConfigOpts, kind: str) -> Any:
    """The plugin that ``[kind] type`` names; its options are registered.

    :raises ConfigError: as :func:`load`.
    """
    return register(conf, kind, chosen_names(conf, kind)[0])


def options_of(conf: cfg.ConfigOpts, kind: str, name: str = '') -> Options:
    """The options of one plugin, once they are registered.

    :param name: the plugin's; empty for the one that ``[kind] type`` names.
    """
    section = options_group(kind, name or chosen_names(conf, kind)[0])
    # A plugin without options has no group, and asking for it fails.
    values = conf[section] if section in conf else {}  # noqa: SIM401
    return Options(section, values)


def make(conf: Any, kind: str, *others: Any) -> Any:
    """The plugin that ``[kind] type`` names, made with its options.

    :param others: what this kind is handed beside them.
    :raises ConfigError: as :func:`load`, or it cannot work so.
    """
    return chosen(conf, kind)(options_of(conf, kind), *others)


def make_each(conf: Any, kind: str, others: Callable[[str], Sequence[Any]]
              ) -> dict[str, Any]:
    """The plugins that ``[kind] type`` names, made with their options.

    :param others: what each is handed beside them, by its name.
    :returns: by name, in the order of the option.
    :raises ConfigError: as :func:`load`, or one cannot work so.
    """
    made: dict[str, Any] = {}
    for name in chosen_names(conf, kind):
        plugin = register(conf, kind, name)
        with _blamed(kind, name, 'it cannot be made: ',
                     (exceptions.DoctorError,)):
            made[name] = plugin(options_of(conf, kind, name), *others(name))
    return made


def make_all(conf: cfg.ConfigOpts, kind: str, *others: Any
             ) -> tuple[dict[str, Any], dict[str, str]]:
    """Every plugin of a kind, made with its options.

    :returns: by name; and why others cannot be used.
    :raises ConfigError: one cannot work with what is set of its options.
    """
    classes, broken = register_all(conf, kind)
    made: dict[str, Any] = {}
    for name, plugin in classes.items():
        try:
            with _blamed(kind, name, 'it cannot be made: ',
                         (exceptions.ConfigError,)):
                made[name] = plugin(options_of(conf, kind, name), *others)
        except exceptions.PluginFailed as error:
            broken[name] = wording.said(error)
        except exceptions.ConfigError as error:
            if _is_set(conf, options_group(kind, name)):
                raise
            broken[name] = _line(error)
    return made, broken


def _is_set(conf: cfg.ConfigOpts, section: str) -> bool:
    """Whether somebody chose the value of any option of a section."""
    if section not in conf:
        return False
    places = [conf.get_location(option, section) for option in conf[section]]
    return any(place and place.location is not cfg.Locations.opt_default
               for place in places)


def states() -> list[PluginState]:
    """Every plugin of every kind with its state; imports all of them, and
    makes those that are made without being chosen.
    """
    found = []
    for kind in KINDS:
        for entry in sorted(_entry_points(kind),
                            key=lambda entry: (entry.name, entry.value)):
            summary = error = ''
            try:
                plugin = load(kind, entry.name)
                _try(kind, entry.name, plugin)
                summary = (plugin.__doc__ or '').strip().partition('\n')[0]
            except exceptions.PluginDuplicated as duplicate:
                error = 'duplicated: ' + ', '.join(duplicate.modules)
            except exceptions.PluginFailed as failure:
                error = failure.why
            found.append(PluginState(kind, entry.name, entry.value,
                                     _distribution(entry), summary, error))
    return found


def _try(kind: str, name: str, plugin: Any) -> None:
    """Make a plugin with the defaults of its options, if it is of a kind
    whose plugins are all made.

    :raises PluginFailed: it cannot be made. That it wants an option set is
        none of its faults.
    """
    if kind in _UNCHOSEN:
        conf = cfg.ConfigOpts()
        register(conf, kind, name)
        with _blamed(kind, name, 'it cannot be made: '), \
                contextlib.suppress(exceptions.ConfigError):
            plugin(options_of(conf, kind, name), *_UNCHOSEN[kind])


def _distribution(entry: importlib.metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist else '?'

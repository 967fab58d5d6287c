"""Plugins by kind and name; the only module that knows stevedore."""

import dataclasses
import importlib.metadata
from collections.abc import Callable
from typing import Any

import stevedore
import stevedore.exception

from doctor_core import exceptions

#: Every kind of plugin: the package's name, in the plural, which is also
#: the end of its entry-point group; and its option group, in the singular.
KINDS = {
    'monitors': 'monitor',
    'inspectors': 'inspector',
    'installers': 'installer',
    'alarms': 'alarm',
    'notifiers': 'notifier',
    'consumers': 'consumer',
    'scenarios': 'scenario',
}


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
    :raises PluginFailed: its module cannot be imported.
    """
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
            raise exceptions.PluginFailed(
                kind, name, failures[0], available) from failures[0]
        raise exceptions.PluginNotFound(kind, name, available) from None


def _driver(kind: str, name: str, failed: Callable[..., None]) -> Any:
    manager = stevedore.DriverManager(
        group(kind), name, invoke_on_load=False,
        on_load_failure_callback=failed)
    # Of invoke_on_load=False, ``driver`` is the class itself.
    return manager.driver


def options_group(kind: str, name: str) -> str:
    """The option group of one plugin, e.g. ``monitor_sample``."""
    return f'{KINDS[kind]}_{name}'


def register(conf: Any, kind: str, name: str) -> Any:
    """Load a plugin and register its options in a group of its own.

    :param conf: an ``oslo_config.cfg.ConfigOpts``.
    :returns: the plugin's class.
    :raises ConfigError: as :func:`load`.
    """
    plugin = load(kind, name)
    conf.register_opts(plugin.get_opts(), group=options_group(kind, name))
    return plugin


def chosen(conf: Any, kind: str) -> Any:
    """The plugin that ``[kind] type`` names; its options are registered.

    :raises ConfigError: as :func:`load`.
    """
    return register(conf, kind, conf[KINDS[kind]].type)


def states() -> list[PluginState]:
    """Every plugin of every kind with its state; imports all of them."""
    found = []
    for kind in KINDS:
        for entry in sorted(_entry_points(kind),
                            key=lambda entry: (entry.name, entry.value)):
            summary = error = ''
            try:
                doc = load(kind, entry.name).__doc__ or ''
                summary = doc.strip().partition('\n')[0]
            except exceptions.PluginDuplicated as duplicate:
                error = 'duplicated: ' + ', '.join(duplicate.modules)
            except exceptions.PluginFailed as failure:
                error = f'{type(failure.cause).__name__}: {failure.cause}'
            found.append(PluginState(kind, entry.name, entry.value,
                                     _distribution(entry), summary, error))
    return found


def _distribution(entry: importlib.metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist else '?'

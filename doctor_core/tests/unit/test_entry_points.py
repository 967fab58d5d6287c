"""Every entry point of setup.cfg does what its group promises."""

import configparser
import importlib
import importlib.metadata
import inspect
import pathlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import testtools
from oslo_config import cfg

import doctor_core
from doctor_core import plugins

SETUP = pathlib.Path(doctor_core.__file__).parent.parent / 'setup.cfg'


def entry_points() -> dict[str, dict[str, str]]:
    """Group -> name -> ``module:attribute``, as setup.cfg has them."""
    parser = configparser.ConfigParser()
    parser.read(SETUP)
    groups = {}
    for group, text in parser['entry_points'].items():
        lines = (line.partition('=') for line in text.strip().splitlines())
        groups[group] = {name.strip(): value.strip()
                         for name, _equals, value in lines}
    return groups


ENTRY_POINTS = entry_points()


def resolve(value: str) -> Any:
    module, _colon, attribute = value.partition(':')
    return getattr(importlib.import_module(module), attribute)


def base_class(kind: str) -> type:
    """The one abstract class of a kind's base.py that plugins derive from.
    """
    module = importlib.import_module(f'doctor_core.{kind}.base')
    (found,) = (thing for _name, thing in inspect.getmembers(
        module, inspect.isclass)
        if thing.__module__ == module.__name__
        and inspect.isabstract(thing) and hasattr(thing, 'get_opts')
        and not any(hasattr(base, 'get_opts')
                    for base in thing.__mro__[1:]))
    return found


def plugins_of_setup_cfg() -> Iterator[tuple[str, str, str]]:
    """Kind, name and value of every plugin."""
    for kind in plugins.KINDS:
        for name, value in ENTRY_POINTS[plugins.group(kind)].items():
            yield kind, name, value


def plugin_classes(kind: str) -> Iterator[type]:
    """The concrete classes of a kind, by looking into all its modules."""
    package = importlib.import_module(f'doctor_core.{kind}')
    base = base_class(kind)
    for found in pkgutil.walk_packages(package.__path__,
                                       f'{package.__name__}.'):
        module = importlib.import_module(found.name)
        for _name, thing in inspect.getmembers(module, inspect.isclass):
            if issubclass(thing, base) and thing.__module__ == found.name \
                    and not inspect.isabstract(thing) \
                    and not thing.__name__.startswith('_'):
                yield thing


class EntryPointsTest(testtools.TestCase):

    def test_all_load(self):
        failures = []
        for group, entries in ENTRY_POINTS.items():
            for name, value in entries.items():
                try:
                    resolve(value)
                except (ImportError, AttributeError) as error:
                    failures.append(f'{group}: {name}: {error}')
        self.assertEqual([], failures)

    def test_every_kind_has_a_group(self):
        self.assertEqual([], [kind for kind in plugins.KINDS
                              if plugins.group(kind) not in ENTRY_POINTS])

    def test_no_group_of_a_kind_that_does_not_exist(self):
        known = {plugins.group(kind) for kind in plugins.KINDS}
        known.add('doctor_core.commands')
        self.assertEqual([], [group for group in ENTRY_POINTS
                              if group.startswith('doctor_core.')
                              and group not in known])

    def test_what_is_installed_is_what_setup_cfg_says(self):
        installed = {(entry.group, entry.name, entry.value)
                     for entry in importlib.metadata.distribution(
                         'doctor-core').entry_points}
        written = {(group, name, value)
                   for group, entries in ENTRY_POINTS.items()
                   for name, value in entries.items()}
        self.assertEqual(
            set(), written - installed,
            'setup.cfg has changed: install doctor-core again')


class PluginsTest(testtools.TestCase):

    def test_plugins_are_concrete_classes_of_their_kind(self):
        for kind, name, value in plugins_of_setup_cfg():
            plugin = resolve(value)
            self.assertTrue(issubclass(plugin, base_class(kind)),
                            f'{kind} {name}')
            self.assertFalse(inspect.isabstract(plugin), f'{kind} {name}')

    def test_docstring_begins_with_a_line_for_the_list(self):
        for kind, name, value in plugins_of_setup_cfg():
            lines = (resolve(value).__doc__ or '').strip().splitlines()
            self.assertTrue(lines, f'{kind} {name} has no docstring')
            self.assertTrue(lines[0].endswith(('.', '?')),
                            f'{kind} {name}: {lines[0]!r} is no sentence')

    def test_options_have_a_help_and_a_unit(self):
        for kind, name, value in plugins_of_setup_cfg():
            for option in resolve(value).get_opts():
                what = f'{kind} {name}: {option}'
                self.assertIsInstance(option, cfg.Opt, what)
                self.assertTrue(option.help, f'{what} has no help')
                self.assertNotRegex(
                    option.name, '(interval|timeout|deadline|delay)$',
                    f'{what} does not say its unit')

    def test_default_plugins_exist(self):
        from doctor_core import opts
        for kind, default in opts.DEFAULTS.items():
            names = {default} if isinstance(default, str) else set(default)
            self.assertLessEqual(
                names, set(ENTRY_POINTS[plugins.group(kind)]), kind)

    def test_no_plugin_was_forgotten(self):
        listed = {value for _kind, _name, value in plugins_of_setup_cfg()}
        forgotten = [f'{thing.__module__}:{thing.__name__}'
                     for kind in plugins.KINDS
                     for thing in plugin_classes(kind)
                     if f'{thing.__module__}:{thing.__name__}' not in listed]
        self.assertEqual([], forgotten)

    def test_a_module_or_its_folder_is_called_as_its_plugin(self):
        for kind, name, value in plugins_of_setup_cfg():
            places = value.partition(':')[0].split('.')[-2:]
            aliases = {'https': 'http'}
            self.assertIn(aliases.get(name, name), places, kind)

"""Who may import whom, held by reading every module's imports."""

import ast
import configparser
import dataclasses
import pathlib
from collections.abc import Iterator

import testtools

import doctor_core

ROOT = pathlib.Path(doctor_core.__file__).parent

LAYERS = (
    # Words: the standard library, but for wire.
    {'model', 'wire', 'exceptions', 'clock', 'loop', 'mailbox', 'wording',
     'at_once', 'background', 'room', 'soon', 'eventlet_unused',
     'descriptors'},
    # Adapters: one outside library each.
    {'plugins', 'messaging', 'cloud', 'runner', 'web', 'store', 'bmc', 'bmcs',
     'bmc_address', 'redfish_bounds', 'periodic', 'ownership',
     'option_values'},
    # Kinds.
    {'monitors', 'inspectors', 'alarms', 'notifiers', 'consumers',
     'installers', 'corroborators', 'profiler'},
    # Engines: they know the bases of kinds, and no plugin.
    {'faults', 'evidence'},
    # Composition: the only code that knows more than one kind.
    {'scenarios', 'services', 'embedded', 'api', 'opts', 'conf',
     'conf_files', 'conf_values'},
    # The shell.
    {'cli', 'fixtures'},
)
KINDS = LAYERS[2]
LEVEL = {name: level for level, layer in enumerate(LAYERS) for name in layer}

#: Outside library -> the one part that imports it.
OWNERS = {
    'stevedore': 'plugins',
    'futurist': 'periodic',
    'oslo_messaging': 'messaging',
    'kombu': 'messaging',
    'keystoneauth1': 'cloud',
    'openstack': 'cloud',
    'aiohttp': 'web',
    'requests': 'web',
    'urllib3': 'web',
    'http.client': 'web',
    'http.server': 'web',
    'urllib.request': 'web',
    'sqlalchemy': 'store',
    'sqlite3': 'store',
    'oslo_db': 'store',
    'asyncssh': 'runner',
    'paramiko': 'runner',
    'subprocess': 'runner',
    'jsonschema': 'wire',
    'sushy': 'bmc',
    'time': 'clock',
    'cliff': 'cli',
    'yaml': 'installers',
}
#: What may be imported nevertheless, and why.
EXCEPTIONS = {
    # It runs inside collectd, on hosts that have nothing of ours.
    ('monitors', 'http.client'),
    ('monitors', 'collectd'),
    # Words from outside are checked and read where they come in.
    ('wire', 'jsonschema'),
    ('wire', 'oslo_utils'),
    ('wire', 'oslo_utils.timeutils'),
}

#: Names that say nothing of what is inside.
HOMELESS = {'utils', 'util', 'common', 'helpers', 'helper', 'manager',
            'misc', 'base_utils'}
#: A module that holds an AlarmManager says what is inside.
AT_HOME = {('alarms', 'manager')}


def broken_rule(importer: str, imported: str) -> str:
    """Why a part may not import another; empty when it may."""
    if importer == imported:
        return ''
    if imported not in LEVEL:
        return f'{imported} has no layer'
    if LEVEL[imported] > LEVEL[importer]:
        return f'{importer} is below {imported}'
    if {importer, imported} <= KINDS:
        return f'{importer} and {imported} are siblings'
    return ''


@dataclasses.dataclass(frozen=True)
class Module:
    """One source file.

    :ivar name: dotted, without ``doctor_core.``.
    """

    name: str
    tree: ast.Module

    @property
    def part(self) -> str:
        """The layer map's word for it."""
        return self.name.partition('.')[0]

    def imports(self) -> Iterator[str]:
        """Every dotted name that is imported, wherever in the file.

        Of ``from a import b`` both ``a`` and ``a.b``: b may be a module.
        """
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f'{self.name}: relative import'
                yield node.module
                yield from (f'{node.module}.{alias.name}'
                            for alias in node.names)

    def own_imports(self) -> Iterator[str]:
        """The imports of other modules of doctor_core, without the prefix.
        """
        for name in self.imports():
            if name.startswith('doctor_core.'):
                yield name.partition('.')[2]


def modules() -> list[Module]:
    """All of doctor_core but its tests."""
    found = []
    for path in sorted(ROOT.rglob('*.py')):
        parts = path.relative_to(ROOT).with_suffix('').parts
        if parts[0] == 'tests':
            continue
        name = '.'.join(part for part in parts if part != '__init__')
        found.append(Module(name, ast.parse(path.read_text())))
    return found


MODULES = modules()
#: What stands beside the package, in a checkout only.
BESIDE = {'bench', 'openstack_bed'}


def plugin_modules() -> set[str]:
    """The modules that setup.cfg names as plugins of a kind."""
    parser = configparser.ConfigParser()
    parser.read(ROOT.parent / 'setup.cfg')
    return {line.partition('=')[2].strip().partition(':')[0].partition(
                '.')[2]
            for group, lines in parser['entry_points'].items()
            if group.startswith('doctor_core.')
            for line in lines.strip().splitlines()}


class RuleTest(testtools.TestCase):

    def test_up_is_wrong(self):
        self.assertEqual('model is below plugins',
                         broken_rule('model', 'plugins'))

    def test_siblings_are_wrong(self):
        self.assertEqual('monitors and alarms are siblings',
                         broken_rule('monitors', 'alarms'))

    def test_down_and_beside_are_right(self):
        for importer, imported in (('services', 'monitors'),
                                   ('services', 'embedded'),
                                   ('plugins', 'cloud'),
                                   ('cli', 'model'),
                                   ('alarms', 'alarms')):
            self.assertEqual('', broken_rule(importer, imported))


class LayersTest(testtools.TestCase):

    def check(self, found):
        self.assertEqual([], sorted(set(found)))

    def test_the_modules_were_found(self):
        names = {module.name for module in MODULES}
        self.assertTrue({'model', 'plugins', 'monitors.base'} <= names)

    def test_every_part_has_a_layer(self):
        self.check(module.part for module in MODULES
                   if module.part and module.part not in LEVEL)

    def test_arrows_point_down(self):
        self.check(
            f'{module.name} imports {name}: {why}'
            for module in MODULES if module.part
            for name in module.own_imports()
            if (why := broken_rule(module.part, name.partition('.')[0])))

    def test_each_library_has_one_owner(self):
        self.check(
            f'{module.name} imports {name}: only {owner} may'
            for module in MODULES
            for name in module.imports()
            for library, owner in OWNERS.items()
            if (name == library or name.startswith(f'{library}.'))
            and module.part != owner
            and not any(
                module.part == part and f'{name}.'.startswith(f'{allowed}.')
                for part, allowed in EXCEPTIONS)
            # The package half of an allowed "from package import module".
            and not any(
                module.part == part and allowed.startswith(f'{name}.')
                and allowed in set(module.imports())
                for part, allowed in EXCEPTIONS))

    def test_words_use_the_standard_library_only(self):
        import sys
        self.check(
            f'{module.name} imports {name}'
            for module in MODULES if LEVEL.get(module.part) == 0
            for name in module.imports()
            if name.partition('.')[0] not in
            {*sys.stdlib_module_names, 'doctor_core'}
            and (module.part, name) not in EXCEPTIONS)

    def test_nobody_imports_what_is_not_installed(self):
        """The bench came with every installation."""
        parser = configparser.ConfigParser()
        parser.read(ROOT.parent / 'setup.cfg')
        self.assertEqual('doctor_core',
                         parser['files']['packages'].strip())
        self.check(f'{module.name} imports {name}'
                   for module in MODULES for name in module.imports()
                   if name.partition('.')[0] in BESIDE)

    def test_nobody_imports_a_plugin_by_name(self):
        plugins = plugin_modules()
        self.assertIn('monitors.sample', plugins)
        self.check(
            f'{module.name} imports {name}: load it by name'
            for module in MODULES
            for name in module.own_imports()
            if name in plugins and module.name != name)


class HabitsTest(testtools.TestCase):

    check = LayersTest.check

    def test_only_clock_reads_the_time_of_day(self):
        self.check(
            f'{module.name}:{node.lineno}'
            for module in MODULES if module.part != 'clock'
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute)
            and node.attr in ('utcnow', 'today', 'now')
            and 'datetime' in ast.unparse(node.value))

    def test_nothing_reads_the_environment_at_import(self):
        self.check(
            f'{module.name}:{node.lineno}'
            for module in MODULES
            for node in at_import(module.tree)
            if isinstance(node, ast.Attribute)
            and node.attr in ('environ', 'getenv', 'getenvb', 'environb'))

    def test_no_global_configuration(self):
        self.check(
            f'{module.name}:{node.lineno}'
            for module in MODULES
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and node.attr == 'CONF')

    def test_nothing_is_registered_or_set_up_at_import(self):
        self.check(
            f'{module.name}:{node.lineno} {node.func.attr}'
            for module in MODULES
            for node in at_import(module.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ('register_opts', 'register_opt',
                                   'basicConfig', 'setup', 'start'))

    def test_who_catches_everything_logs_the_traceback(self):
        self.check(
            f'{module.name}:{node.lineno}'
            for module in MODULES
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ExceptHandler)
            and catches_everything(node)
            and not tells(node, logging_functions(module.tree)))

    def test_no_homeless_functions(self):
        self.check(module.name for module in MODULES
                   for word in module.name.split('.')
                   if word in HOMELESS
                   and (module.part, word) not in AT_HOME)


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported: all but function bodies."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef,
                             ast.Lambda)):
            continue
        yield node
        yield from at_import(node)


def catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name)
               and node.id in ('Exception', 'BaseException')
               for node in ast.walk(handler.type))


def logging_functions(tree: ast.AST) -> set[str]:
    """The module's functions that log a traceback."""
    return {node.name for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and any(isinstance(call, ast.Attribute)
                    and call.attr == 'exception'
                    for call in ast.walk(node))}


def tells(what: ast.AST, loggers: set[str]) -> bool:
    """Whether it logs the traceback, or passes the exception on."""
    for node in ast.walk(what):
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Call) and isinstance(
                node.func, ast.Attribute) and (
                node.func.attr in ('exception', 'set_exception', *loggers)
                # faults.guarded.Complaints: the first time.
                or getattr(node.func.value, 'attr', '') == '_complaints'
                or any(word.arg == 'exc_info' for word in node.keywords)):
            return True
    return False

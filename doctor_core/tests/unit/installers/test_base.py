import ast
import pathlib

import testtools

from doctor_core import installers
from doctor_core.exceptions import ConfigError
from doctor_core.installers.base import Installer
from doctor_core.model import Host, Node

ROOT = pathlib.Path(installers.__file__).parent
NAME = installers.__name__


def imports():
    """What each module of the package imports of it, wherever in the file,
    for its types only, too.
    """
    trees = {}
    for path in ROOT.rglob('*.py'):
        parts = path.relative_to(ROOT).with_suffix('').parts
        name = '.'.join((NAME, *(one for one in parts if one != '__init__')))
        trees[name] = ast.parse(path.read_text())
    return {name: named(tree) & set(trees) - {name}
            for name, tree in trees.items()}


def named(tree):
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module} | {f'{node.module}.{alias.name}'
                                      for alias in node.names}
    return found - {NAME}


class ImportsTest(testtools.TestCase):

    def test_no_module_needs_who_needs_it(self):
        """base, preparation and site imported one another in a circle."""
        left = imports()
        while True:
            free = {name for name, needed in left.items()
                    if not needed & set(left)}
            if not free:
                break
            left = {name: needed for name, needed in left.items()
                    if name not in free}
        self.assertEqual([], sorted(left))


class Nodes(Installer):
    """Some nodes; each runner knows which it is of."""

    def __init__(self, *names):
        super().__init__(None, None, None)
        self.names = names

    def nodes(self):
        return [Node(name, 'compute', name) for name in self.names]

    def connect(self, node):
        runner = super().connect(node)
        runner.node = node
        return runner


class ReachTest(testtools.TestCase):

    def test_with_and_without_the_domain(self):
        """A node with a domain was not found by its host's short name."""
        for node, host in (('c1', 'c1.example.org'), ('c1.example.org', 'c1'),
                           ('C1.example.org', 'c1'), ('c1', 'c1')):
            self.assertEqual(
                node, Nodes(node, 'c2').reach(Host(host)).node.name)

    def test_the_whole_name_comes_first(self):
        nodes = Nodes('c1.a', 'c1.b')
        self.assertEqual('c1.b', nodes.reach(Host('c1.b')).node.name)
        error = self.assertRaises(ConfigError, nodes.reach, Host('c1'))
        self.assertIn('each of these nodes: c1.a, c1.b', str(error))

    def test_names_ten_of_many(self):
        nodes = Nodes(*(f'c{number:03}' for number in range(300)))
        error = self.assertRaises(ConfigError, nodes.reach, Host('x'))
        self.assertIn('c009 and 290 more', str(error))

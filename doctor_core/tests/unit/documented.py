"""The complete plugins that pages below doc/source/contributor show."""

import importlib.util
import pathlib

import doctor_core
from doctor_core.tests.unit.entry_points import InstalledDistribution

PAGES = pathlib.Path(doctor_core.__file__).parent.parent.joinpath(
    'doc', 'source', 'contributor')
EXAMPLE = PAGES / 'example'


def installed(name, kind, entry_point):
    """A page's plugin, installed for one test as the page says.

    :param name: of its file; the package is ``doctor_<name>``.
    :param kind: ``monitors`` and so on.
    :param entry_point: the line of ``pyproject.toml``.
    """
    return InstalledDistribution(
        f'doctor_{name}', (EXAMPLE / f'{name}.py').read_text(),
        {f'doctor_core.{kind}': [entry_point]})


def shown_test(name):
    """The module of the test that a page shows."""
    spec = importlib.util.spec_from_file_location(
        f'documented_test_{name}', EXAMPLE / f'test_{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

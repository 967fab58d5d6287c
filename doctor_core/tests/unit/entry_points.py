"""A distribution that is installed for one test."""

import sys
from pathlib import Path

import fixtures
import stevedore


class InstalledDistribution(fixtures.Fixture):
    """A folder on ``sys.path`` with a module and entry points.

    :param name: the distribution's and the module's name.
    :param source: the module's text.
    :param entry_points: lines by group.
    """

    def __init__(self, name, source, entry_points):
        self.name = name
        self.source = source
        self.entry_points = entry_points

    def _setUp(self):
        folder = Path(self.useFixture(fixtures.TempDir()).path)
        (folder / f'{self.name}.py').write_text(self.source)
        info = folder / f'{self.name}-1.0.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(
            f'Metadata-Version: 2.1\nName: {self.name}\nVersion: 1.0\n')
        (info / 'entry_points.txt').write_text('\n'.join(
            f'[{group}]\n' + '\n'.join(lines)
            for group, lines in self.entry_points.items()))
        self.useFixture(fixtures.MonkeyPatch('sys.path',
                                             [*sys.path, str(folder)]))
        self.addCleanup(sys.modules.pop, self.name, None)
        # stevedore remembers what a namespace had.
        self._forget()
        self.addCleanup(self._forget)

    @staticmethod
    def _forget():
        stevedore.ExtensionManager.ENTRY_POINT_CACHE.clear()

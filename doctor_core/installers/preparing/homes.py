"""The copies of journals that this machine keeps."""

import os
from urllib.parse import quote, unquote

from doctor_core.installers.preparing.files import Files
from doctor_core.installers.preparing.journal import Folder
from doctor_core.model import Node
from doctor_core.runner import Runner


class Homes:
    """What this machine knows of changed nodes without asking them; every
    method but :meth:`of` blocks on this machine's disk, and raises
    BackendError when it cannot be read.

    :param runner: of this machine.
    :param state_path: the folder in which Doctor keeps what has to survive.
    """

    def __init__(self, runner: Runner, state_path: str) -> None:
        self._files = Files(runner)
        self._path = os.path.join(state_path, 'install')

    def of(self, node: str) -> Folder:
        """The copies of a node's journal."""
        return Folder(self._files,
                      os.path.join(self._path, quote(node, safe='')))

    def names(self) -> set[str]:
        """The names of the nodes that were changed from here."""
        return {unquote(name) for name in self._files.folders(self._path)}

    def nodes(self) -> list[Node]:
        """Those nodes, as they were reached then."""
        return list(dict.fromkeys(
            entry.node for name in self.names()
            for entry, _phase in self.of(name).read().values()))

    def states(self, node: str) -> dict[str, str]:
        """What was changed on a node, and how far that had come."""
        return {f'{node}:{entry.path}': f'unknown, was {phase}'
                for entry, phase in self.of(node).read().values()}

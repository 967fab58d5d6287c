"""What was changed on a node, written down before it is changed.

Each change of a file is an entry: a JSON file that holds what was there,
byte for byte, and what has to be restarted. Its name ends in how far the
change has come, so that this changes by one rename. An entry is kept on the
node, from where any machine can undo it, and at home, where it is found when
the node is down.
"""

import base64
import dataclasses
import enum
import json
import logging
import uuid
from typing import Any

from doctor_core.exceptions import BackendError
from doctor_core.installers.layout import Service
from doctor_core.installers.preparing.files import File, Files
from doctor_core.model import Node

LOG = logging.getLogger(__name__)
_VERSION = 1


class Phase(enum.StrEnum):
    """How far a change has come.

    :cvar INTENDED: perhaps made; services may not have been restarted.
    :cvar APPLIED: made, and all services have come back.
    :cvar UNDOING: perhaps taken back; services may not have been restarted.
    """

    INTENDED = 'intended'
    APPLIED = 'applied'
    UNDOING = 'undoing'


@dataclasses.dataclass(frozen=True)
class Entry:
    """One change of one file.

    :ivar node: the node: when the cloud does not say any more which nodes
        it has, this does.
    :ivar number: later changes of a node have higher ones.
    :ivar before: what was there.
    :ivar after: the digest of what was put there.
    :ivar services: what has to be restarted after this file was changed.
    """

    node: Node
    number: int
    before: File
    after: str
    services: tuple[Service, ...]
    id: str = dataclasses.field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def path(self) -> str:
        return self.before.path

    def as_json(self) -> bytes:
        """What is written down."""
        content = self.before.content
        return json.dumps({
            'version': _VERSION, 'id': self.id, 'number': self.number,
            'node': dataclasses.asdict(self.node),
            'path': self.path, 'before': {
                'sha256': self.before.digest, 'mode': self.before.mode,
                'owner': self.before.owner,
                'base64': None if content is None
                else base64.b64encode(content).decode()},
            'after': {'sha256': self.after},
            'services': [dataclasses.asdict(service)
                         for service in self.services]}, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> 'Entry':
        """What was written down.

        :raises ValueError: it is something else, or not whole.
        """
        try:
            found: dict[str, Any] = json.loads(text)
            if found['version'] != _VERSION:
                raise ValueError(f'version {found["version"]} is not known')
            was = found['before']
            before = File(
                found['path'], None if was['base64'] is None
                else base64.b64decode(was['base64'], validate=True),
                was['mode'], was['owner'])
            if before.digest != was['sha256']:
                raise ValueError('the content does not have the digest')
            return cls(Node(**found['node']), found['number'], before,
                       found['after']['sha256'],
                       tuple(Service(one['name'], tuple(one['restart']),
                                     tuple(one['check']))
                             for one in found['services']), found['id'])
        except (KeyError, TypeError) as error:
            raise ValueError(f'{error!r}') from None


@dataclasses.dataclass(frozen=True)
class Record:
    """An entry as it is found.

    :ivar on_node: whether the node has it; else only this machine has.
    """

    entry: Entry
    phase: Phase
    on_node: bool = True


class Folder:
    """The entries in one folder; every method blocks, and raises
    BackendError when the folder cannot be reached, read or written.
    """

    def __init__(self, files: Files, path: str) -> None:
        self._files = files
        self.path = path

    def read(self) -> dict[str, tuple[Entry, Phase]]:
        """All entries by id.

        :raises BackendError: one cannot be read; nothing is to be changed
            before somebody has looked at it.
        """
        found = {}
        for name, text in self._files.read_all(self.path).items():
            try:
                phase = Phase(name.rpartition('.')[2])
                entry = Entry.from_json(text)
            except ValueError as error:
                raise BackendError(f'{self.path}/{name} is no journal entry '
                                   f'of this version: {error}') from None
            found[entry.id] = entry, phase
        return found

    def write(self, entry: Entry) -> None:
        """Keep an entry; on the disk when this returns."""
        self._files.make_folder(self.path)
        self._files.replace(
            File(f'{self.path}/{_name(entry, Phase.INTENDED)}', mode=0o600),
            entry.as_json())

    def mark(self, entry: Entry, phase: Phase) -> None:
        """Write down how far it has come; fine if the entry is not there."""
        self._files.rename(
            self.path, _name(entry, phase),
            *(_name(entry, other) for other in Phase if other != phase))

    def drop(self, entry: Entry) -> None:
        """Forget an entry; fine if it is not there."""
        self._files.remove(self.path,
                           *(_name(entry, phase) for phase in Phase))

    def tidy(self) -> None:
        """Remove the folder if there is nothing in it."""
        self._files.remove(self.path)


class Journal:
    """The entries of one node, as it and this machine have them.

    :param home: the folder on this machine.
    :param away: the folder on the node.
    """

    def __init__(self, home: Folder, away: Folder) -> None:
        self._home = home
        self._away = away
        self._known: dict[str, Record] | None = None

    def records(self) -> list[Record]:
        """All that is known of the node, the latest change first; the
        folders are read once.

        The node's word counts: an entry that it does not have may have been
        undone from another machine.
        """
        return sorted(self._records().values(), reverse=True,
                      key=lambda record: (record.entry.number,
                                          record.entry.id))

    def at_home(self) -> list[Record]:
        """What this machine knows of the node, without asking it."""
        return [Record(entry, phase, on_node=False)
                for entry, phase in self._home.read().values()]

    def next_number(self) -> int:
        """The number of the next entry."""
        return max((record.entry.number for record in self.records()),
                   default=0) + 1

    def _records(self) -> dict[str, Record]:
        if self._known is None:
            away, home = self._away.read(), self._home.read()
            self._known = {
                key: Record(*away.get(key) or home[key], on_node=key in away)
                for key in home | away}
        return self._known

    def write(self, entry: Entry) -> None:
        """Keep an entry in both places.

        :raises BackendError: one of them did not take it.
        """
        self._records()[entry.id] = Record(entry, Phase.INTENDED)
        try:
            self._home.write(entry)
            self._away.write(entry)
        except BackendError:
            del self._records()[entry.id]
            self._best_effort(self._home.drop, entry)
            self._best_effort(self._away.drop, entry)
            raise

    def mark(self, record: Record, phase: Phase) -> None:
        """Write down how far it has come."""
        self._away.mark(record.entry, phase)
        self._best_effort(self._home.mark, record.entry, phase)
        self._records()[record.entry.id] = dataclasses.replace(
            record, phase=phase)

    def drop(self, entry: Entry) -> None:
        """Forget an entry."""
        self._away.drop(entry)
        self._best_effort(self._home.drop, entry)
        self._records().pop(entry.id, None)

    def tidy(self) -> None:
        """Remove the folders if there is nothing in them."""
        self._away.tidy()
        self._best_effort(self._home.tidy)

    def _best_effort(self, do: Any, *words: Any) -> None:
        """The node's copy is what counts."""
        try:
            do(*words)
        except BackendError as error:
            LOG.warning('A copy of the journal is not up to date: %s', error)


def _name(entry: Entry, phase: Phase) -> str:
    return f'{entry.id}.{phase}'

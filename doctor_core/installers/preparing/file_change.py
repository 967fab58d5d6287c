"""A file of a node that has to say something."""

import dataclasses
import difflib
import posixpath
from collections.abc import Callable, Sequence

from doctor_core.exceptions import BackendError, ConfigError, Conflict
from doctor_core.installers.layout import Service
from doctor_core.installers.preparing import secrets
from doctor_core.installers.preparing.changes import Change, Undoable
from doctor_core.installers.preparing.files import File, Files, digest
from doctor_core.installers.preparing.journal import (
    Entry,
    Journal,
    Phase,
    Record,
)
from doctor_core.model import Node


@dataclasses.dataclass(frozen=True)
class Place:
    """A node, as what is changed on it sees it."""

    node: Node
    files: Files
    journal: Journal


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a file has to say.

    :ivar path: the file.
    :ivar edits: applied to its text one after another.
    :ivar shipped: the file whose text counts while there is none, or one
        that says nothing; empty for none.
    :ivar creates: whether the file is made where neither is there; else
        that is an error.
    :ivar rivals: names in its folder of which the service reads one only.
    """

    path: str
    edits: Sequence[Callable[[str], str]]
    shipped: str = ''
    creates: bool = False
    rivals: tuple[str, ...] = ()


_BEGIN_OF_DOCUMENT = b'---'


def says_nothing(content: bytes | None) -> bool:
    """Whether a file is absent or empty, or has comments only.

    A document of YAML may have been begun all the same.
    """
    return all(not line or line.startswith(b'#')
               or line == _BEGIN_OF_DOCUMENT
               for line in map(bytes.strip, (content or b'').splitlines()))


def comments(content: bytes | None) -> bytes:
    """What a file that says nothing may have in front of what it says."""
    return b''.join(line + b'\n' for line in (content or b'').splitlines()
                    if line.strip() != _BEGIN_OF_DOCUMENT)


class FileRestoration(Undoable):
    """A change of a file, as the journal knows it."""

    def __init__(self, place: Place, record: Record) -> None:
        self.name = f'{place.node.name}:{record.entry.path}'
        self.node = place.node.name
        self.services = record.entry.services
        self.record = record
        self._files = place.files
        self._journal = place.journal

    def undo(self) -> bool:
        entry = self.record.entry
        file = self._files.read(entry.path)
        if file.digest == entry.after:
            self._journal.mark(self.record, Phase.UNDOING)
            self._files.replace(file, entry.before.content)
            restart = True
        elif not self.record.on_node:
            # It was undone from another machine.
            return False
        elif file.digest == entry.before.digest:
            restart = self.record.phase is Phase.UNDOING
        else:
            raise self._conflict()
        self._files.tidy(entry.before)
        return restart

    def forget(self) -> None:
        self._journal.drop(self.record.entry)

    def state(self) -> str:
        """How the file is now, in a word or two."""
        entry = self.record.entry
        now = self._files.read(entry.path).digest
        if now not in (entry.after, entry.before.digest):
            return 'edited since'
        if now == entry.before.digest \
                and self.record.phase is Phase.APPLIED:
            return 'put back by hand'
        return {Phase.APPLIED: 'applied', Phase.INTENDED: 'half applied',
                Phase.UNDOING: 'half undone'}[self.record.phase]

    def _conflict(self) -> Conflict:
        entry = self.record.entry
        later = [other for other in self._journal.records()
                 if other.entry.path == entry.path
                 and other.entry.number > entry.number]
        if any(other.entry.before.digest == entry.after for other in later):
            return Conflict(f'{self.name} was changed by Doctor once more '
                            'since: it is put back when that is undone')
        if entry.before.content is None:
            return Conflict(
                f'{self.name} was edited since Doctor made it: it is left as '
                'it is; without Doctor there was no such file')
        beside = self._files.keep_beside(entry.before)
        return Conflict(f'{self.name} was edited since Doctor changed it: it '
                        'is left as it is; what was there before Doctor is '
                        f'in {beside}')


class FileChange(Change):
    """A file that is edited.

    :param services: what reads it only when it starts.
    """

    def __init__(self, place: Place, wish: Wish,
                 services: Sequence[Service]) -> None:
        self.name = f'{place.node.name}:{wish.path}'
        self.node = place.node.name
        self.services = tuple(services)
        self._place = place
        self._wish = wish
        self._made: FileRestoration | None = None

    def is_applied(self) -> bool:
        file, wanted = self._look()
        return wanted is None and self._unfinished(file) is None

    def plan(self) -> str:
        file, wanted = self._look()
        if wanted is None:
            return '' if self._unfinished(file) is None else \
                f'{self.name} is right; a restart was interrupted\n'
        return self._diff(file, wanted)

    def apply(self) -> bool:
        file, wanted = self._look()
        if wanted is None:
            return self._resume(file)
        journal, files = self._place.journal, self._place.files
        entry = Entry(self._place.node, journal.next_number(), file,
                      digest(wanted), self.services)
        journal.write(entry)
        self._made = FileRestoration(self._place,
                                     Record(entry, Phase.INTENDED))
        try:
            files.replace(file, wanted)
        except Conflict:
            self._made = None
            journal.drop(entry)
            raise BackendError(f'{self.name} was changed by somebody else '
                               'at the same moment', recoverable=True
                               ) from None
        for record in self._superseded(entry):
            journal.drop(record.entry)
        return True

    def confirm(self) -> None:
        if self._made is not None:
            self._place.journal.mark(self._made.record, Phase.APPLIED)

    def undo(self) -> bool:
        return self._made.undo() if self._made is not None else False

    def forget(self) -> None:
        if self._made is not None:
            self._made.forget()
            self._made = None

    def _look(self) -> tuple[File, bytes | None]:
        """The file, and what it should be; None when it is that."""
        files, wish = self._place.files, self._wish
        file = files.read(wish.path)
        self._check_rivals()
        content = file.content
        if wish.shipped and says_nothing(content):
            shipped = files.read(wish.shipped).content
            if shipped is not None:
                content = comments(content) + shipped
        if content is None and not wish.creates:
            raise ConfigError(f'{self.name}: there is no such file.')
        try:
            before = (file.content or b'').decode()
            text = (content or b'').decode()
            for edit in wish.edits:
                text = edit(text)
        except UnicodeDecodeError:
            raise ConfigError(f'{self.name} is no text in UTF-8.') from None
        except ConfigError as error:
            raise ConfigError(f'{self.name}: {error}') from None
        if file.content is None and text == (content or b'').decode():
            # What counts in its place is right.
            return file, None
        return file, None if text == before else text.encode()

    def _check_rivals(self) -> None:
        """See that no other file counts in the place of this one, or would
        not count any more.
        """
        folder, own = posixpath.split(self._wish.path)
        for name in self._wish.rivals:
            path = posixpath.join(folder, name)
            if name != own and self._place.files.read(path).content \
                    is not None:
                raise ConfigError(
                    f'{self.name}: there is {path}, too; the service reads '
                    'one of them only, and which one depends on its release '
                    'and configuration. Remove the one that it does not '
                    'read, and have the installer know the other one.')

    def _unfinished(self, file: File) -> Record | None:
        """What made the file what it is, when a crash came before its
        services were back.
        """
        return next((record for record in self._place.journal.records()
                     if record.entry.path == file.path
                     and record.entry.after == file.digest
                     and record.phase is not Phase.APPLIED), None)

    def _resume(self, file: File) -> bool:
        record = self._unfinished(file)
        if record is None:
            return False
        self._place.journal.mark(record, Phase.INTENDED)
        self._made = FileRestoration(self._place, record)
        self.services = self._made.services
        return True

    def _superseded(self, entry: Entry) -> list[Record]:
        """What a crash left of changes to what is changed now."""
        return [record for record in self._place.journal.records()
                if record.entry.path == entry.path
                and record.entry.id != entry.id
                and record.entry.before.digest == entry.before.digest
                and record.phase is not Phase.APPLIED]

    def _diff(self, file: File, wanted: bytes) -> str:
        old, new = (secrets.masked((content or b'').decode(
            errors='replace')).splitlines(keepends=True)
            for content in (file.content, wanted))
        return ''.join(
            line if line.endswith('\n')
            else f'{line}\n\\ No newline at end of file\n'
            for line in difflib.unified_diff(
                old, new, self.name, self.name, n=2)
        ) or f'{self.name}: a secret is changed\n'

"""Whether the file is still where the next process looks for it.

SQLite goes on with a file that was deleted or replaced, and says nothing:
what is written since would be gone when the process ends. It is copied out.
The same is true of its log of what was written last, ``-wal``.
"""

import logging
import os
from collections.abc import Callable

from doctor_core.exceptions import StoreError

LOG = logging.getLogger(__name__)


class Place:
    """Where a file was when it was opened; looked at by one thread.

    Made after the first transaction: from then on SQLite keeps the same
    ``-wal`` until it closes the file.

    :param path: empty for no file.
    :param copy: writes what the open file holds to a path; raises StoreError.
    :ivar is_kept: whether the file was there at the last look.
    """

    def __init__(self, path: str, copy: Callable[[str], None]) -> None:
        self._path = path
        self._copy = copy
        self._opened, self._wal = (
            _identity(one) if path else None for one in self._paths)
        self.is_kept = True
        self._is_copied = True

    def look(self) -> None:
        """See whether it is there, and say once what has changed; as long as
        it is not, copy it.
        """
        if self._opened is None:
            return
        try:
            now, wal = (_identity(path) for path in self._paths)
        except OSError:
            # Nobody can look into the folder just now.
            return
        # With a disk that was full at the start, it comes later.
        self._wal = self._wal or wal
        was_kept, self.is_kept = self.is_kept, (
            now == self._opened and wal == self._wal)
        if self.is_kept and not was_kept:
            LOG.warning('The state file %s is in its place again', self._path)
        elif was_kept and not self.is_kept:
            LOG.error(
                'The state file %s was %s while it is in use. Doctor goes on '
                'with the former one, which would be lost when this process '
                'ends, and copies it to %s: see "The state file is gone while '
                'Doctor runs" in the page "The state file".',
                *self._changed(now, wal), self._rescued)
        if not self.is_kept:
            self._copy_out()

    def end(self) -> None:
        """Look once more; never again. May be called again."""
        self.look()
        self._opened = None

    @property
    def _paths(self) -> tuple[str, str]:
        return self._path, f'{self._path}-wal'

    def _changed(self, now: tuple[int, int] | None,
                 wal: tuple[int, int] | None) -> tuple[str, str]:
        """Which of the two was changed, and how."""
        file, its_wal = self._paths
        path, found = (its_wal, wal) if now == self._opened else (file, now)
        return path, 'replaced' if found else 'deleted'

    @property
    def _rescued(self) -> str:
        return f'{self._path}.rescued'

    def _copy_out(self) -> None:
        new = f'{self._path}.rescuing'
        was_copied, self._is_copied = self._is_copied, False
        try:
            with open(new, 'wb', opener=_for_few):
                pass
            self._copy(new)
            os.replace(new, self._rescued)
        except (OSError, StoreError) as error:
            if was_copied:
                LOG.error('The state cannot be copied to %s, and is lost when '
                          'this process ends: %s', self._rescued, error)
            return
        self._is_copied = True


def _for_few(path: str, flags: int) -> int:
    """Opens a file that not everybody may read."""
    return os.open(path, flags, 0o640)


def _identity(path: str) -> tuple[int, int] | None:
    """What tells one file from another; None when there is none."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino

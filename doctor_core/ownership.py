"""One process at a time on a file of state."""

import contextlib
import fcntl
import os
from pathlib import Path

from doctor_core.exceptions import ConfigError

#: Beside the file, for SQLite has locks of its own on that.
_SUFFIX = '.lock'
#: Below the process id, once a process has worked with the file of state.
_KEPT = 'state is kept'


class InUse(ConfigError):
    """Another process has the file of state."""


class Ownership:
    """Holds a lock beside a file of state, as long as the process lives.

    The kernel lets go of it, however the process ends; the file of the lock
    stays, with the last holder's process id in it.

    :param path: the file of state; empty for one in memory, which nobody
        else has.
    :param why: what two processes on one file would do.
    :ivar was_kept: whether a process has worked with that file before.
    :raises InUse: another process holds it, and which.
    :raises ConfigError: the lock cannot be made.
    """

    def __init__(self, path: str, why: str) -> None:
        self._why = why
        self.was_kept = False
        self._file: int | None = None
        if not path:
            return
        try:
            self._hold(path)
        except OSError as error:
            self.give_up()
            raise ConfigError(
                f'Cannot keep state in {path}: {error}. Set [DEFAULT] '
                'state_path to a folder that may be written.') from None

    def _hold(self, path: str) -> None:
        Path(path).parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._file = os.open(
            path + _SUFFIX, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            # flock, not lockf: one of the same process counts, too, and to
            # close the file elsewhere does not let go.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._lines()[0].strip()
            self.give_up()
            raise InUse(
                f'{path} is in use by process {holder or "?"}: '
                f'{self._why}. Stop that one, or give this one another '
                '[DEFAULT] state_path.') from None
        self.was_kept = _KEPT in self._lines()
        self._write()

    def _lines(self) -> list[str]:
        assert self._file is not None
        return os.pread(self._file, 100, 0).decode(
            errors='replace').split('\n')

    def _write(self) -> None:
        assert self._file is not None
        lines = [str(os.getpid()), *([_KEPT] if self.was_kept else [])]
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, '\n'.join([*lines, '']).encode(), 0)

    def keep(self) -> None:
        """The file of state is worked with: whoever does not find it later
        knows that there was one.
        """
        if self._file is None or self.was_kept:
            return
        self.was_kept = True
        # A disk that is full must not stop who has begun.
        with contextlib.suppress(OSError):
            self._write()

    def give_up(self) -> None:
        """Let go of it; may be called again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

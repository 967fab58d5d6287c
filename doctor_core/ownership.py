"""One process at a time on a file of state."""

import fcntl
import os
from pathlib import Path

from doctor_core.exceptions import ConfigError

#: Beside the file, for SQLite has locks of its own on that.
_SUFFIX = '.lock'


class InUse(ConfigError):
    """Another process has the file of state."""


class Ownership:
    """Holds a lock beside a file of state, as long as the process lives.

    The kernel lets go of it, however the process ends; the file of the lock
    stays, with the last holder's process id in it.

    :param path: the file of state; empty for one in memory, which nobody
        else has.
    :param why: what two processes on one file would do.
    :raises InUse: another process holds it, and which.
    :raises ConfigError: the lock cannot be made.
    """

    def __init__(self, path: str, why: str) -> None:
        self._why = why
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
            holder = os.pread(self._file, 20, 0).decode(errors='replace')
            self.give_up()
            raise InUse(
                f'{path} is in use by process {holder.strip() or "?"}: '
                f'{self._why}. Stop that one, or give this one another '
                '[DEFAULT] state_path.') from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f'{os.getpid()}\n'.encode(), 0)

    def give_up(self) -> None:
        """Let go of it; may be called again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

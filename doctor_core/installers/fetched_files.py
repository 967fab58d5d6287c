"""Secret files of another machine, here for a while."""

import os
import tempfile
import threading

from doctor_core.exceptions import BackendError
from doctor_core.runner import Runner


class FetchedFiles:
    """Copies of files that this user only can read; any thread may use them.

    They are in a private folder, which goes with the process at the latest.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._kept: dict[str, str] = {}

    def path(self, runner: Runner, path: str, advice: str) -> str:
        """Where the copy of a machine's file is; fetched once; blocks.

        :param runner: of the one machine that all files are of.
        :param advice: what to do where there is none.
        :raises BackendError: it cannot be fetched.
        """
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix='doctor-')
            if path not in self._kept:
                kept = os.path.join(self._folder.name, str(len(self._kept)))
                with open(os.open(kept, os.O_WRONLY | os.O_CREAT, 0o600),
                          'wb') as file:
                    file.write(_content(runner, path, advice))
                self._kept[path] = kept
            return self._kept[path]

    def forget(self) -> None:
        """Remove them all; may be called again."""
        with self._lock:
            if self._folder is not None:
                self._folder.cleanup()
            self._folder, self._kept = None, {}


def _content(runner: Runner, path: str, advice: str) -> bytes:
    try:
        return runner.get(path)
    except BackendError as error:
        raise BackendError(f'{error}. {advice}',
                           recoverable=error.recoverable) from None

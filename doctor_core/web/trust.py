"""Whom a client trusts, as its files hold it now."""

import logging
import os
import ssl
import threading
from collections.abc import Callable, Sequence

from doctor_core import wire
from doctor_core.exceptions import ConfigError

LOG = logging.getLogger(__name__)

#: Of a file: inode, size, and when content and rights changed.
_Stamp = tuple[int, int, int, int]


class Trust:
    """How peers are verified, and what is shown to them, by who connects.

    The files are looked at by whoever is about to connect, and read again
    when they have changed. Files that cannot be used change nothing. Any
    thread may call.

    :param whose: whose files they are, for the log.
    :param make: reads them; raises ConfigError.
    :param files: the files that are configured; the system's authorities
        are looked at besides.
    """

    def __init__(self, whose: str, make: Callable[[], ssl.SSLContext],
                 files: Sequence[str]) -> None:
        self._whose = whose
        self._make = make
        self._files = tuple(files)
        system = ssl.get_default_verify_paths()
        self._looked_at = (*self._files, *filter(None, (system.cafile,)))
        self._lock = threading.Lock()
        self._stamps: tuple[_Stamp | None, ...] = ()
        self._context: ssl.SSLContext | None = None

    def read(self) -> str:
        """Read the files, whether they have changed or not.

        :returns: which are configured.
        :raises ConfigError: they cannot be used; nothing has changed.
        """
        with self._lock:
            self._read(self._seen())
        return ', '.join(self._files)

    def context(self) -> ssl.SSLContext:
        """For a new connection.

        :raises ConfigError: the files cannot be used, and never could.
        """
        with self._lock:
            stamps = self._seen()
            if self._context is None:
                return self._read(stamps)
            if stamps == self._stamps:
                return self._context
            former = self._context
            try:
                context = self._read(stamps)
            except ConfigError as error:
                refusal = error
            else:
                LOG.info('The TLS files of %s have changed, and are used as '
                         'they are now', self._whose)
                return context
        # Not in the handler: the log would repeat the error. Once for each
        # change: a pair that is half replaced is complete soon.
        LOG.error('The TLS files of %s have changed, and it goes on with '
                  'what was read before: %s', self._whose,
                  wire.one_line(refusal))
        return former

    def _read(self, stamps: tuple[_Stamp | None, ...]) -> ssl.SSLContext:
        # Before the reading: what changes meanwhile is read once more.
        self._stamps = stamps
        # A context of its own: connections that are kept belong to the one
        # that they were made with, and are not used with another.
        self._context = self._make()
        return self._context

    def _seen(self) -> tuple[_Stamp | None, ...]:
        return tuple(_stamp(path) for path in self._looked_at)


def _stamp(path: str) -> _Stamp | None:
    try:
        seen = os.stat(path)
    except OSError:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns

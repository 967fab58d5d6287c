"""Which hosts were reported down: what a restarted monitor has to know."""

import json
import logging
import os
import threading

from doctor_core.model import Fault, FaultStatus

LOG = logging.getLogger(__name__)


class Reported:
    """The hosts reported down and not up since, kept in a file.

    Without it a host that comes back while no monitor runs would stay down
    for ever. A file that cannot be written or read is a warning: watching is
    more important.

    :param path: the file; its folder is made. Any thread may use this.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._down = self._read()

    @property
    def down(self) -> frozenset[str]:
        """Their names."""
        return self._down

    def note(self, fault: Fault) -> None:
        """A fault was reported, for sure."""
        with self._lock:
            before = self._down
            if fault.status is FaultStatus.DOWN:
                self._down |= {fault.hostname}
            else:
                self._down -= {fault.hostname}
            if self._down != before:
                self._write()

    def _read(self) -> frozenset[str]:
        try:
            with open(self._path, encoding='utf-8') as file:
                names = json.load(file)['down']
            return frozenset(str(name) for name in names)
        except FileNotFoundError:
            return frozenset()
        except (OSError, ValueError, KeyError, TypeError) as error:
            LOG.warning('%s cannot be read, so who was reported down before '
                        'is not known: %s', self._path, error)
            return frozenset()

    def _write(self) -> None:
        fresh = f'{self._path}.new'
        try:
            os.makedirs(os.path.dirname(self._path) or '.', exist_ok=True)
            with open(fresh, 'w', encoding='utf-8') as file:
                json.dump({'down': sorted(self._down)}, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self._path)
        except OSError as error:
            LOG.warning('%s cannot be written: after a restart it is not '
                        'known who was reported down: %s', self._path, error)

"""What a monitor has reported: what a restarted one has to know."""

import json
import logging
import os
import threading
from typing import Any

from doctor_core.model import Fault, FaultStatus, SequenceNumber, new_id

LOG = logging.getLogger(__name__)

#: How many numbers are kept as used before they are, so that a report does
#: not wait for the disk.
_AHEAD = 1000
#: What a database holds; a number beyond it was never ours.
_LARGEST = 2 ** 62


class Reported:
    """The hosts reported down and not up since, and how many reports there
    were, kept in a file.

    Without the first, a host that comes back while no monitor runs would stay
    down for ever; without the second, nobody could tell which of two reports
    is the newer one. A file that cannot be written or read is a warning:
    watching is more important. The count of a file that is lost is not gone
    on with: another one begins, with an epoch of its own.

    :param path: the file; its folder is made. Any thread may use this.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        content = self._read()
        self._down = _names(content)
        self._epoch, self._number = _count(content)
        #: Up to which number the file says that they are used.
        self._kept = self._number
        self._keep_ahead()

    @property
    def down(self) -> frozenset[str]:
        """Their names."""
        return self._down

    def next_number(self) -> SequenceNumber:
        """The number of one more report; over restarts it grows.

        It is in the file, as used, before it is given.
        """
        with self._lock:
            if self._number >= self._kept:
                self._keep_ahead()
            self._number += 1
            return SequenceNumber(self._epoch, self._number)

    def note(self, fault: Fault) -> None:
        """A fault was reported, for sure."""
        with self._lock:
            before = self._down
            if fault.status is FaultStatus.DOWN:
                self._down |= {fault.hostname}
            else:
                self._down -= {fault.hostname}
            if self._down != before \
                    or self._kept - self._number < _AHEAD / 2:
                self._write()

    def _keep_ahead(self) -> None:
        if not self._write():
            # The file's count may be gone on with by who reads it next.
            self._epoch = new_id()
            self._kept = self._number + _AHEAD

    def _read(self) -> dict[str, Any]:
        try:
            with open(self._path, encoding='utf-8') as file:
                content = json.load(file)
            if not isinstance(content, dict):
                raise ValueError('it holds no object')
            return content
        except FileNotFoundError:
            return {'down': []}
        except (OSError, ValueError) as error:
            LOG.warning('%s cannot be read, so who was reported down before '
                        'is not known: %s', self._path, error)
            return {'down': []}

    def _write(self) -> bool:
        """Keep all; whether it could be."""
        fresh, kept = f'{self._path}.new', self._number + _AHEAD
        try:
            os.makedirs(os.path.dirname(self._path) or '.', exist_ok=True)
            with open(fresh, 'w', encoding='utf-8') as file:
                json.dump({'down': sorted(self._down), 'epoch': self._epoch,
                           'number': kept}, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self._path)
        except OSError as error:
            LOG.warning('%s cannot be written: after a restart it is not '
                        'known who was reported down: %s', self._path, error)
            return False
        self._kept = kept
        return True


def _names(content: dict[str, Any]) -> frozenset[str]:
    names = content.get('down')
    if not isinstance(names, list):
        LOG.warning('Who was reported down before cannot be read, and is not '
                    'known: %.80r', names)
        return frozenset()
    return frozenset(str(name) for name in names)


def _count(content: dict[str, Any]) -> tuple[str, int]:
    """The epoch and number that were kept; a new count without them."""
    epoch, number = content.get('epoch'), content.get('number')
    if isinstance(epoch, str) and epoch and type(number) is int \
            and 0 <= number < _LARGEST:
        return epoch, number
    return new_id(), 0

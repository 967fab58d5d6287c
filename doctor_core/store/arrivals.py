"""The count of what is taken in, over restarts."""

import logging
import threading

import sqlalchemy as sa

from doctor_core.exceptions import StoreError
from doctor_core.model import SequenceNumber, new_id
from doctor_core.store.database import Database
from doctor_core.store.tables import ARRIVALS

LOG = logging.getLogger(__name__)

#: How many numbers are kept as used before they are, so that what comes in
#: does not wait for the disk.
_AHEAD = 1 << 20


class Arrivals:
    """Gives numbers that grow, whatever a clock does and whoever is
    restarted; each method from any thread.

    A count that cannot be kept is not gone on with: another one begins.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._epoch = ''
        self._number = self._kept = 0

    def next(self) -> SequenceNumber:
        """The number of one more arrival; kept, as used, before that."""
        with self._lock:
            if self._number >= self._kept:
                self._keep_ahead()
            self._number += 1
            return SequenceNumber(self._epoch, self._number)

    def has_begun(self) -> bool:
        """Whether anybody has counted here, in whichever process."""
        return bool(self._database.read(sa.select(ARRIVALS)))

    def _keep_ahead(self) -> None:
        try:
            self._epoch, self._number = self._reserve()
        except (StoreError, sa.exc.SQLAlchemyError) as error:
            LOG.warning('What is taken in cannot be counted over a restart: '
                        '%s', error)
            self._epoch, self._number = new_id(), 0
        self._kept = self._number + _AHEAD

    def _reserve(self) -> tuple[str, int]:
        """The epoch, and the last number that somebody may have used."""
        with self._database.begin() as connection:
            rows = self._database.read(sa.select(ARRIVALS))
            epoch, number = (rows[0]['epoch'], rows[0]['number']) if rows \
                else (new_id(), 0)
            connection.execute(
                ARRIVALS.insert().prefix_with('OR REPLACE'),
                {'epoch': epoch, 'number': number + _AHEAD})
            return epoch, number

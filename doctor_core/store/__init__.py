"""What must survive a crash; the only part that knows SQLAlchemy.

What is decided is written before it is done: a fault with all that it calls
for. A daemon that was killed finds both when it comes back, and what a host's
return has to undo.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from doctor_core.store.alarms import Alarms
from doctor_core.store.arrivals import Arrivals
from doctor_core.store.corrections import (
    CorrectionRecord,
    Corrections,
    Standing,
    Tally,
)
from doctor_core.store.database import Database
from doctor_core.store.evidence import EvidenceTable
from doctor_core.store.falls import Fallen, Falls
from doctor_core.store.faults import FaultRecord, Faults, Said
from doctor_core.store.kept import Kept
from doctor_core.store.losses import Loss, Losses
from doctor_core.store.place import Place
from doctor_core.store.rehearsal import rehearse
from doctor_core.store.tellings import TellingRecord, Tellings

__all__ = ['CorrectionRecord', 'Fallen', 'FaultRecord', 'Loss', 'Said',
           'Standing', 'Store', 'Tally', 'TellingRecord']


class Store:
    """The tables, side by side; each method of theirs from any thread.

    :param path: the SQLite file; empty keeps everything in memory.
    :raises ConfigError: the file cannot be used.
    """

    def __init__(self, path: str = '') -> None:
        self._database = Database(path)
        self.faults = Faults(self._database)
        self.arrivals = Arrivals(self._database)
        self.kept = Kept(self._database)
        self.corrections = Corrections(self._database)
        self.tellings = Tellings(self._database)
        self.losses = Losses(self._database)
        self.falls = Falls(self._database)
        self.evidence = EvidenceTable(self._database)
        self.alarms = Alarms(self._database)
        rehearse(self)
        self.place = Place(path, self._database.copy_to)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is written inside is kept, or nothing of it."""
        with self._database.begin():
            yield

    @property
    def is_kept(self) -> bool:
        """Whether what is written is kept: the file is in its place, and
        takes it. Never blocks.
        """
        return self.place.is_kept and not self._database.is_in_trouble

    def look(self) -> None:
        """See whether it is, now and then."""
        self.place.look()
        self._database.try_again()

    def is_new(self) -> bool:
        """Whether nobody has worked with the file yet."""
        return not self.arrivals.has_begun() and not self.faults.latest(1)

    def close(self) -> None:
        """Close the file; may be called again."""
        self.place.end()
        self._database.close()

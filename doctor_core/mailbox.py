"""Named boxes for notices within this process.

What is put into a box by its name is read by who opened it: the two know
nothing of each other but the name, as with a URL. A box exists while it is
open, so nothing is kept for nobody.
"""

import threading
from typing import ClassVar

from doctor_core.exceptions import ConfigError
from doctor_core.model import Notice

#: More than a test or a demonstration sends; a bound all the same.
BOX_LIMIT = 100_000


class Mailbox:
    """A box; every method may be called from any thread, none blocks.

    :param name: what it is found by.
    :param limit: how many notices it holds at the most.
    :raises ConfigError: there is an open one of that name.
    """

    _open: ClassVar[dict[str, 'Mailbox']] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, name: str, limit: int = BOX_LIMIT) -> None:
        self.name = name
        self._limit = limit
        self._notices: list[Notice] = []
        with self._lock:
            if name in self._open:
                raise ConfigError(f'There is already a mailbox {name!r}.')
            self._open[name] = self

    @classmethod
    def find(cls, name: str) -> 'Mailbox | None':
        """The open box of that name."""
        with cls._lock:
            return cls._open.get(name)

    def put(self, notice: Notice) -> bool:
        """Add a notice.

        :returns: False when the box is full or closed: it was not taken.
        """
        with self._lock:
            taken = len(self._notices) < self._limit \
                and self._open.get(self.name) is self
            if taken:
                self._notices.append(notice)
            return taken

    def notices(self) -> list[Notice]:
        """All that was put in, oldest first; also once closed."""
        with self._lock:
            return list(self._notices)

    def close(self) -> None:
        """Take no more and free the name; may be called again."""
        with self._lock:
            if self._open.get(self.name) is self:
                del self._open[self.name]

"""Hosts that cannot be asked, as with a wrong password: said, and not more.

That says nothing of the hosts. But who believed them to be watched would hear
nothing when they die.
"""

import logging

from doctor_core.wording import by_reason, counted

LOG = logging.getLogger(__name__)

#: So long others may take to fail as well, so that one line has them all.
_GATHER_S = 1.0


class Unasked:
    """Keeps who cannot be asked, and has the log say it once.

    Pure but for the log: the times given are seconds of one monotonic clock.

    :param misses: so many times in a row, of one that could be asked before.
    """

    def __init__(self, misses: int) -> None:
        self._misses = misses
        self._failures: dict[str, int] = {}
        self._could_be: set[str] = set()
        #: Of whom it is to be said, and why.
        self._new: dict[str, str] = {}
        self._said: set[str] = set()
        self._say_at = float('inf')

    def failed(self, name: str, why: str, now: float) -> None:
        """A host could not be asked."""
        self._failures[name] = self._failures.get(name, 0) + 1
        if self.is_unasked(name) and name not in self._said:
            if not self._new:
                self._say_at = now + _GATHER_S
            self._new[name] = why

    def asked(self, name: str) -> None:
        """A host could be asked, whatever it said."""
        self._failures.pop(name, None)
        self._new.pop(name, None)
        self._could_be.add(name)
        if name in self._said:
            self._said.discard(name)
            if not self._said:
                LOG.warning('All hosts can be asked again')

    def gone(self, name: str) -> None:
        """A host is not watched any more."""
        self._failures.pop(name, None)
        self._new.pop(name, None)
        self._could_be.discard(name)
        self._said.discard(name)

    def is_unasked(self, name: str) -> bool:
        """Whether nothing is known of a host for want of an answer."""
        failures = self._failures.get(name, 0)
        return failures >= (self._misses if name in self._could_be else 1)

    def look(self, now: float, hosts: int) -> None:
        """Say what is new, if others had their time.

        :param hosts: how many are watched.
        """
        if now < self._say_at:
            return
        self._say_at = float('inf')
        new, self._new = self._new, {}
        self._said |= new.keys()
        if new:
            LOG.warning('%d of %s cannot be asked, and nothing is said of '
                        'them: %s', len(self._said), counted(hosts, 'host'),
                        '; '.join(by_reason(sorted(new.items()))))

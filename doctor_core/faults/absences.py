"""What Nova does not list: gone, or left out of one answer?

A service, or a database behind it, that is away for a moment makes lists
shorter without a word. So one look is no proof that a host is gone.
"""

import logging
from collections.abc import Collection

from doctor_core.exceptions import CloudError

LOG = logging.getLogger(__name__)

#: So far apart, in seconds, two looks begin that have to agree.
APART_S = 60.0


class NotSettled(CloudError):
    """Nova does not list something that may be there all the same."""


class Absences:
    """The hosts that Nova does not list. Not safe for several threads."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._is_empty = False

    def gone(self, began_at: float, known: Collection[str],
             found: Collection[str]) -> set[str]:
        """Which of the known hosts are gone, by a look at all hosts.

        :param began_at: when the look began, by the monotonic clock.
        :param found: all that Nova listed. If that is none, nothing is
            gone: a cloud without a single compute service is none.
        """
        self.seen(found)
        if not found and known and not self._is_empty:
            LOG.warning('Nova lists no compute service at all: what was '
                        'known of %d is kept', len(known))
        self._is_empty = not found
        return {host for host in known if host not in found
                and self.missed(host, began_at)} if found else set()

    def missed(self, host: str, began_at: float) -> bool:
        """A look did not find a host; whether it is gone."""
        return began_at >= self._since.setdefault(host, began_at) + APART_S

    def seen(self, hosts: Collection[str]) -> None:
        """These are there."""
        for host in hosts:
            self._since.pop(host, None)

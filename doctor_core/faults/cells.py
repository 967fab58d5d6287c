"""Hosts whose cell Nova cannot see: what was known of them is kept."""

import dataclasses
import logging
import threading
from collections.abc import Mapping
from typing import TypeGuard

from doctor_core.model import ComputeService, Server
from doctor_core.wording import counted, few

LOG = logging.getLogger(__name__)

_UNKNOWN = 'unknown'
#: Of a server that can be restored; no list of Nova's has it.
_SOFT_DELETED = 'soft-delete'


def is_unseen(service: ComputeService) -> bool:
    """Whether Nova cannot see the cell of a host."""
    return service.state == _UNKNOWN


def known_as(service: ComputeService, before: ComputeService | None
             ) -> ComputeService:
    """A service with what was known of it, if Nova does not see it.

    :param before: as it was known; None when it was not.
    """
    if before is None or not is_unseen(service):
        return service
    return dataclasses.replace(before, state=_UNKNOWN)


def seen(found: Mapping[str, Server | None]) -> dict[str, Server | None]:
    """Of servers that were asked for by their ids, all but those of cells
    that Nova cannot see: where these are, it does not say.
    """
    return {name: server for name, server in found.items()
            if server is None or not server.is_partial}


def is_there(server: Server | None) -> TypeGuard[Server]:
    """Whether a server's own record says that it is in the cloud still."""
    return server is not None and server.state != _SOFT_DELETED


def is_on(server: Server | None, host: str) -> TypeGuard[Server]:
    """Whether a server's own record says that it is on a host."""
    return is_there(server) and server.host == host


class UnseenHosts:
    """Says once which they are; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hosts: set[str] = set()

    def say(self, hosts: set[str]) -> None:
        """Let the log say what is new about the hosts of unseen cells."""
        with self._lock:
            before, self._hosts = self._hosts, hosts
        if hosts - before:
            LOG.warning('Nova cannot see the cell of %s: %s. What was '
                        'known of their servers is kept',
                        counted(len(hosts), 'host'),
                        few(sorted(hosts)))
        elif before and not hosts:
            LOG.warning('Nova sees the cells of all hosts again')

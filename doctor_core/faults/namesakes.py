"""Hosts of which Nova has more than one compute service.

Two cells may each have one of the same name, or a host has moved to another
cell and left its record behind. News of a host names the host only: so all
of them are marked, and the marks of all are taken back.
"""

import dataclasses
import logging
import threading
from collections.abc import Iterable, Mapping

from doctor_core.faults import cells
from doctor_core.model import ComputeService
from doctor_core.wording import counted, few

LOG = logging.getLogger(__name__)


def by_host(services: Iterable[ComputeService]) -> dict[str, ComputeService]:
    """One of each host, with its namesakes: of a cell that Nova cannot see
    before one that is up, and this before the one that reported last.
    """
    found: dict[str, list[ComputeService]] = {}
    for service in services:
        found.setdefault(service.host, []).append(service)
    return {host: _first(its) for host, its in found.items()}


def _first(services: list[ComputeService]) -> ComputeService:
    if len(services) == 1:
        return services[0]
    first, *others = sorted(services, reverse=True, key=lambda one: (
        cells.is_unseen(one), one.state == 'up', one.updated_at, one.id))
    return dataclasses.replace(first, namesakes=tuple(others))


def marked(service: ComputeService, service_id: str, forced_down: bool
           ) -> ComputeService:
    """A host's services when one of them was marked, or is no more."""
    first, *others = (
        dataclasses.replace(one, forced_down=forced_down)
        if one.id == service_id else one for one in service.all())
    return dataclasses.replace(first, namesakes=tuple(others))


class Namesakes:
    """Says once which hosts have them; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hosts: set[str] = set()

    def say(self, services: Mapping[str, ComputeService]) -> None:
        """Let the log say which hosts have more than one, when they are
        others than before.
        """
        hosts = {host for host, one in services.items() if one.namesakes}
        with self._lock:
            before, self._hosts = self._hosts, hosts
        if hosts - before:
            LOG.warning('Nova has more than one compute service of %s: %s. '
                        'All are marked with their host; delete those that '
                        'are left over', counted(len(hosts), 'host'),
                        few(sorted(hosts)))

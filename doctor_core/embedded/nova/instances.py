"""Servers as Nova's database has them, and the words for their states."""

import dataclasses
import hashlib
from typing import Any

#: status by vm_state, and by task_state where that matters.
_STATUS = {
    'active': 'ACTIVE', 'building': 'BUILD', 'stopped': 'SHUTOFF',
    'resized': 'VERIFY_RESIZE', 'error': 'ERROR', 'deleted': 'DELETED',
}
_TASK_STATUS = {
    'rebuilding': 'REBUILD', 'migrating': 'MIGRATING',
    'resize_migrating': 'RESIZE', 'resize_reverting': 'REVERT_RESIZE',
}

RUNNING = 1
NO_STATE = 0
SHUT_DOWN = 4


@dataclasses.dataclass
class Instance:
    """A server.

    :ivar flavor: what its flavor was when it was made.
    :ivar host: empty until it was scheduled.
    :ivar old_host: where it came from while a migration is not confirmed.
    """

    id: str
    number: int
    name: str
    project_id: str
    user_id: str
    image_id: str
    flavor: dict[str, Any]
    created_at: float
    updated_at: float
    reservation_id: str
    metadata: dict[str, str]
    tags: list[str]
    description: str | None
    key_name: str | None
    user_data: str | None
    pinned_zone: str | None
    hints: dict[str, Any]
    launch_index: int = 0
    launched_at: float | None = None
    terminated_at: float | None = None
    host: str = ''
    old_host: str = ''
    vm_state: str = 'building'
    task_state: str | None = 'scheduling'
    power_state: int = NO_STATE
    fault: dict[str, Any] | None = None

    @property
    def status(self) -> str:
        """The word that the API has for its state."""
        task = _TASK_STATUS.get(self.task_state or '', '')
        return task or _STATUS[self.vm_state]

    @property
    def domain_name(self) -> str:
        """What the hypervisor calls it."""
        return f'instance-{self.number:08x}'

    @property
    def hostname(self) -> str:
        """What it calls itself."""
        kept = ''.join(c if c.isalnum() or c in '.-' else '-'
                       for c in self.name.lower() if c.isascii())
        return kept.strip('.-')[:63] or f'server-{self.id}'

    @property
    def host_id(self) -> str:
        """The host in a form that tells its owner only whether it changed.
        """
        if not self.host:
            return ''
        return hashlib.sha224(
            (self.project_id + self.host).encode()).hexdigest()


def is_status(text: str) -> bool:
    """Whether a status of that name exists, by any letter case."""
    return text.upper() in {*_STATUS.values(), *_TASK_STATUS.values()}

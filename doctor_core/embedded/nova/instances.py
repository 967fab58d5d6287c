"""Servers as Nova's database has them, and the words for their states."""

import dataclasses
import hashlib
from typing import Any

#: status by vm_state: all of them.
_STATUS = {
    'active': 'ACTIVE', 'building': 'BUILD', 'stopped': 'SHUTOFF',
    'paused': 'PAUSED', 'suspended': 'SUSPENDED', 'rescued': 'RESCUE',
    'resized': 'VERIFY_RESIZE', 'shelved': 'SHELVED',
    'shelved_offloaded': 'SHELVED_OFFLOADED', 'soft-delete': 'SOFT_DELETED',
    'error': 'ERROR', 'deleted': 'DELETED',
}
_REBUILT = {'rebuilding': 'REBUILD'}
_RESIZED = {'resize_prep': 'RESIZE', 'resize_migrating': 'RESIZE'}
#: status by vm_state and task_state, where that matters.
_TASK_STATUS = {
    'active': _REBUILT | _RESIZED | {
        'rebooting': 'REBOOT', 'rebooting_hard': 'HARD_REBOOT',
        'migrating': 'MIGRATING'},
    'stopped': _REBUILT | _RESIZED,
    'paused': {'migrating': 'MIGRATING'},
    'resized': {'resize_reverting': 'REVERT_RESIZE'},
    'error': _REBUILT,
}

# power_state, as hypervisors say it.
NO_STATE = 0
RUNNING = 1
PAUSED = 3
SHUT_DOWN = 4
CRASHED = 6
SUSPENDED = 7


@dataclasses.dataclass
class Instance:
    """A server.

    :ivar flavor: what its flavor was when it was made.
    :ivar host: empty until it was scheduled, and once it was offloaded.
    :ivar cell: where its record is; empty until it was scheduled.
    :ivar old_flavor: what it was while a resize is not confirmed.
    :ivar old_host: where it came from while a migration is not confirmed.
    :ivar power_state: what Nova's database says of its guest.
    :ivar guest: the power state that its guest really has.
    :ivar has_saved_memory: whether the guest's memory is kept in a file, as
        of a suspended one.
    :ivar lost_memory: whether memory that was kept was thrown away.
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
    guest: int = NO_STATE
    has_saved_memory: bool = False
    lost_memory: bool = False
    cell: str = ''
    old_flavor: dict[str, Any] | None = None
    fault: dict[str, Any] | None = None

    @property
    def status(self) -> str:
        """The word that the API has for its state."""
        by_task = _TASK_STATUS.get(self.vm_state, {})
        return by_task.get(self.task_state or '', _STATUS[self.vm_state])

    def discard_memory(self) -> None:
        """Start its guest, or throw it away, without what it remembered."""
        self.lost_memory = self.lost_memory or self.has_saved_memory
        self.has_saved_memory = False

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
    return text.upper() in {*_STATUS.values(), *(
        status for by_task in _TASK_STATUS.values()
        for status in by_task.values())}

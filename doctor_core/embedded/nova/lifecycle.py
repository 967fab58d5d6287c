"""What a nova-compute does with a server that stays where it is."""

from collections.abc import Callable
from typing import NamedTuple

from doctor_core import clock
from doctor_core.embedded.neutron.plugging import Plugging
from doctor_core.embedded.nova.compute import Compute
from doctor_core.embedded.nova.instances import (
    PAUSED,
    RUNNING,
    SHUT_DOWN,
    Instance,
)


class _Turn(NamedTuple):
    """From one state to another: what shows meanwhile, and at the end."""

    task_state: str
    vm_state: str
    power_state: int


#: By the names that the API has for them. A suspended guest is shut down,
#: its memory in a file, as libvirt does it.
_TURNS = {
    'pause': _Turn('pausing', 'paused', PAUSED),
    'unpause': _Turn('unpausing', 'active', RUNNING),
    'suspend': _Turn('suspending', 'suspended', SHUT_DOWN),
    'resume': _Turn('resuming', 'active', RUNNING),
    'rescue': _Turn('rescuing', 'rescued', RUNNING),
    'unrescue': _Turn('unrescuing', 'active', RUNNING),
    'reboot-soft': _Turn('rebooting', 'active', RUNNING),
    'reboot-hard': _Turn('rebooting_hard', 'active', RUNNING),
    'restore': _Turn('restoring', 'active', RUNNING),
}


class Lifecycle:
    """Turns servers from state to state.

    :param offload_s: seconds after which a shelved server leaves its host,
        Nova's ``shelved_offload_time``; negative for never.
    """

    def __init__(self, compute: Compute, plugging: Plugging,
                 offload_s: float) -> None:
        self._compute = compute
        self._plugging = plugging
        self._offload_s = offload_s

    def turn(self, name: str, instance: Instance) -> None:
        """Do one of the simple turns."""
        turn = _TURNS[name]
        self._compute.change(instance, task_state=turn.task_state)

        def done() -> None:
            if name == 'reboot-hard':
                instance.discard_memory()
            self._compute.change(
                instance, vm_state=turn.vm_state, fault=None,
                power_state=turn.power_state,
                has_saved_memory=name == 'suspend')

        self._compute.work_on(instance, done)

    def soft_delete(self, instance: Instance) -> None:
        """Stop a server, and keep it for who wants it back."""
        self._compute.change(instance, task_state='soft-deleting')
        self._compute.work_on(instance, lambda: self._compute.change(
            instance, vm_state='soft-delete', power_state=SHUT_DOWN))

    def shelve(self, instance: Instance) -> None:
        """Stop a server, keep its image, and have it leave its host."""
        self._compute.change(instance, task_state='shelving')

        def shelved() -> None:
            instance.discard_memory()
            self._compute.change(instance, vm_state='shelved',
                                 power_state=SHUT_DOWN)
            if self._offload_s == 0:
                self.offload(instance)
            elif self._offload_s > 0:
                self._compute.later(self._offload_s,
                                    lambda: self._offload_now(instance))

        self._compute.work_on(instance, shelved)

    def _offload_now(self, instance: Instance) -> None:
        if instance.vm_state == 'shelved' and not instance.task_state:
            self.offload(instance)

    def offload(self, instance: Instance) -> None:
        """Have a shelved server leave its host: it is on none then."""
        self._compute.change(instance, task_state='shelving_offloading')

        def offloaded() -> None:
            self._plugging.move(instance.id, '')
            self._compute.change(instance, vm_state='shelved_offloaded',
                                 power_state=SHUT_DOWN, host='')

        self._compute.work_on(instance, offloaded)

    def unshelve(self, instance: Instance) -> None:
        """Start a shelved server, on a new host if it has none.

        Without a host to go to, it stays as it is.
        """
        self._compute.change(instance, task_state='unshelving')
        if instance.host:
            self._compute.work_on(instance, self._unshelved(instance))
            return
        target = self._compute.scheduled('')
        if target is None:
            self._compute.change(instance)
            return
        self._compute.change(instance, task_state='spawning',
                             host=target.name)
        self._plugging.move(instance.id, target.name)
        self._compute.work_on(instance, self._unshelved(instance))

    def _unshelved(self, instance: Instance) -> Callable[[], None]:
        return lambda: self._compute.change(
            instance, vm_state='active', power_state=RUNNING,
            launched_at=clock.now())

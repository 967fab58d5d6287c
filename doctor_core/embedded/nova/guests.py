"""What hypervisors run, and how each nova-compute keeps up with it."""

from doctor_core.embedded.nova.compute import Compute, Later
from doctor_core.embedded.nova.hosts import ComputeHost, Hosts
from doctor_core.embedded.nova.instances import (
    CRASHED,
    NO_STATE,
    PAUSED,
    RUNNING,
    SHUT_DOWN,
    SUSPENDED,
    Instance,
)

_GONE = frozenset({SHUT_DOWN, CRASHED})
#: The vm_states that a nova-compute does not look at when it starts.
_SKIPPED = frozenset({'error', 'soft-delete'})


class Guests:
    """Compares what Nova's database says of servers with their guests.

    :param later: runs something later.
    :param interval_s: seconds from one look of all nova-computes to the
        next, Nova's ``sync_power_state_interval``; negative for no look
        unless :meth:`sync` is called.
    """

    def __init__(self, hosts: Hosts, compute: Compute, later: Later,
                 interval_s: float) -> None:
        self._hosts = hosts
        self._compute = compute
        self._later = later
        self._interval_s = interval_s
        hosts.when_started = self.start

    def begin(self) -> None:
        """Look from now on; on the cloud's loop."""
        if self._interval_s >= 0:
            self._later(self._interval_s, self._look)

    def _look(self) -> None:
        for host in self._hosts:
            self.sync(host)
        self.begin()

    def start(self, host: ComputeHost) -> None:
        """What a nova-compute does when it starts, and looks at first.

        Of servers in error it takes no notice: neither does it start their
        guests, nor has it an opinion of them later.
        """
        for instance in self._compute.on(host):
            if host.rebooting and instance.guest in (RUNNING, PAUSED):
                instance.guest = SHUT_DOWN
            if host.resumes_guests and instance.power_state == RUNNING \
                    and instance.vm_state not in _SKIPPED:
                instance.guest = RUNNING
        if self._interval_s >= 0:
            self.sync(host)

    def sync(self, host: ComputeHost) -> None:
        """Nova's power sync on a host: once, now."""
        if host.failed_at is not None or self._hosts.is_lost(host.cell):
            return
        for instance in self._compute.on(host):
            if not instance.task_state:
                self._sync(instance)

    def _sync(self, instance: Instance) -> None:
        """The hypervisor is right as to power, Nova as to what should be."""
        instance.power_state = guest = instance.guest
        if instance.vm_state == 'active':
            wrong = guest in _GONE or guest == SUSPENDED
        elif instance.vm_state == 'stopped':
            wrong = guest not in _GONE and guest != NO_STATE
        else:
            wrong = instance.vm_state == 'paused' and guest in _GONE
        if wrong:
            self._compute.stop(instance)

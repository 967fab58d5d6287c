"""What Nova's services do with servers: schedule, build, stop, move, delete.
"""

from collections.abc import Callable
from typing import Any

from doctor_core import clock
from doctor_core.embedded.neutron.plugging import Plugging, Request
from doctor_core.embedded.nova.hosts import ComputeHost, Hosts
from doctor_core.embedded.nova.instances import (
    NO_STATE,
    RUNNING,
    SHUT_DOWN,
    Instance,
)
from doctor_core.embedded.nova.telling import Teller
from doctor_core.web.server import Refused

#: Runs something on the cloud's loop, so many seconds later.
Later = Callable[[float, Callable[[], None]], None]

_NO_HOST = 'No valid host was found. There are not enough hosts available.'


class Compute:
    """All servers, and what happens to them.

    :param later: runs something later.
    :param build_s: seconds that the work of a nova-compute takes.
    """

    def __init__(self, hosts: Hosts, plugging: Plugging, teller: Teller,
                 later: Later, build_s: float) -> None:
        self.instances: dict[str, Instance] = {}
        self._hosts = hosts
        self._plugging = plugging
        self._teller = teller
        self.later = later
        self._build_s = build_s

    def on(self, host: ComputeHost) -> list[Instance]:
        """The servers on a host."""
        return [instance for instance in self.instances.values()
                if instance.host == host.name]

    def change(self, instance: Instance, *, vm_state: str | None = None,
               task_state: str | None = None, **fields: Any) -> None:
        """Write a server's record, and tell of a new state.

        :param vm_state: None for the one that it has.
        :param fields: other members; ``power_state`` is that of the guest,
            too.
        """
        old_state, old_task = instance.vm_state, instance.task_state
        instance.vm_state = vm_state or old_state
        instance.task_state = task_state
        for name, value in fields.items():
            setattr(instance, name, value)
        instance.guest = fields.get('power_state', instance.guest)
        host = self._hosts.get(fields.get('host', ''))
        instance.cell = host.cell if host else instance.cell
        instance.updated_at = clock.now()
        if (instance.vm_state, task_state) != (old_state, old_task):
            self._teller.changed(instance, old_state, old_task)

    # Making and deleting

    def build(self, instance: Instance, requests: list[Request],
              wanted: str) -> None:
        """Put a new server on a host.

        :param requests: what it is plugged into.
        :param wanted: the host it has to go to; empty for any.
        """
        self.instances[instance.id] = instance
        self._teller.changed(instance, 'building', None)
        host = self.scheduled(wanted)
        if host is None:
            self.later(self._build_s, lambda: self._fail(instance, _NO_HOST))
            return
        self.change(instance, task_state='spawning', host=host.name)
        try:
            self._plugging.plug(instance.id, instance.project_id, host.name,
                                requests)
        except Refused as refused:
            why = refused.message
            self.later(0, lambda: self._fail(instance, why))
            return
        self.work_on(instance, lambda: self._built(instance))

    def scheduled(self, wanted: str, but: str = '') -> ComputeHost | None:
        """The emptiest of the hosts that may be used."""
        hosts = [host for host in self._hosts.candidates(but)
                 if wanted in ('', host.name)]
        return min(hosts, key=lambda host: len(self.on(host)), default=None)

    def _built(self, instance: Instance) -> None:
        self.change(instance, vm_state='active', launched_at=clock.now(),
                    power_state=RUNNING)
        self._teller.created(instance, [
            {'address': address['addr'], 'version': address['version'],
             'label': label, 'vif_mac': address['OS-EXT-IPS-MAC:mac_addr'],
             'type': 'fixed', 'meta': {}, 'floating_ips': []}
            for label, addresses in
            self._plugging.addresses(instance.id).items()
            for address in addresses])

    def _fail(self, instance: Instance, why: str, host: str = '') -> None:
        if instance.id in self.instances:
            self.change(instance, vm_state='error', host=host, fault={
                'code': 500, 'created_at': clock.now(), 'message': why})

    def delete(self, instance: Instance) -> None:
        """Delete a server; its host need not live for it."""
        self._plugging.unplug(instance.id)
        del self.instances[instance.id]
        self.change(instance, vm_state='deleted', power_state=NO_STATE,
                    terminated_at=clock.now())
        self._teller.deleted(instance)

    # What a nova-compute does

    def _work(self, host: ComputeHost, instance: Instance,
              done: Callable[[], None]) -> None:
        """Let a host work for a while; a dead one goes on when it is healed.
        """
        def finish() -> None:
            if instance.id not in self.instances:
                return
            if host.failed_at is not None:
                host.waiting.append(finish)
            else:
                done()

        self.later(self._build_s, finish)

    def work_on(self, instance: Instance, done: Callable[[], None]) -> None:
        """Let a server's own host work; what it does is not done to a server
        that has left it meanwhile.
        """
        host = self._hosts.get(instance.host)
        assert host is not None

        def still_there() -> None:
            # It may have been evacuated while the host was dead.
            if instance.host == host.name:
                done()

        self._work(host, instance, still_there)

    def stop(self, instance: Instance) -> None:
        self.change(instance, task_state='powering-off')
        self._power(instance, 'off', 'stopped', SHUT_DOWN)

    def start(self, instance: Instance) -> None:
        """Start a server's guest; memory that was kept is thrown away."""
        self.change(instance, task_state='powering-on')
        self._power(instance, 'on', 'active', RUNNING)

    def _power(self, instance: Instance, way: str, vm_state: str,
               power_state: int) -> None:
        def done() -> None:
            self._teller.powered(instance, way, 'start')
            if way == 'on':
                instance.discard_memory()
            self.change(instance, vm_state=vm_state, power_state=power_state)
            self._teller.powered(instance, way, 'end')

        self.work_on(instance, done)

    # Moving

    def evacuate(self, instance: Instance, wanted: str, *,
                 stays_stopped: bool) -> None:
        """Rebuild a server of a dead host elsewhere.

        An active or failed one becomes active again, a stopped one stays
        stopped.

        :param wanted: the host it has to go to; empty for any.
        :param stays_stopped: whether it is to be left stopped in any case.
        """
        source = self._hosts.get(instance.host)
        target = self.scheduled(wanted, but=instance.host)
        stopped = stays_stopped or instance.vm_state == 'stopped'
        self.change(instance, task_state='rebuilding')
        if target is None or source is None:
            self.later(self._build_s, lambda: self._fail(
                instance, _NO_HOST, instance.host))
            return

        def rebuilt() -> None:
            source.evacuated = True
            self._plugging.move(instance.id, target.name)
            self.change(
                instance, vm_state='stopped' if stopped else 'active',
                host=target.name, launched_at=clock.now(), fault=None,
                power_state=SHUT_DOWN if stopped else RUNNING)

        self._work(target, instance, rebuilt)

    def live_migrate(self, instance: Instance, wanted: str) -> None:
        """Move a running server; the host it leaves has to live.

        :raises Refused: 400, when there is no host to go to.
        """
        target = self._target(instance, wanted)
        self.change(instance, task_state='migrating')

        def moved() -> None:
            self._plugging.move(instance.id, target.name)
            self.change(instance, host=target.name)

        self.work_on(instance, moved)

    def migrate(self, instance: Instance, wanted: str,
                flavor: dict[str, Any] | None = None) -> None:
        """Move a server by a restart; to be confirmed or reverted then.

        :param flavor: what it is to be then; None for what it is.
        :raises Refused: 400, when there is no host to go to.
        """
        target = self._target(instance, wanted)
        self.change(instance, task_state='resize_migrating')

        def moved() -> None:
            self._plugging.move(instance.id, target.name)
            self.change(instance, vm_state='resized', host=target.name,
                        old_host=instance.host,
                        flavor=flavor or instance.flavor,
                        old_flavor=instance.flavor)

        self.work_on(instance, moved)

    def _target(self, instance: Instance, wanted: str) -> ComputeHost:
        target = self.scheduled(wanted, but=instance.host)
        if target is None:
            raise Refused(400, _NO_HOST)
        return target

    def confirm(self, instance: Instance) -> None:
        """Let a migrated server stay where it is."""
        self.change(instance, vm_state=_running(instance), old_host='',
                    old_flavor=None)

    def revert(self, instance: Instance) -> None:
        """Move a migrated server back to where it was."""
        back = instance.old_host
        self.change(instance, task_state='resize_reverting')

        def moved() -> None:
            self._plugging.move(instance.id, back)
            self.change(instance, vm_state=_running(instance), host=back,
                        old_host='', old_flavor=None,
                        flavor=instance.old_flavor or instance.flavor)

        self.work_on(instance, moved)


def _running(instance: Instance) -> str:
    return 'active' if instance.power_state == RUNNING else 'stopped'

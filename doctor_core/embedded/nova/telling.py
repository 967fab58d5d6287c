"""Nova's unversioned notifications of servers."""

from typing import Any

from doctor_core import clock, wire
from doctor_core.embedded.notifications import CONTROLLER, Notifications
from doctor_core.embedded.nova.instances import Instance

_DAY_S = 86400


def _stamp(at: float | None) -> str:
    # Nova's database keeps whole seconds of these.
    return '' if at is None else wire.iso(int(at))


def payload(instance: Instance, image_url: str) -> dict[str, Any]:
    """What every notification of a server says of it."""
    flavor = instance.flavor
    return {
        'tenant_id': instance.project_id,
        'user_id': instance.user_id,
        'instance_id': instance.id,
        'display_name': instance.name,
        'reservation_id': instance.reservation_id,
        'hostname': instance.hostname,
        'instance_type': flavor['name'],
        'instance_type_id': flavor['number'],
        'instance_flavor_id': flavor['id'],
        'architecture': None,
        'memory_mb': flavor['ram'],
        'disk_gb': flavor['disk'] + flavor['ephemeral'],
        'vcpus': flavor['vcpus'],
        'root_gb': flavor['disk'],
        'ephemeral_gb': flavor['ephemeral'],
        'host': instance.host or None,
        'node': instance.host or None,
        'availability_zone': 'nova' if instance.host else None,
        'cell_name': '',
        'created_at': wire.iso(instance.created_at).replace('T', ' ')[:19]
        + '+00:00',
        'terminated_at': _stamp(instance.terminated_at),
        'deleted_at': _stamp(instance.terminated_at),
        'launched_at': _stamp(instance.launched_at),
        'image_ref_url': f'{image_url}/images/{instance.image_id}',
        'os_type': None,
        'kernel_id': '',
        'ramdisk_id': '',
        'state': instance.vm_state,
        'state_description': instance.task_state or '',
        'progress': '',
        'access_ip_v4': None,
        'access_ip_v6': None,
        'image_meta': {'base_image_ref': instance.image_id},
        'metadata': dict(instance.metadata),
    }


class Teller:
    """Sends the notifications of servers.

    :ivar image_url: where images are, for the payload; set when it is known.
    """

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications
        self.image_url = ''

    def changed(self, instance: Instance, old_state: str,
                old_task: str | None) -> None:
        """That a server came from one state into another.

        The API or the conductor writes it down, and tells.
        """
        now = clock.now()
        self._send('compute.instance.update', instance, {
            'old_state': old_state,
            'old_task_state': old_task,
            'new_task_state': instance.task_state,
            'audit_period_beginning': wire.iso(now - now % _DAY_S),
            'audit_period_ending': wire.iso(now),
            'bandwidth': {},
        })

    def created(self, instance: Instance, fixed_ips: list[dict[str, Any]]
                ) -> None:
        """That a server runs; its nova-compute tells."""
        self._send('compute.instance.create.end', instance,
                   {'fixed_ips': fixed_ips, 'message': 'Success'},
                   instance.host)

    def powered(self, instance: Instance, way: str, phase: str) -> None:
        """That a guest is turned on or off; its nova-compute tells.

        :param way: ``on`` or ``off``.
        :param phase: ``start`` or ``end``.
        """
        self._send(f'compute.instance.power_{way}.{phase}', instance, {},
                   instance.host)

    def deleted(self, instance: Instance) -> None:
        """That a server is no more; its nova-compute tells."""
        self._send('compute.instance.delete.end', instance, {},
                   instance.host)

    def _send(self, event_type: str, instance: Instance,
              more: dict[str, Any], sender: str = '') -> None:
        self._notifications.send(
            'nova', event_type, payload(instance, self.image_url) | more,
            sender=sender or CONTROLLER)

"""Servers as the API shows them, by microversion and by who asks."""

import functools
from typing import Any

from doctor_core import wire
from doctor_core.embedded.neutron.plugging import Plugging
from doctor_core.embedded.nova.hosts import Hosts
from doctor_core.embedded.nova.instances import NO_STATE, Instance
from doctor_core.embedded.rest import Api, Caller

_WITH_PROGRESS = frozenset({'ACTIVE', 'BUILD', 'REBUILD', 'RESIZE',
                            'VERIFY_RESIZE', 'MIGRATING'})
_EXTENDED = 'OS-EXT-SRV-ATTR:'


@functools.lru_cache(4096)
def stamp(at: float) -> str:
    """A time as Nova writes most of them."""
    return wire.iso(at)[:19] + 'Z'


def links(api: Api, collection: str, entity_id: str) -> list[dict[str, str]]:
    """Where something is found, with and without the version."""
    return [{'rel': 'self',
             'href': f'{api.url}/v2.1/{collection}/{entity_id}'},
            {'rel': 'bookmark', 'href': f'{api.url}/{collection}/{entity_id}'
             }]


class ServerView:
    """Shows servers.

    :param owner_sees_host_status: whether the cloud's policy shows a
        server's host_status to its owner, and not only to administrators.
    """

    def __init__(self, api: Api, hosts: Hosts, plugging: Plugging,
                 owner_sees_host_status: bool) -> None:
        self._api = api
        self._hosts = hosts
        self._plugging = plugging
        self._owner_sees = owner_sees_host_status

    def basic(self, instance: Instance) -> dict[str, Any]:
        """A server in a list without details."""
        return {'id': instance.id, 'name': instance.name,
                'links': links(self._api, 'servers', instance.id)}

    def lost(self, instance: Instance, *, detail: bool) -> dict[str, Any]:
        """What is known of a server in a list while its cell is down."""
        known = {'id': instance.id, 'status': 'UNKNOWN',
                 'links': links(self._api, 'servers', instance.id)}
        return known | ({'tenant_id': instance.project_id,
                         'created': stamp(instance.created_at)}
                        if detail else {})

    def lost_alone(self, instance: Instance, version: int
                   ) -> dict[str, Any]:
        """What is known of one server while its cell is down."""
        return self.lost(instance, detail=True) | {
            'user_id': instance.user_id,
            'image': self._image(instance, version),
            'flavor': self._flavor(instance, version),
            'OS-EXT-STS:power_state': NO_STATE,
            'OS-EXT-AZ:availability_zone': instance.pinned_zone or 'UNKNOWN',
        } | ({'server_groups': []} if version >= 71 else {})

    def full(self, instance: Instance, version: int, caller: Caller, *,
             alone: bool = False) -> dict[str, Any]:
        """A server with all that the caller may see of it.

        :param alone: whether it is not part of a list.
        """
        addresses = {} if instance.vm_state == 'building' \
            else self._plugging.addresses(instance.id)
        server = self.basic(instance) | {
            'status': instance.status,
            'tenant_id': instance.project_id,
            'user_id': instance.user_id,
            'metadata': instance.metadata,
            'hostId': instance.host_id,
            'image': self._image(instance, version),
            'flavor': self._flavor(instance, version),
            'created': stamp(instance.created_at),
            'updated': stamp(instance.updated_at),
            'addresses': addresses,
            'accessIPv4': '', 'accessIPv6': '',
            'OS-DCF:diskConfig': 'MANUAL',
            'OS-EXT-AZ:availability_zone': self._hosts.zone(instance.host)
            if instance.host else '',
            'config_drive': '',
            'key_name': instance.key_name,
            'OS-SRV-USG:launched_at': _plain(instance.launched_at),
            'OS-SRV-USG:terminated_at': _plain(instance.terminated_at),
            'OS-EXT-STS:task_state': instance.task_state,
            'OS-EXT-STS:vm_state': instance.vm_state,
            'OS-EXT-STS:power_state': instance.power_state,
            'os-extended-volumes:volumes_attached': [],
        }
        if addresses:
            server['security_groups'] = [{'name': 'default'} for entries
                                         in addresses.values()
                                         for _ in entries]
        if instance.status in _WITH_PROGRESS:
            server['progress'] = 0
        if instance.fault and instance.status == 'ERROR':
            server['fault'] = instance.fault | {
                'created': stamp(instance.fault['created_at'])}
            del server['fault']['created_at']
        if caller.is_admin:
            server |= self._extended(instance, version)
        if alone and version >= 71:
            server['server_groups'] = []
        return server | self._by_version(instance, version, caller)

    def _image(self, instance: Instance, version: int) -> dict[str, Any]:
        image: dict[str, Any] = {
            'id': instance.image_id, 'links': [{
                'rel': 'bookmark', 'href':
                f'{self._api.url}/images/{instance.image_id}'}]}
        if version >= 98:
            image['properties'] = {}
        return image

    def _flavor(self, instance: Instance, version: int) -> dict[str, Any]:
        flavor = instance.flavor
        if version < 47:
            return {'id': flavor['id'], 'links': [{
                'rel': 'bookmark',
                'href': f'{self._api.url}/flavors/{flavor["id"]}'}]}
        return {'vcpus': flavor['vcpus'], 'ram': flavor['ram'],
                'disk': flavor['disk'], 'ephemeral': flavor['ephemeral'],
                'swap': flavor['swap'], 'original_name': flavor['name'],
                'extra_specs': dict(flavor['extra_specs'])}

    def _extended(self, instance: Instance, version: int) -> dict[str, Any]:
        """What is for administrators."""
        shown: dict[str, Any] = {
            'host': instance.host or None,
            'hypervisor_hostname': instance.host or None,
            'instance_name': instance.domain_name}
        if version >= 3:
            shown |= {'hostname': instance.hostname, 'kernel_id': '',
                      'ramdisk_id': '', 'root_device_name': '/dev/vda',
                      'launch_index': instance.launch_index,
                      'reservation_id': instance.reservation_id,
                      'user_data': instance.user_data}
        return {_EXTENDED + name: value for name, value in shown.items()}

    def _by_version(self, instance: Instance, version: int, caller: Caller
                    ) -> dict[str, Any]:
        shown: list[tuple[int, str, Any]] = [
            (9, 'locked', False),
            (19, 'description', instance.description),
            (26, 'tags', instance.tags),
            (63, 'trusted_image_certificates', None),
            (73, 'locked_reason', None),
            (90, f'{_EXTENDED}hostname', instance.hostname),
            (96, 'pinned_availability_zone', instance.pinned_zone),
            (100, 'scheduler_hints', instance.hints),
        ]
        if caller.is_admin or self._owner_sees:
            shown.append((16, 'host_status',
                          self._hosts.status(instance.host)))
        return {name: value for since, name, value in shown
                if version >= since}


def _plain(at: float | None) -> str | None:
    """A time as Nova writes those of a server's use."""
    return None if at is None else wire.iso(int(at))

"""Networks, subnets and ports, in memory, and what Nova does with them.

Each is the JSON object that the API answers an administrator.
"""

import ipaddress
import secrets
from collections.abc import Iterable
from typing import Any

from doctor_core import clock, wire
from doctor_core.embedded.notifications import Notifications
from doctor_core.model import new_id
from doctor_core.web.server import Refused

Entity = dict[str, Any]


def not_found(kind: str, entity_id: str) -> Refused:
    """That there is no such thing, or none that the caller may know of."""
    return Refused(404, f'{kind} {entity_id} could not be found.',
                   type=f'{kind}NotFound')


def stamp() -> str:
    return wire.iso(clock.now())[:19] + 'Z'


class Topology:
    """What Neutron's database would hold."""

    def __init__(self, notifications: Notifications) -> None:
        self.networks: dict[str, Entity] = {}
        self.subnets: dict[str, Entity] = {}
        self.ports: dict[str, Entity] = {}
        self._notifications = notifications
        self._used: dict[str, set[int]] = {}
        self._next: dict[str, int] = {}
        self._by_device: dict[str, list[Entity]] = {}

    def add_network(self, project_id: str, fields: Entity) -> Entity:
        return self._keep(self.networks, project_id, {
            'name': '', 'admin_state_up': True, 'status': 'ACTIVE',
            'subnets': [], 'shared': False, 'router:external': False,
            'mtu': 1450, 'port_security_enabled': True,
            'availability_zone_hints': [], 'availability_zones': [],
            'ipv4_address_scope': None, 'ipv6_address_scope': None,
            'is_default': False, 'provider:network_type': 'local',
            'provider:physical_network': None,
            'provider:segmentation_id': None} | fields)

    def add_subnet(self, project_id: str, fields: Entity) -> Entity:
        """Add a subnet; ``network_id`` and ``cidr`` have to be right.

        :raises Refused: 400, when it overlaps another of its network.
        """
        block = ipaddress.ip_network(fields['cidr'])
        network = self.networks[fields['network_id']]
        for other_id in network['subnets']:
            other = ipaddress.ip_network(self.subnets[other_id]['cidr'])
            if block.overlaps(other):
                raise Refused(
                    400, f'Invalid input for operation: Requested subnet '
                         f'with cidr: {block} for network: {network["id"]} '
                         'overlaps with another subnet.', type='InvalidInput')
        subnet = self._keep(self.subnets, project_id, {
            'name': '', 'ip_version': block.version, 'enable_dhcp': True,
            'gateway_ip': str(block[min(1, block.num_addresses - 1)]),
            'dns_nameservers': [],
            'host_routes': [], 'ipv6_address_mode': None,
            'ipv6_ra_mode': None, 'subnetpool_id': None,
            'service_types': [], 'dns_publish_fixed_ip': False,
            'segment_id': None} | fields)
        subnet.setdefault('allocation_pools', _pools(subnet))
        network['subnets'].append(subnet['id'])
        self._used[subnet['id']] = set()
        return subnet

    def add_port(self, project_id: str, fields: Entity) -> Entity:
        """Add a port; ``network_id`` has to be right.

        :raises Refused: its addresses cannot be had.
        """
        asked = fields.pop('fixed_ips', None)
        port: Entity = {
            'name': '', 'admin_state_up': True, 'status': 'DOWN',
            'mac_address': _mac(), 'device_id': '', 'device_owner': '',
            'security_groups': [], 'allowed_address_pairs': [],
            'extra_dhcp_opts': [], 'port_security_enabled': True,
            'data_plane_status': None, 'propagate_uplink_status': True,
            'binding:vnic_type': 'normal', 'binding:host_id': '',
            'binding:profile': {}, 'binding:vif_type': 'unbound',
            'binding:vif_details': {}} | fields
        port['fixed_ips'] = self._addresses(port['network_id'], asked)
        port = self._keep(self.ports, project_id, port)
        self._by_device.setdefault(port['device_id'], []).append(port)
        self._settle(port)
        return port

    def _keep(self, entities: dict[str, Entity], project_id: str,
              fields: Entity) -> Entity:
        now = stamp()
        entity = {'id': new_id(), 'description': '', 'tags': [],
                  'created_at': now, 'updated_at': now,
                  'revision_number': 1, **fields, 'tenant_id': project_id,
                  'project_id': project_id}
        entities[entity['id']] = entity
        return entity

    def change(self, entity: Entity, fields: Entity) -> None:
        """Change an entity; a port's change is told."""
        is_port = entity['id'] in self.ports
        if is_port and 'fixed_ips' in fields:
            fields = fields | {'fixed_ips': self._exchanged(
                entity, fields['fixed_ips'])}
        if is_port and 'device_id' in fields:
            self._by_device[entity['device_id']].remove(entity)
            self._by_device.setdefault(fields['device_id'], []).append(entity)
        entity.update(fields)
        entity['updated_at'] = stamp()
        entity['revision_number'] += 1
        if is_port:
            self._settle(entity)
            self._notifications.send('neutron', 'port.update.end',
                                     {'port': dict(entity)})

    def _settle(self, port: Entity) -> None:
        """What the mechanism driver and the agent make of a port."""
        bound = bool(port['binding:host_id'])
        port['binding:vif_type'] = 'ovs' if bound else 'unbound'
        port['binding:vif_details'] = {'port_filter': True} if bound else {}
        port['status'] = 'ACTIVE' if bound and port['admin_state_up'] \
            else 'DOWN'

    def remove_network(self, network: Entity) -> None:
        """Delete a network and its subnets.

        :raises Refused: 409, while it has ports.
        """
        if any(port['network_id'] == network['id']
               for port in self.ports.values()):
            raise Refused(
                409, f'Unable to complete operation on network '
                     f'{network["id"]}. There are one or more ports still '
                     'in use on the network.', type='NetworkInUse')
        for subnet_id in list(network['subnets']):
            self.remove_subnet(self.subnets[subnet_id])
        del self.networks[network['id']]

    def remove_subnet(self, subnet: Entity) -> None:
        """Delete a subnet.

        :raises Refused: 409, while a port has an address of it.
        """
        if self._used[subnet['id']]:
            raise Refused(
                409, f'Unable to complete operation on subnet '
                     f'{subnet["id"]}: One or more ports have an IP '
                     'allocation from this subnet.', type='SubnetInUse')
        self.networks[subnet['network_id']]['subnets'].remove(subnet['id'])
        self._used.pop(subnet['id'])
        self._next.pop(subnet['id'], None)
        del self.subnets[subnet['id']]

    def remove_port(self, port: Entity) -> None:
        self._release(port['fixed_ips'])
        self._by_device[port['device_id']].remove(port)
        if not self._by_device[port['device_id']]:
            del self._by_device[port['device_id']]
        del self.ports[port['id']]

    def of_device(self, device_id: str) -> list[Entity]:
        """The ports of a server."""
        return list(self._by_device.get(device_id, ()))

    # Addresses

    def _release(self, addresses: Iterable[Entity]) -> None:
        for fixed in addresses:
            self._used[fixed['subnet_id']].discard(
                int(ipaddress.ip_address(fixed['ip_address'])))

    def _exchanged(self, port: Entity, asked: list[Entity]) -> list[Entity]:
        """Give back a port's addresses for others; all or nothing."""
        self._release(port['fixed_ips'])
        try:
            return self._addresses(port['network_id'], asked)
        except Refused:
            self._addresses(port['network_id'], port['fixed_ips'])
            raise

    def _addresses(self, network_id: str, asked: Any) -> list[Entity]:
        """Take the addresses that are asked for, or one of each version."""
        subnets = [self.subnets[subnet_id] for subnet_id
                   in self.networks[network_id]['subnets']]
        if asked is None:
            chosen = {subnet['ip_version']: subnet
                      for subnet in reversed(subnets)}
            return [self._take_any(chosen[version])
                    for version in sorted(chosen)]
        taken: list[Entity] = []
        try:
            for fixed in asked:
                taken.append(self._take(subnets, fixed))
        except Refused:
            self._release(taken)
            raise
        return taken

    def _take(self, subnets: Iterable[Entity], fixed: Entity) -> Entity:
        for subnet in subnets:
            block = ipaddress.ip_network(subnet['cidr'])
            if fixed.get('subnet_id', subnet['id']) != subnet['id']:
                continue
            if 'ip_address' not in fixed:
                return self._take_any(subnet)
            address = ipaddress.ip_address(fixed['ip_address'])
            if address not in block:
                continue
            if int(address) in self._used[subnet['id']]:
                raise Refused(409, f'IP address {address} already allocated '
                                   f'in subnet {subnet["id"]}',
                              type='IpAddressAlreadyAllocated')
            self._used[subnet['id']].add(int(address))
            return {'subnet_id': subnet['id'], 'ip_address': str(address)}
        raise Refused(400, f'Invalid input for operation: {fixed} is not '
                           'of a subnet of the network.', type='InvalidInput')

    def _take_any(self, subnet: Entity) -> Entity:
        used = self._used[subnet['id']]
        start = self._next.get(subnet['id'], 0)
        ranges = [(int(ipaddress.ip_address(pool['start'])),
                   int(ipaddress.ip_address(pool['end'])))
                  for pool in subnet['allocation_pools']]
        # First what was never taken, then what was given back.
        for least in (start, 0):
            for first, last in ranges:
                number = max(first, least)
                while number <= last and number in used:
                    number += 1
                if number <= last:
                    used.add(number)
                    self._next[subnet['id']] = number + 1
                    return {'subnet_id': subnet['id'], 'ip_address':
                            str(ipaddress.ip_address(number))}
        raise Refused(409, 'No more IP addresses available on network '
                           f'{subnet["network_id"]}.',
                      type='IpAddressGenerationFailure')


def _pools(subnet: Entity) -> list[Entity]:
    """All of a subnet but its first, its last and its gateway's address."""
    block = ipaddress.ip_network(subnet['cidr'])
    first, last = int(block[0]), int(block[-1])
    if block.num_addresses > 2:
        first, last = first + 1, last - (block.version == 4)
    # One that is not in the subnet needs no hole either.
    gateway = int(ipaddress.ip_address(subnet['gateway_ip'])) \
        if subnet['gateway_ip'] else -1
    if not first <= gateway <= last:
        parts = [(first, last)]
    else:
        parts = [(first, gateway - 1), (gateway + 1, last)]
    return [{'start': str(ipaddress.ip_address(begin)),
             'end': str(ipaddress.ip_address(end))}
            for begin, end in parts if begin <= end]


def _mac() -> str:
    return 'fa:16:3e:' + ':'.join(f'{byte:02x}'
                                  for byte in secrets.token_bytes(3))

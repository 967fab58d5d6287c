"""Which attributes networks, subnets and ports have, and who may write them.
"""

import dataclasses
import ipaddress
from typing import Any

from doctor_core.embedded.neutron.topology import Entity
from doctor_core.web.server import Refused

_TEXT = (str,)
_FLAG = (bool,)
_LIST = (list,)
_NULL = type(None)


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of resource, as the API treats it.

    :ivar written: attributes that can be written, and their types.
    :ivar fixed: of those, what cannot be changed later.
    :ivar required: what has to be said when it is made.
    :ivar admin: what only an administrator may write.
    :ivar hidden: what only an administrator sees.
    """

    name: str
    plural: str
    written: dict[str, tuple[Any, ...]]
    fixed: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    admin: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        return self.name.capitalize()


_COMMON: dict[str, tuple[Any, ...]] = {
    'name': _TEXT, 'description': _TEXT, 'admin_state_up': _FLAG,
    'tenant_id': _TEXT, 'project_id': _TEXT, 'tags': _LIST}
_PROVIDER = frozenset({'provider:network_type', 'provider:physical_network',
                       'provider:segmentation_id'})
_BINDING = frozenset({'binding:host_id', 'binding:profile'})

NETWORK = Kind(
    'network', 'networks',
    _COMMON | {'shared': _FLAG, 'router:external': _FLAG, 'mtu': (int,),
               'port_security_enabled': _FLAG, 'is_default': _FLAG,
               'availability_zone_hints': _LIST,
               'provider:network_type': _TEXT,
               'provider:physical_network': (str, _NULL),
               'provider:segmentation_id': (int, _NULL)},
    fixed=frozenset({'project_id', 'tenant_id'}),
    admin=_PROVIDER | {'shared', 'router:external'}, hidden=_PROVIDER)
SUBNET = Kind(
    'subnet', 'subnets',
    _COMMON | {'network_id': _TEXT, 'cidr': _TEXT, 'ip_version': (int,),
               'gateway_ip': (str, _NULL), 'enable_dhcp': _FLAG,
               'allocation_pools': _LIST, 'dns_nameservers': _LIST,
               'host_routes': _LIST, 'ipv6_address_mode': (str, _NULL),
               'ipv6_ra_mode': (str, _NULL)},
    fixed=frozenset({'network_id', 'cidr', 'ip_version', 'project_id',
                     'tenant_id'}),
    required=('network_id', 'cidr', 'ip_version'))
PORT = Kind(
    'port', 'ports',
    _COMMON | {'network_id': _TEXT, 'mac_address': _TEXT, 'fixed_ips': _LIST,
               'device_id': _TEXT, 'device_owner': _TEXT,
               'security_groups': _LIST, 'allowed_address_pairs': _LIST,
               'extra_dhcp_opts': _LIST, 'port_security_enabled': _FLAG,
               'binding:host_id': _TEXT, 'binding:profile': (dict, _NULL),
               'binding:vnic_type': _TEXT, 'data_plane_status': (str, _NULL)},
    fixed=frozenset({'network_id', 'project_id', 'tenant_id'}),
    required=('network_id',),
    admin=_BINDING | {'data_plane_status', 'mac_address'},
    hidden=_BINDING | {'binding:vif_type', 'binding:vif_details'})
KINDS = (NETWORK, SUBNET, PORT)


def checked(kind: Kind, body: Entity, *, is_admin: bool, is_new: bool
            ) -> Entity:
    """The attributes that a request may write.

    :raises Refused: 400 for what is wrong, 403 for what is not the caller's.
    """
    if is_new:
        for name in kind.required:
            if name not in body:
                raise Refused(400, f"Failed to parse request. Required "
                                   f"attribute '{name}' not specified",
                              type='HTTPBadRequest')
    for name, value in body.items():
        _check(kind, name, value, is_new)
    refused = sorted(kind.admin & body.keys())
    if refused and not is_admin:
        action = 'create' if is_new else 'update'
        raise Refused(403, f'rule:{action}_{kind.name}:{refused[0]} is '
                           'disallowed by policy',
                      type='PolicyNotAuthorized')
    return dict(body)


def _check(kind: Kind, name: str, value: Any, is_new: bool) -> None:
    if name not in kind.written:
        raise Refused(400, f"Unrecognized attribute(s) '{name}'",
                      type='HTTPBadRequest')
    if name in kind.fixed and not is_new:
        raise Refused(400, f'Cannot update read-only attribute {name}',
                      type='HTTPBadRequest')
    types = kind.written[name]
    fits = isinstance(value, types) and (
        not isinstance(value, bool) or bool in types)
    if name == 'data_plane_status':
        _check_data_plane_status(value)
    elif name == 'fixed_ips' and fits:
        _check_fixed_ips(value)
    elif not fits:
        raise Refused(400, f'Invalid input for {name}. Reason: {value!r} is '
                           'not of the right type.', type='HTTPBadRequest')


def _check_data_plane_status(value: Any) -> None:
    if value is None:
        # Observed of Neutron 29: its own documents allow null.
        raise Refused(500, 'Request Failed: internal server error while '
                           'processing your request.',
                      type='HTTPInternalServerError')
    if value not in ('ACTIVE', 'DOWN'):
        raise Refused(400, f"Invalid input for data_plane_status. Reason: "
                           f"'{value}' is not in ['ACTIVE', 'DOWN'].",
                      type='HTTPBadRequest')


def _check_fixed_ips(value: list[Any]) -> None:
    for fixed in value:
        fits = isinstance(fixed, dict) and fixed \
            and not fixed.keys() - {'subnet_id', 'ip_address'}
        try:
            if fits and 'ip_address' in fixed:
                ipaddress.ip_address(fixed['ip_address'])
        except ValueError:
            fits = False
        if not fits:
            raise Refused(400, f'Invalid input for fixed_ips. Reason: '
                               f'{fixed!r} is not an address and a subnet.',
                          type='HTTPBadRequest')


def check_subnet(body: Entity) -> None:
    """Whether a subnet's addresses are such.

    :raises Refused: 400, when one is not.
    """
    try:
        block = ipaddress.ip_network(body['cidr'])
        addresses = [pool[end] for pool in body.get('allocation_pools', [])
                     for end in ('start', 'end')]
        if body.get('gateway_ip'):
            addresses.append(body['gateway_ip'])
        fits = block.version == body['ip_version'] and all(
            ipaddress.ip_address(address) in block for address in addresses)
    except (ValueError, KeyError, TypeError):
        fits = False
    if not fits:
        raise Refused(400, f'Invalid input for operation: the cidr '
                           f'{body["cidr"]}, its version, gateway and pools '
                           'do not belong together.', type='InvalidInput')

"""Users, projects, the catalogue, and what servers are made of."""

from typing import Any

from openstack_bed.api import Api
from openstack_bed.settings import EXTRAS, INTERFACES, PASSWORD, REGION, Bed

MEMBER = 'member'
_ENDPOINTS = {
    'placement': ('placement', ''),
    'image': ('glance', ''),
    'network': ('neutron', ''),
    'compute': ('nova', '/v2.1'),
    'alarming': ('aodh', ''),
    'rca': ('vitrage', ''),
    'policy': ('congress', ''),
}
_SERVICE_USERS = ('placement', 'glance', 'neutron', 'nova', 'aodh',
                  'ceilometer')
_IMAGE = 'cirros'
_FLAVOR = {'name': 'm1.tiny', 'ram': 64, 'vcpus': 1, 'disk': 1}


def fill(bed: Bed, api: Api) -> None:
    """Make what is missing in Keystone.

    :raises BedError: it refuses.
    """
    mark = bed.data('catalog-complete')
    wanted = ' '.join((*_SERVICE_USERS, *bed.extras))
    if mark.exists() and mark.read_text() == wanted:
        return
    service = _made(api, 'project', name='service', domain_id='default')
    roles = {name: _made(api, 'role', name=name)
             for name in ('admin', 'service', 'member')}
    for name in (*_SERVICE_USERS, *bed.extras):
        user = _user(api, name)
        for role in ('admin', 'service'):
            _grant(api, service, user, roles[role])
    project = _made(api, 'project', name=MEMBER, domain_id='default')
    _grant(api, project, _user(api, MEMBER), roles['member'])
    for service_type, (name, path) in _ENDPOINTS.items():
        if name in EXTRAS and name not in bed.extras:
            continue
        found = _made(api, 'service', name=name, type=service_type)
        known = api.call('GET', 'keystone',
                         f'/v3/endpoints?service_id={found}')['endpoints']
        for interface in set(INTERFACES) - {
                endpoint['interface'] for endpoint in known}:
            api.call('POST', 'keystone', '/v3/endpoints', {'endpoint': {
                'service_id': found, 'interface': interface,
                'region_id': REGION, 'url': bed.url(name, path)}})
    mark.write_text(wanted)


def furnish(bed: Bed, api: Api) -> None:
    """Make an image and a flavor, so that servers can be booted."""
    mark = bed.data('furniture-complete')
    if mark.exists():
        return
    images = api.call('GET', 'glance', f'/v2/images?name={_IMAGE}')['images']
    if not any(image['status'] == 'active' for image in images):
        image = api.call('POST', 'glance', '/v2/images', {
            'name': _IMAGE, 'disk_format': 'raw', 'container_format': 'bare',
            'visibility': 'public'})
        # No guest ever boots from it.
        api.call('PUT', 'glance', f'/v2/images/{image["id"]}/file',
                 bytes(1024))
    api.call('POST', 'nova', '/v2.1/flavors', {'flavor': _FLAVOR}, ok=(409,))
    mark.touch()


def _user(api: Api, name: str) -> str:
    return _made(api, 'user', name=name, domain_id='default',
                 password=PASSWORD)


def _made(api: Api, kind: str, *, name: str, **fields: Any) -> str:
    """The id of something in Keystone by its name."""
    listed = api.call('GET', 'keystone', f'/v3/{kind}s?name={name}')
    for found in listed[f'{kind}s']:
        return str(found['id'])
    answer = api.call('POST', 'keystone', f'/v3/{kind}s',
                      {kind: {'name': name, **fields}})
    return str(answer[kind]['id'])


def _grant(api: Api, project: str, user: str, role: str) -> None:
    api.call('PUT', 'keystone',
             f'/v3/projects/{project}/users/{user}/roles/{role}')

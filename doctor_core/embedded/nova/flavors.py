"""Flavors: the sizes of servers."""

from collections.abc import Mapping
from typing import Any

from doctor_core.embedded.nova.microversion import NovaApi
from doctor_core.embedded.nova.views import links
from doctor_core.embedded.rest import Call, field, flag, page
from doctor_core.model import new_id
from doctor_core.web.server import Refused

Flavor = dict[str, Any]

#: As devstack makes them: name, memory in MB, disk in GB, processors.
_USUAL = (('m1.tiny', 512, 1, 1), ('m1.small', 2048, 20, 1),
          ('m1.medium', 4096, 40, 2), ('m1.large', 8192, 80, 4))
_NUMBER = (int, str)


class Flavors:
    """Keeps flavors and serves them."""

    def __init__(self, api: NovaApi) -> None:
        self._api = api
        self._flavors: dict[str, Flavor] = {}
        for number, (name, ram, disk, vcpus) in enumerate(_USUAL, 1):
            self._keep({'id': str(number), 'name': name, 'ram': ram,
                        'disk': disk, 'vcpus': vcpus})
        add = api.add
        add('GET', '/v2.1/flavors', self._list)
        add('GET', '/v2.1/flavors/detail', self._list)
        add('GET', '/v2.1/flavors/{id}', lambda call: {
            'flavor': self._full(self._visible(call), call.version)})
        add('POST', '/v2.1/flavors', self._create,
            admin='os_compute_api:os-flavor-manage:create')
        add('DELETE', '/v2.1/flavors/{id}', self._delete, status=202,
            admin='os_compute_api:os-flavor-manage:delete')
        add('GET', '/v2.1/flavors/{id}/os-extra_specs', lambda call: {
            'extra_specs': self._visible(call)['extra_specs']})
        add('POST', '/v2.1/flavors/{id}/os-extra_specs', self._add_specs,
            admin='os_compute_api:os-flavor-extra-specs:create')

    def _keep(self, fields: Mapping[str, Any]) -> Flavor:
        flavor = {'ephemeral': 0, 'swap': 0, 'is_public': True,
                  'rxtx_factor': 1.0, 'description': None,
                  'extra_specs': {}, 'number': len(self._flavors) + 1,
                  **fields}
        self._flavors[flavor['id']] = flavor
        return flavor

    def get(self, flavor_id: str) -> Flavor | None:
        return self._flavors.get(flavor_id)

    def _visible(self, call: Call) -> Flavor:
        flavor = self._flavors.get(call.params['id'])
        if flavor is None or not (flavor['is_public']
                                  or call.caller.is_admin):
            raise Refused(404, f'Flavor {call.params["id"]} could not be '
                               'found.')
        return flavor

    def _list(self, call: Call) -> dict[str, Any]:
        found = [flavor for flavor in self._flavors.values()
                 if _is_shown(flavor, call)]
        found.sort(key=lambda flavor: flavor['id'])
        part, more = page(found, call.query,
                          key=lambda flavor: flavor['id'])
        detail = call.request.path.endswith('/detail')
        view = self._full if detail else self._basic
        answer: dict[str, Any] = {
            'flavors': [view(flavor, call.version) for flavor in part]}
        if more:
            answer['flavors_links'] = [{'rel': 'next', 'href':
                f'{self._api.site.url}{call.request.path}'
                f'?limit={len(part)}&marker={part[-1]["id"]}'}]
        return answer

    def _basic(self, flavor: Flavor, version: int) -> Flavor:
        shown = {'id': flavor['id'], 'name': flavor['name'],
                 'links': links(self._api, 'flavors', flavor['id'])}
        if version >= 55:
            shown['description'] = flavor['description']
        return shown

    def _full(self, flavor: Flavor, version: int) -> Flavor:
        shown = self._basic(flavor, version) | {
            'ram': flavor['ram'], 'disk': flavor['disk'],
            'vcpus': flavor['vcpus'],
            'swap': flavor['swap'] or (0 if version >= 75 else ''),
            'OS-FLV-EXT-DATA:ephemeral': flavor['ephemeral'],
            'OS-FLV-DISABLED:disabled': False,
            'os-flavor-access:is_public': flavor['is_public'],
            'rxtx_factor': flavor['rxtx_factor']}
        if version >= 61:
            shown['extra_specs'] = flavor['extra_specs']
        return shown

    def _create(self, call: Call) -> dict[str, Any]:
        body = call.body('flavor')
        flavor_id = field(body, 'id', (str, int, type(None)), None)
        fields: Flavor = {
            'id': new_id() if flavor_id in (None, 'auto') else str(flavor_id),
            'name': field(body, 'name', str),
            'ram': _count(body, 'ram', 1), 'vcpus': _count(body, 'vcpus', 1),
            'disk': _count(body, 'disk', 0),
            'ephemeral': _count(body, 'OS-FLV-EXT-DATA:ephemeral', 0, 0),
            'swap': _count(body, 'swap', 0, 0),
            'is_public': field(body, 'os-flavor-access:is_public', bool,
                               True)}
        if call.version >= 55:
            fields['description'] = field(body, 'description',
                                          (str, type(None)), None)
        for flavor in self._flavors.values():
            for name in ('name', 'id'):
                if flavor[name] == fields[name]:
                    raise Refused(409, f'Flavor with {name} {fields[name]} '
                                       'already exists.')
        return {'flavor': self._full(self._keep(fields), call.version)}

    def _delete(self, call: Call) -> None:
        del self._flavors[self._visible(call)['id']]

    def _add_specs(self, call: Call) -> dict[str, Any]:
        specs = call.body('extra_specs')
        self._visible(call)['extra_specs'] |= {
            name: field(specs, name, str) for name in specs}
        return {'extra_specs': specs}


def _count(body: Mapping[str, Any], name: str, least: int,
           default: Any = ...) -> int:
    """A whole number, which may be written as a text."""
    value = field(body, name, _NUMBER) if default is ... \
        else field(body, name, _NUMBER, default)
    try:
        number = int(value or 0)
    except ValueError:
        number = least - 1
    if number < least:
        raise Refused(400, f'Invalid input for field/attribute {name}. '
                           f'Value: {value}. It must be a whole number of '
                           f'at least {least}.')
    return number


def _is_shown(flavor: Flavor, call: Call) -> bool:
    query = call.query
    if _count(query, 'minRam', 0, 0) > flavor['ram'] \
            or _count(query, 'minDisk', 0, 0) > flavor['disk']:
        return False
    if not call.caller.is_admin:
        return flavor['is_public']
    wanted = query.get('is_public', 'true')
    return wanted.lower() == 'none' or flavor['is_public'] == flag(wanted)

"""Servers: listed, shown, made, renamed and deleted."""

import re
import secrets
from collections.abc import Callable
from typing import Any

from doctor_core import clock
from doctor_core.embedded.neutron.plugging import Plugging, Request
from doctor_core.embedded.nova import listing
from doctor_core.embedded.nova.compute import Compute
from doctor_core.embedded.nova.flavors import Flavor, Flavors
from doctor_core.embedded.nova.hosts import Hosts
from doctor_core.embedded.nova.instances import Instance
from doctor_core.embedded.nova.lifecycle import Lifecycle
from doctor_core.embedded.nova.microversion import NovaApi
from doctor_core.embedded.nova.quotas import Quotas
from doctor_core.embedded.nova.services import unreachable
from doctor_core.embedded.nova.views import ServerView
from doctor_core.embedded.rest import Call, field, forbidden, page
from doctor_core.model import new_id
from doctor_core.web.server import Refused, Response

_RULE = 'os_compute_api:servers:'
_TEXT = (str, type(None))
#: So many servers of one request are made here; Nova itself makes as many as
#: the project's quota lets it.
_AT_ONCE = 10_000

#: Whether a project may use an image.
IsUsable = Callable[[str, str], bool]


class Servers:
    """Serves servers.

    :param is_usable: says of an image and a project whether they go
        together.
    :param reclaim_s: seconds for which deleted servers are kept, Nova's
        ``reclaim_instance_interval``; 0 for not at all.
    """

    def __init__(self, api: NovaApi, hosts: Hosts, compute: Compute,
                 lifecycle: Lifecycle, flavors: Flavors, quotas: Quotas,
                 view: ServerView, plugging: Plugging, is_usable: IsUsable,
                 reclaim_s: float) -> None:
        self._api = api
        self._hosts = hosts
        self._compute = compute
        self._lifecycle = lifecycle
        self._reclaim_s = reclaim_s
        self._flavors = flavors
        self._quotas = quotas
        self._view = view
        self._plugging = plugging
        self._is_usable = is_usable
        self._made = 0
        add, path = api.add, '/v2.1/servers'
        add('GET', path, self._list)
        add('GET', f'{path}/detail', self._list)
        add('POST', path, self._create)
        add('GET', f'{path}/{{id}}', self._show)
        add('PUT', f'{path}/{{id}}', self._update)
        add('DELETE', f'{path}/{{id}}', self._delete, status=204)

    def visible(self, call: Call) -> Instance:
        """The server that a path names, if the caller may know of it.

        :raises Refused: 404; 500 when its cell does not answer.
        """
        instance = self._known(call)
        if self._hosts.is_lost(instance.cell):
            raise unreachable(instance.cell)
        return instance

    def _known(self, call: Call) -> Instance:
        instance = self._compute.instances.get(call.params['id'])
        if instance is None or not (
                call.caller.is_admin
                or instance.project_id == call.caller.project_id):
            raise Refused(404, f'Instance {call.params["id"]} could not be '
                               'found.')
        return instance

    def _list(self, call: Call) -> dict[str, Any]:
        found = [instance for instance
                 in listing.wanted(self._compute.instances.values(), call)
                 if not self._hosts.is_lost(instance.cell)
                 or listing.holds_lost(call)]
        part, more = page(found, call.query,
                          key=lambda instance: instance.id)
        detail = call.request.path.endswith('/detail')
        servers = [self._listed(instance, call, detail) for instance in part]
        answer: dict[str, Any] = {'servers': servers}
        if more:
            kept = '&'.join(f'{name}={value}' for name, value
                            in call.query.items() if name != 'marker')
            answer['servers_links'] = [{'rel': 'next', 'href':
                f'{self._api.site.url}{call.request.path}?{kept}'
                f'&marker={part[-1].id}'}]
        return answer

    def _listed(self, instance: Instance, call: Call, detail: bool
                ) -> dict[str, Any]:
        if self._hosts.is_lost(instance.cell):
            return self._view.lost(instance, detail=detail)
        if detail:
            return self._view.full(instance, call.version, call.caller)
        return self._view.basic(instance)

    def _show(self, call: Call) -> dict[str, Any]:
        instance = self._known(call)
        if self._hosts.is_lost(instance.cell) and call.version >= 69:
            return {'server': self._view.lost_alone(instance, call.version)}
        return {'server': self._view.full(
            self.visible(call), call.version, call.caller, alone=True)}

    def _update(self, call: Call) -> dict[str, Any]:
        instance, body = self.visible(call), call.body('server')
        fields: dict[str, Any] = {}
        if 'name' in body:
            fields['name'] = _name(body)
        if 'description' in body and call.version >= 19:
            fields['description'] = field(body, 'description', _TEXT)
        self._compute.change(instance, task_state=instance.task_state,
                             **fields)
        return {'server': self._view.full(
            instance, call.version, call.caller, alone=True)}

    def _delete(self, call: Call) -> None:
        """For good where nobody can stop it, or it is deleted again."""
        instance = self.visible(call)
        host = self._hosts.get(instance.host)
        if not self._reclaim_s or instance.vm_state == 'soft-delete' \
                or host is None or not self._hosts.is_up(host):
            self._compute.delete(instance)
            return
        self._lifecycle.soft_delete(instance)
        self._compute.later(self._reclaim_s, lambda: self._reclaim(instance))

    def _reclaim(self, instance: Instance) -> None:
        if instance.vm_state == 'soft-delete':
            self._compute.delete(instance)

    # Making

    def _create(self, call: Call) -> Response:
        body = call.body('server')
        name, flavor = _name(body), self._flavor(body, call)
        image_id = self._image(body, call)
        wanted = self._host(body, call)
        requests = self._requests(body, call)
        least = _count(body, 'min_count', 1)
        most = _count(body, 'max_count', least)
        if least > most:
            raise Refused(400, 'min_count must be <= max_count')
        if most > 1 and any(request.get('port') for request in requests):
            raise Refused(400, 'Unable to launch multiple instances with a '
                               'single configured port ID. Please launch '
                               'your instance one by one with different '
                               'ports.')
        self._quotas.check(call.caller.project_id, flavor, most)
        reservation_id = 'r-' + secrets.token_hex(4)
        instances = [
            self._new(call, body, flavor, image_id, reservation_id,
                      f'{name}-{number + 1}' if most > 1 else name, number)
            for number in range(most)]
        for instance in instances:
            self._compute.build(instance, requests, wanted)
        if field(body, 'return_reservation_id', (bool, str), False) is True:
            return Response(202, json={'reservation_id': reservation_id})
        return self._created(body, instances[0])

    def _created(self, body: dict[str, Any], instance: Instance) -> Response:
        basic = self._view.basic(instance)
        groups = field(body, 'security_groups', list, [{'name': 'default'}])
        return Response(202, json={'server': {
            'id': instance.id, 'links': basic['links'],
            'OS-DCF:diskConfig': 'MANUAL', 'security_groups': groups,
            'adminPass': field(body, 'adminPass', str,
                               secrets.token_urlsafe(9))}},
            headers={'Location': basic['links'][0]['href']})

    def _new(self, call: Call, body: dict[str, Any], flavor: Flavor,
             image_id: str, reservation_id: str, name: str, index: int
             ) -> Instance:
        self._made += 1
        now = clock.now()
        zone = field(body, 'availability_zone', str, '').partition(':')[0]
        return Instance(
            id=new_id(), number=self._made, name=name, launch_index=index,
            project_id=call.caller.project_id, user_id=call.caller.user_id,
            image_id=image_id, flavor=flavor, created_at=now,
            updated_at=now, reservation_id=reservation_id,
            metadata=_texts(field(body, 'metadata', dict, {})),
            tags=list(_texts({str(tag): tag for tag
                              in field(body, 'tags', list, [])})),
            description=field(body, 'description', _TEXT,
                              None if call.version >= 19 else name),
            key_name=field(body, 'key_name', _TEXT, None),
            user_data=field(body, 'user_data', _TEXT, None),
            pinned_zone=zone or None,
            hints=field(call.body(), 'os:scheduler_hints', dict, {}))

    def _flavor(self, body: dict[str, Any], call: Call) -> Flavor:
        wanted = str(field(body, 'flavorRef', (str, int))).rpartition('/')[2]
        flavor = self._flavors.get(wanted)
        if flavor is None or not (flavor['is_public']
                                  or call.caller.is_admin):
            raise Refused(400, f'Flavor {wanted} could not be found.')
        return dict(flavor)

    def _image(self, body: dict[str, Any], call: Call) -> str:
        image_id = field(body, 'imageRef', str, '').rpartition('/')[2]
        if 'block_device_mapping_v2' in body and not image_id:
            raise Refused(501, 'The embedded cloud has no volumes to boot '
                               'from.')
        if not image_id:
            raise Refused(400, 'Invalid imageRef provided.')
        if not self._is_usable(image_id, call.caller.project_id):
            raise Refused(400, 'Can not find requested image')
        return image_id

    def _host(self, body: dict[str, Any], call: Call) -> str:
        """The host that a server has to go to; empty for any."""
        zone, _, forced = field(body, 'availability_zone', str, ''
                                ).partition(':')
        if zone not in ('', 'nova'):
            raise Refused(400, 'The requested availability zone is not '
                               'available')
        forced = forced.partition(':')[0]
        if forced and not call.caller.is_admin:
            raise forbidden(_RULE + 'create:forced_host')
        wanted = ''
        for name in ('host', 'hypervisor_hostname'):
            if name not in body:
                continue
            if call.version < 74:
                raise Refused(400, 'Additional properties are not allowed '
                                   f"('{name}' was unexpected)")
            if not call.caller.is_admin:
                raise forbidden('compute:servers:create:'
                                'requested_destination')
            wanted = field(body, name, str)
        if wanted and forced:
            raise Refused(400, 'One mechanism with host and/or '
                               'hypervisor_hostname and another mechanism '
                               'with zone:host:node are mutually exclusive.')
        wanted = wanted or forced
        if wanted and self._hosts.get(wanted) is None:
            raise Refused(400, f'Compute host {wanted} could not be found.')
        return wanted

    def _requests(self, body: dict[str, Any], call: Call) -> list[Request]:
        if call.version >= 37:
            field(body, 'networks', (list, str))
        return self._plugging.requests(body.get('networks'), call.caller)


def _texts(members: dict[str, Any]) -> dict[str, str]:
    return {name: field(members, name, str) for name in members}


def _name(body: dict[str, Any]) -> str:
    name = field(body, 'name', str).strip()
    if not 1 <= len(name) <= 255:
        raise Refused(400, f'Invalid input for field/attribute name. Value: '
                           f'{name}. It must have 1 to 255 characters.')
    return name


def _count(body: dict[str, Any], name: str, default: int) -> int:
    value = field(body, name, (int, str), default)
    # Python does not read thousands of digits.
    if isinstance(value, str) and not re.fullmatch('[0-9]{1,18}', value) \
            or not 1 <= int(value) <= _AT_ONCE:
        raise Refused(400, f'Invalid input for field/attribute {name}. '
                           f'Value: {value}.')
    return int(value)

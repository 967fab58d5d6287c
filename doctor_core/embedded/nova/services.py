"""The compute services' records: os-services."""

import re
from typing import Any

from doctor_core import clock, wire
from doctor_core.embedded.notifications import CONTROLLER
from doctor_core.embedded.nova.hosts import ComputeHost, Hosts
from doctor_core.embedded.nova.microversion import NovaApi
from doctor_core.embedded.rest import Call, field, flag
from doctor_core.model import new_id
from doctor_core.web.server import Refused

_UUID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', re.I)
_SERVICES = 'os_compute_api:os-services:'

Entity = dict[str, Any]


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


class Services:
    """Serves the records of the compute services and lets them be changed.
    """

    def __init__(self, api: NovaApi, hosts: Hosts) -> None:
        self._hosts = hosts
        # Controllers report like computes, but nobody fails them.
        self._controllers = {
            binary: (number, new_id()) for number, binary in
            enumerate(('nova-scheduler', 'nova-conductor'), 1)}
        api.add('GET', '/v2.1/os-services', self._list,
                admin=_SERVICES + 'list')
        api.add('PUT', '/v2.1/os-services/{id}', self._update,
                admin=_SERVICES + 'update')

    def _list(self, call: Call) -> dict[str, Any]:
        found = [self._controller(binary, call.version)
                 for binary in self._controllers]
        found += [self._view(host, call.version)
                  for host in self._hosts.in_reach()]
        if call.version >= 69:
            found += [_of_lost_cell(host) for host in self._hosts
                      if self._hosts.is_lost(host.cell)]
        return {'services': [
            service for service in found
            if call.query.get('host') in (None, '', service['host'])
            and call.query.get('binary') in (None, '', service['binary'])]}

    def _controller(self, binary: str, version: int) -> Entity:
        number, service_id = self._controllers[binary]
        service = {'id': service_id if version >= 53 else number,
                   'binary': binary, 'host': CONTROLLER, 'zone': 'internal',
                   'status': 'enabled', 'state': 'up',
                   'updated_at': wire.iso(int(clock.now())),
                   'disabled_reason': None}
        return service | ({'forced_down': False} if version >= 11 else {})

    def _view(self, host: ComputeHost, version: int) -> Entity:
        service = {'id': host.service_id if version >= 53 else host.number,
                   'binary': 'nova-compute', 'host': host.name,
                   'zone': self._hosts.zone(host.name),
                   'status': 'disabled' if host.is_disabled else 'enabled',
                   'state': 'up' if self._hosts.is_up(host) else 'down',
                   'updated_at': self._hosts.updated_at(host),
                   'disabled_reason': host.disabled_reason}
        if version >= 11:
            service['forced_down'] = host.is_forced_down
        return service

    def _update(self, call: Call) -> dict[str, Any]:
        if call.version < 53:
            return {'service': self._act(call)}
        service_id = call.params['id']
        if not is_uuid(service_id):
            raise Refused(400, f'Invalid uuid {service_id}')
        for binary, (_, known) in self._controllers.items():
            if service_id == known:
                raise _not_compute(binary)
        host = next((host for host in self._hosts.in_reach()
                     if host.service_id == service_id), None)
        if host is None:
            raise Refused(404, f'Service {service_id} could not be found.')
        self._change(host, call.body())
        return {'service': self._view(host, call.version)}

    def _change(self, host: ComputeHost, body: Entity) -> None:
        status = field(body, 'status', str, None)
        reason = field(body, 'disabled_reason', str, None)
        forced_down = field(body, 'forced_down', (bool, str), None)
        if status not in (None, 'enabled', 'disabled'):
            raise Refused(400, 'Invalid input for field/attribute status. '
                               f'Value: {status}.')
        if status is None and forced_down is None:
            raise Refused(400, "No updates were requested. Fields 'status' "
                               "or 'forced_down' should be specified.")
        if reason is not None and status != 'disabled':
            raise Refused(400, "Specifying 'disabled_reason' when status is "
                               "'enabled' is invalid.")
        if forced_down is not None:
            self._force(host, forced_down)
        if status is not None:
            host.is_disabled = status == 'disabled'
            host.disabled_reason = reason
        self._hosts.touched(host)

    def _force(self, host: ComputeHost, value: bool | str) -> None:
        forced = flag(value) if isinstance(value, str) else value
        if not forced and host.evacuated:
            raise Refused(
                400, f'Unable to force up host {host.name} as `done` '
                     'evacuation migration records remain associated with '
                     'the host. Ensure the compute service has been '
                     'restarted, allowing these records to move to '
                     '`completed` before retrying this request.')
        host.is_forced_down = forced

    def _act(self, call: Call) -> Entity:
        """The form before microversion 2.53: the path names an action."""
        action, body = call.params['id'], call.body()
        known = {'enable', 'disable', 'disable-log-reason'}
        if call.version >= 11:
            known.add('force-down')
        if action not in known:
            raise Refused(404, 'Unknown action')
        name, binary = field(body, 'host', str), field(body, 'binary', str)
        if binary != 'nova-compute':
            raise _not_compute(binary)
        host = self._hosts.get(name)
        if host is None:
            raise Refused(404, f'Host \'{name}\' is not mapped to any cell')
        if self._hosts.is_lost(host.cell):
            raise unreachable(host.cell)
        answer: Entity = {'host': name, 'binary': binary}
        if action == 'force-down':
            self._force(host, field(body, 'forced_down', (bool, str)))
            answer['forced_down'] = host.is_forced_down
        else:
            host.is_disabled = action != 'enable'
            host.disabled_reason = field(body, 'disabled_reason', str) \
                if action == 'disable-log-reason' else None
            answer['status'] = 'disabled' if host.is_disabled else 'enabled'
            if host.disabled_reason:
                answer['disabled_reason'] = host.disabled_reason
        self._hosts.touched(host)
        return answer


def unreachable(cell: str) -> Refused:
    """That a cell's database does not answer."""
    return Refused(500, f'Cell {cell} is not responding and hence instance '
                        'info is not available.')


def _of_lost_cell(host: ComputeHost) -> Entity:
    """What Nova's API itself knows, without the cell."""
    return {'binary': 'nova-compute', 'host': host.name, 'status': 'UNKNOWN'}


def _not_compute(binary: str) -> Refused:
    return Refused(400, f'Updating a {binary} service is not supported. Only '
                        'nova-compute services can be updated.')

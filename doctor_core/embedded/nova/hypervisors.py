"""The compute hosts as hypervisors, and their availability zones."""

from typing import Any

from doctor_core import clock, wire
from doctor_core.embedded.nova.compute import Compute
from doctor_core.embedded.nova.hosts import ComputeHost, Hosts
from doctor_core.embedded.nova.microversion import NovaApi
from doctor_core.embedded.nova.services import Entity, is_uuid
from doctor_core.embedded.rest import Call, flag, page
from doctor_core.web.server import Refused

_HYPERVISORS = 'os_compute_api:os-hypervisors:'
#: The size of every host, as of Nova's fake driver.
_VCPUS, _MEMORY_MB, _DISK_GB = 1000, 800000, 600000


class Hypervisors:
    """Serves the hosts as hypervisors, and the availability zones."""

    def __init__(self, api: NovaApi, hosts: Hosts, compute: Compute) -> None:
        self._api = api
        self._hosts = hosts
        self._compute = compute
        path = '/v2.1/os-hypervisors'
        api.add('GET', path, self._list, admin=_HYPERVISORS + 'list')
        api.add('GET', f'{path}/detail', self._list,
                admin=_HYPERVISORS + 'list-detail')
        api.add_until(87, 'GET', f'{path}/statistics', self._statistics,
                      admin=_HYPERVISORS + 'statistics')
        api.add('GET', f'{path}/{{id}}', self._show,
                admin=_HYPERVISORS + 'show')
        api.add_until(87, 'GET', f'{path}/{{id}}/uptime', self._show_uptime,
                      admin=_HYPERVISORS + 'uptime')
        api.add_until(52, 'GET', f'{path}/{{id}}/search', self._search,
                      admin=_HYPERVISORS + 'search')
        api.add_until(52, 'GET', f'{path}/{{id}}/servers', self._search,
                      admin=_HYPERVISORS + 'servers')
        api.add('GET', '/v2.1/os-availability-zone', self._zones)
        api.add('GET', '/v2.1/os-availability-zone/detail', self._zones,
                admin='os_compute_api:os-availability-zone:detail')

    def _list(self, call: Call) -> dict[str, Any]:
        detail = call.request.path.endswith('/detail')
        hosts = self._hosts.in_reach()
        if call.version >= 53 and 'hypervisor_hostname_pattern' in call.query:
            hosts = self._matching(call.query['hypervisor_hostname_pattern'])
        more = False
        if call.version >= 33:
            hosts, more = page(hosts, call.query, key=lambda host: str(
                self._id(host, call.version)))
        answer: dict[str, Any] = {'hypervisors': [
            self._view(host, call, detail) for host in hosts]}
        if more:
            marker = self._id(hosts[-1], call.version)
            answer['hypervisors_links'] = [{'rel': 'next', 'href':
                f'{self._api.site.url}{call.request.path}'
                f'?limit={len(hosts)}&marker={marker}'}]
        return answer

    def _matching(self, pattern: str) -> list[ComputeHost]:
        hosts = [host for host in self._hosts.in_reach()
                 if pattern in host.name]
        if not hosts:
            raise Refused(404, f"No hypervisor matching '{pattern}' could "
                               'be found.')
        return hosts

    def _show(self, call: Call) -> dict[str, Any]:
        return {'hypervisor': self._view(self._wanted(call), call,
                                         detail=True)}

    def _show_uptime(self, call: Call) -> dict[str, Any]:
        host = self._wanted(call)
        seconds = self._hosts.uptime_s(host)
        if seconds is None:
            raise Refused(501, 'The requested functionality is not '
                               'supported.')
        return {'hypervisor': self._view(host, call, detail=False)
                | {'uptime': uptime(seconds)}}

    def _wanted(self, call: Call) -> ComputeHost:
        wanted = call.params['id']
        if call.version >= 53 and not is_uuid(wanted):
            raise Refused(400, f'Invalid uuid {wanted}')
        for host in self._hosts.in_reach():
            if str(self._id(host, call.version)) == wanted:
                return host
        raise Refused(404, f"Hypervisor with ID '{wanted}' could not be "
                           'found.')

    def _search(self, call: Call) -> dict[str, Any]:
        servers = call.request.path.endswith('/servers')
        return {'hypervisors': [
            self._view(host, call, detail=False)
            | (self._servers(host, call.version) if servers else {})
            for host in self._matching(call.params['id'])]}

    def _id(self, host: ComputeHost, version: int) -> str | int:
        return host.node_id if version >= 53 else host.number

    def _view(self, host: ComputeHost, call: Call, detail: bool) -> Entity:
        version = call.version
        shown: Entity = {
            'id': self._id(host, version), 'hypervisor_hostname': host.name,
            'state': 'up' if self._hosts.is_up(host) else 'down',
            'status': 'disabled' if host.is_disabled else 'enabled'}
        if detail:
            shown |= {
                'hypervisor_type': host.hypervisor_type,
                'hypervisor_version': 1000,
                'host_ip': host.address, 'service': {
                    'id': host.service_id if version >= 53 else host.number,
                    'host': host.name,
                    'disabled_reason': host.disabled_reason}}
            if version >= 88:
                shown['uptime'] = self._uptime(host)
            else:
                shown |= self._load([host]) | {
                    'cpu_info': {} if version >= 28 else '{}'}
        if version >= 53 and flag(call.query.get('with_servers', 'false')):
            shown |= self._servers(host, version)
        return shown

    def _servers(self, host: ComputeHost, version: int) -> Entity:
        servers = [{'name': instance.domain_name, 'uuid': instance.id}
                   for instance in self._compute.on(host)]
        return {'servers': servers} if servers or version >= 75 else {}

    def _uptime(self, host: ComputeHost) -> str | None:
        """Null when nobody answers, whatever the reason."""
        try:
            seconds = self._hosts.uptime_s(host)
        except Refused:
            return None
        return None if seconds is None else uptime(seconds)

    def _load(self, hosts: list[ComputeHost]) -> Entity:
        """What hosts have and what of it is used."""
        flavors = [instance.flavor for host in hosts
                   for instance in self._compute.on(host)]
        used = {name: sum(flavor[name] for flavor in flavors)
                for name in ('vcpus', 'ram', 'disk')}
        memory, disk = _MEMORY_MB * len(hosts), _DISK_GB * len(hosts)
        return {'vcpus': _VCPUS * len(hosts), 'vcpus_used': used['vcpus'],
                'memory_mb': memory, 'memory_mb_used': used['ram'],
                'free_ram_mb': memory - used['ram'],
                'local_gb': disk, 'local_gb_used': used['disk'],
                'free_disk_gb': disk - used['disk'],
                'disk_available_least': disk - used['disk'],
                'running_vms': len(flavors), 'current_workload': 0}

    def _statistics(self, call: Call) -> dict[str, Any]:
        hosts = self._hosts.in_reach()
        return {'hypervisor_statistics': {
            'count': len(hosts), **self._load(hosts)}}

    def _zones(self, call: Call) -> dict[str, Any]:
        zones: dict[str, Entity] = {}
        for host in self._hosts.in_reach():
            zones.setdefault(self._hosts.zone(host.name), {})[host.name] = {
                'nova-compute': {
                    'active': not host.is_disabled,
                    'available': self._hosts.is_up(host),
                    'updated_at': self._hosts.updated_at(host)}}
        detail = call.request.path.endswith('/detail')
        return {'availabilityZoneInfo': [
            {'zoneName': name, 'hosts': hosts if detail else None,
             'zoneState': {'available': True}}
            for name, hosts in zones.items()]}


def uptime(seconds: float) -> str:
    """As the command ``uptime`` writes it: in minutes, never seconds."""
    hours, minutes = divmod(int(seconds) // 60, 60)
    days, hours = divmod(hours, 24)
    ran = f'{hours:2}:{minutes:02}' if hours else f'{minutes} min'
    if days:
        ran = f'{days} day{"s" * (days > 1)}, {ran}'
    time_of_day = wire.iso(clock.now())[11:19]
    return (f' {time_of_day} up {ran},  0 users,  load average: 0.10, 0.10, '
            '0.10')

"""What only an embedded cloud has: hosts that can be failed, and latency."""

from collections.abc import Callable
from typing import Any, Protocol

from doctor_core.embedded.notifications import Notifications
from doctor_core.embedded.nova.compute import Compute
from doctor_core.embedded.nova.guests import Guests
from doctor_core.embedded.nova.hosts import (
    FAILURES,
    LINK,
    ComputeHost,
    Hosts,
)
from doctor_core.embedded.rest import (
    Api,
    Call,
    Caller,
    Site,
    field,
    keystone_error,
)
from doctor_core.web.server import Refused

PREFIX = '/embedded'
SERVICE_TYPE = 'doctor-embedded'

_RULE = 'embedded:control'
#: What can be set of a host, and its type.
_SETTINGS = {'hypervisor_type': str, 'tells_uptime': bool,
             'resumes_guests': bool}


class Machines(Protocol):
    """The machines behind the compute hosts."""

    latency_s: float
    transport_url: str

    guests: Guests

    @property
    def probe_port(self) -> int:
        """Where the hosts answer datagrams; 0 when they answer pings."""

    def cut(self, host: ComputeHost, how: str) -> float:
        """Let a host fall silent; returns when it did."""

    def mend(self, host: ComputeHost) -> None:
        """Bring a host back."""


class Control:
    """Serves the control calls, to administrators."""

    def __init__(self, site: Site,
                 authenticate: Callable[[str], Caller | None], hosts: Hosts,
                 compute: Compute, machines: Machines,
                 notifications: Notifications) -> None:
        self._hosts = hosts
        self._compute = compute
        self._machines = machines
        self._notifications = notifications
        self.api = Api(site, PREFIX, authenticate, keystone_error)
        add = self.api.add
        add('GET', '/hosts', self._list, admin=_RULE)
        add('PUT', '/hosts/{name}', self._set, admin=_RULE)
        add('POST', '/hosts/{name}/fail', self._fail, admin=_RULE)
        add('POST', '/hosts/{name}/heal', self._heal, admin=_RULE)
        add('POST', '/hosts/{name}/sync-power', self._sync, admin=_RULE)
        add('GET', '/servers', self._servers, admin=_RULE)
        add('PUT', '/cells/{name}', self._set_cell, admin=_RULE)
        add('GET', '/bus', lambda call: {
            'transport_url': machines.transport_url}, admin=_RULE)
        add('GET', '/notifications', self._since, admin=_RULE)
        add('PUT', '/latency', self._set_latency, admin=_RULE)

    def _host(self, call: Call) -> ComputeHost:
        host = self._hosts.get(call.params['name'])
        if host is None:
            raise Refused(404, f'There is no host {call.params["name"]}.')
        return host

    def _view(self, host: ComputeHost) -> dict[str, Any]:
        return {'name': host.name, 'address': host.address,
                'probe_port': self._machines.probe_port,
                'failed': host.failed_at is not None,
                'failed_at': host.failed_at,
                'cell': host.cell,
                'cell_down': self._hosts.is_lost(host.cell),
                **{name: getattr(host, name) for name in _SETTINGS}}

    def _list(self, _call: Call) -> dict[str, Any]:
        return {'hosts': [self._view(host) for host in self._hosts]}

    def _set(self, call: Call) -> dict[str, Any]:
        host, body = self._host(call), call.body()
        unknown = sorted(body.keys() - _SETTINGS.keys())
        if unknown:
            raise Refused(400, f'A host has no {unknown[0]} to be set.')
        for name, value in {name: field(body, name, _SETTINGS[name])
                            for name in body}.items():
            setattr(host, name, value)
        return self._view(host)

    def _fail(self, call: Call) -> dict[str, Any]:
        host = self._host(call)
        body = call.body() if call.request.body not in (b'', b'null') else {}
        how = field(body, 'how', str, LINK)
        if how not in FAILURES:
            raise Refused(400, f'how must be one of {", ".join(FAILURES)}.')
        return {'failed_at': self._machines.cut(host, how)}

    def _sync(self, call: Call) -> dict[str, Any]:
        host = self._host(call)
        self._machines.guests.sync(host)
        return self._view(host)

    def _servers(self, _call: Call) -> dict[str, Any]:
        """What no API shows: the guests themselves."""
        return {'servers': [
            {'id': instance.id, 'name': instance.name,
             'host': instance.host or None, 'cell': instance.cell or None,
             'vm_state': instance.vm_state,
             'power_state': instance.power_state, 'guest': instance.guest,
             'has_saved_memory': instance.has_saved_memory,
             'lost_memory': instance.lost_memory}
            for instance in self._compute.instances.values()]}

    def _set_cell(self, call: Call) -> dict[str, Any]:
        name = call.params['name']
        if name not in self._hosts.cells:
            raise Refused(404, f'There is no cell {name}.')
        down = field(call.body(), 'down', bool)
        self._hosts.set_cell(name, down=down)
        return {'name': name, 'down': down}

    def _heal(self, call: Call) -> dict[str, Any]:
        host = self._host(call)
        self._machines.mend(host)
        return self._view(host)

    def _since(self, call: Call) -> dict[str, Any]:
        try:
            since = float(call.query.get('since', 0))
        except ValueError:
            raise Refused(400, 'since must be a time in seconds since the '
                               'epoch.') from None
        return {'notifications': [
            notification._asdict() for notification
            in self._notifications.since(since)]}

    def _set_latency(self, call: Call) -> dict[str, Any]:
        seconds = float(field(call.body(), 'seconds', (int, float)))
        if not 0 <= seconds <= 60:
            raise Refused(400, 'seconds must be between 0 and 60.')
        self._machines.latency_s = seconds
        return {'seconds': seconds}

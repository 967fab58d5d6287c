"""What only an embedded cloud has: hosts that can be failed, and latency."""

from collections.abc import Callable
from typing import Any, Protocol

from doctor_core.embedded.notifications import Notifications
from doctor_core.embedded.nova.hosts import ComputeHost, Hosts
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


class Machines(Protocol):
    """The machines behind the compute hosts."""

    latency_s: float
    transport_url: str

    @property
    def probe_port(self) -> int:
        """Where the hosts answer datagrams."""

    def cut(self, host: ComputeHost) -> float:
        """Let a host die; returns when it did."""

    def mend(self, host: ComputeHost) -> None:
        """Bring a host back."""


class Control:
    """Serves the control calls, to administrators."""

    def __init__(self, site: Site,
                 authenticate: Callable[[str], Caller | None], hosts: Hosts,
                 machines: Machines, notifications: Notifications) -> None:
        self._hosts = hosts
        self._machines = machines
        self._notifications = notifications
        self.api = Api(site, PREFIX, authenticate, keystone_error)
        add = self.api.add
        add('GET', '/hosts', self._list, admin=_RULE)
        add('POST', '/hosts/{name}/fail', lambda call: {
            'failed_at': machines.cut(self._host(call))}, admin=_RULE)
        add('POST', '/hosts/{name}/heal', self._heal, admin=_RULE)
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
                'failed_at': host.failed_at}

    def _list(self, _call: Call) -> dict[str, Any]:
        return {'hosts': [self._view(host) for host in self._hosts]}

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

"""Which servers and ports are on which host: kept, not asked for in a fault.

Full looks at Nova and Neutron renew the map; Nova's notifications keep it
current between two of them.
"""

import dataclasses
import ipaddress
import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from doctor_core.cloud import Cloud
from doctor_core.model import (
    Action,
    ComputeService,
    Correction,
    Port,
    Server,
)

LOG = logging.getLogger(__name__)

#: Nova's vm_state of a server that Doctor has nothing to correct in.
_ERROR = 'error'


@dataclasses.dataclass(frozen=True)
class Affected:
    """What a failed host takes with it."""

    host: str
    service: ComputeService | None
    servers: tuple[Server, ...]
    ports: tuple[Port, ...]


def resolve(reported: str, known: Iterable[str]) -> str | None:
    """The host that is meant by a reported name.

    Deployments report short and full names for one host. An exact match
    wins; else the short names are compared, and only if a single host has
    that one: a wrong host must never be marked down.

    :returns: the name as Nova has it; None when no or several hosts fit.
    """
    names = set(known)
    if reported in names:
        return reported
    if _is_address(reported):
        return None
    short = reported.partition('.')[0].lower()
    fits = [name for name in names
            if name.partition('.')[0].lower() == short
            # Two full names of different domains are different hosts.
            and not ('.' in name and '.' in reported
                     and name.lower() != reported.lower())]
    return fits[0] if len(fits) == 1 else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def plan(affected: Affected, *, ports: bool) -> list[Correction]:
    """What has to be set right, leaving alone what is so already.

    :param ports: whether Neutron's data plane status is corrected, too.
    """
    host, service = affected.host, affected.service
    corrections = []
    if service is not None and not service.forced_down:
        corrections.append(Correction(
            Action.FORCE_DOWN, service.id, host, 'false', 'true'))
    corrections += [
        Correction(Action.RESET_STATE, server.id, host, server.state, _ERROR)
        for server in affected.servers if server.state != _ERROR]
    if ports:
        corrections += [
            Correction(Action.DATA_PLANE_STATUS, port.id, host,
                       port.data_plane_status, 'DOWN')
            for port in affected.ports if port.data_plane_status != 'DOWN']
    return corrections


def reverse(correction: Correction) -> Correction:
    """The correction that takes another one back.

    Nova resets a server to ``active`` or ``error`` only, so a server that
    was stopped comes back as active, and Nova's own power state check stops
    it again. Neutron does not take an empty status: ``ACTIVE`` is nearest.
    """
    new = {Action.FORCE_DOWN: 'false', Action.RESET_STATE: 'active',
           Action.DATA_PLANE_STATUS: 'ACTIVE'}[correction.action]
    return dataclasses.replace(correction, old=correction.new, new=new)


class AffectedMap:
    """The map; each method from any thread.

    :param cloud: the OpenStack APIs.
    :param with_ports: whether ports are looked at.
    """

    def __init__(self, cloud: Cloud, *, with_ports: bool = True) -> None:
        self._cloud = cloud
        self._with_ports = with_ports
        self._lock = threading.Lock()
        self._services: dict[str, ComputeService] = {}
        self._servers: dict[str, Server] = {}
        self._ports: dict[str, Port] = {}
        # Servers that notifications told of while a full look was under way.
        self._heard: dict[str, Server | None] = {}

    def refresh(self) -> None:
        """Look at everything anew; blocks on Nova and Neutron.

        :raises BackendError: they did not answer; the map stays as it was.
        """
        with self._lock:
            self._heard = {}
        services = {service.host: service
                    for service in self._cloud.compute_services()}
        servers = {server.id: server for server in self._cloud.servers()}
        ports = {port.id: port for port in self._cloud.ports()} \
            if self._with_ports else {}
        with self._lock:
            for server_id, server in self._heard.items():
                if server is None:
                    servers.pop(server_id, None)
                else:
                    servers[server_id] = server
            self._services, self._servers, self._ports = (services, servers,
                                                          ports)

    def resolve(self, reported: str) -> str | None:
        """The host that is meant by a reported name; see :func:`resolve`."""
        with self._lock:
            return resolve(reported, self._services)

    def hosts(self) -> list[str]:
        """All compute hosts, sorted."""
        with self._lock:
            return sorted(self._services)

    def of(self, host: str) -> Affected:
        """What is on a host, as far as is known; never blocks."""
        with self._lock:
            servers = tuple(server for server in self._servers.values()
                            if server.host == host)
            ids = {server.id for server in servers}
            ports = tuple(port for port in self._ports.values()
                          if port.host == host or port.server_id in ids)
            return Affected(host, self._services.get(host), servers, ports)

    def server(self, server_id: str) -> Server | None:
        """A server, as far as is known."""
        with self._lock:
            return self._servers.get(server_id)

    def port(self, port_id: str) -> Port | None:
        """A port, as far as is known."""
        with self._lock:
            return self._ports.get(port_id)

    def ask(self, host: str) -> Affected:
        """What is on a host by Nova's and Neutron's own word; blocks.

        :raises BackendError: they did not answer.
        """
        services = {service.host: service
                    for service in self._cloud.compute_services(host)}
        servers = tuple(self._cloud.servers(host))
        ports = tuple(self._cloud.ports(host)) if self._with_ports else ()
        return Affected(host, services.get(host), servers, ports)

    def hear(self, event_type: str, payload: Mapping[str, Any]) -> None:
        """Learn from one of Nova's unversioned notifications; never blocks.

        What is no such notification, or lacks what is needed, is passed
        over: the next full look will tell.
        """
        server_id = payload.get('instance_id')
        if not event_type.startswith('compute.instance.') \
                or not isinstance(server_id, str):
            return
        state = str(payload.get('state') or '')
        gone = event_type == 'compute.instance.delete.end' \
            or state == 'deleted'
        with self._lock:
            if gone:
                self._servers.pop(server_id, None)
                self._heard[server_id] = None
                return
            server = _heard(payload, self._servers.get(server_id), server_id,
                            state)
            if server is not None:
                self._servers[server_id] = server
                self._heard[server_id] = server


def _heard(payload: Mapping[str, Any], known: Server | None,
           server_id: str, state: str) -> Server | None:
    def text(name: str, before: str) -> str:
        return str(payload.get(name) or before)

    def number(name: str, before: int | None) -> int | None:
        value = payload.get(name)
        return value if isinstance(value, int) else before

    before = known or Server(server_id, '', '', '')
    server = Server(
        id=server_id,
        name=text('display_name', before.name),
        project_id=text('tenant_id', before.project_id),
        host=text('host', before.host),
        state=state or before.state,
        user_id=text('user_id', before.user_id),
        flavor=text('instance_type', before.flavor),
        vcpus=number('vcpus', before.vcpus),
        memory_mb=number('memory_mb', before.memory_mb),
        disk_gb=number('disk_gb', before.disk_gb),
        launched_at=text('launched_at', before.launched_at))
    return server if server.host and server.project_id else None

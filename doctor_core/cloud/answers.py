"""Nova's and Neutron's JSON to our words; pure.

Formats: the Compute API reference, microversion 2.74, and the Networking
API reference, v2.0.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from doctor_core.model import ComputeService, Host, Port, Server

COMPUTE_OWNER = 'compute:'


def compute_service(record: Mapping[str, Any]) -> ComputeService:
    """One of ``services`` of ``GET /os-services``.

    Of a cell that is down, Nova knows only the host: then the state is
    ``unknown`` and the id empty (2.69 and later).
    """
    return ComputeService(
        id=str(record.get('id') or ''), host=record['host'],
        state=record.get('state') or 'unknown',
        status=(record.get('status') or 'unknown').lower(),
        forced_down=bool(record.get('forced_down')))


def hosts(services: Iterable[ComputeService],
          hypervisors: Iterable[Mapping[str, Any]]) -> list[Host]:
    """Compute services joined with ``hypervisors`` of
    ``GET /os-hypervisors/detail``, by name.

    A host that has no hypervisor (yet) has no address; one with several, as
    with Ironic, all of theirs.
    """
    addresses: dict[str, list[str]] = {
        service.host: [] for service in services}
    for record in hypervisors:
        found = addresses.get((record.get('service') or {}).get('host', ''))
        address = record.get('host_ip')
        if found is not None and address and address not in found:
            found.append(address)
    return [Host(name, tuple(found))
            for name, found in sorted(addresses.items())]


def server(record: Mapping[str, Any]) -> Server:
    """One of ``servers`` of ``GET /servers/detail``.

    Of a cell that is down, Nova knows little more than id and project. A
    server that is on no host (not scheduled, shelved) has an empty one.
    """
    flavor = record.get('flavor') or {}
    disks = [flavor[key] for key in ('disk', 'ephemeral') if key in flavor]
    return Server(
        id=record['id'], name=record.get('name') or '',
        project_id=record.get('tenant_id') or '',
        host=record.get('OS-EXT-SRV-ATTR:host') or '',
        state=record.get('OS-EXT-STS:vm_state')
        or str(record.get('status') or 'unknown').lower(),
        user_id=record.get('user_id') or '',
        flavor=flavor.get('original_name') or '',
        vcpus=flavor.get('vcpus'), memory_mb=flavor.get('ram'),
        # As Nova's own notifications count it: root and ephemeral.
        disk_gb=sum(disks) if disks else None,
        launched_at=record.get('OS-SRV-USG:launched_at') or '')


def server_ports(records: Iterable[Mapping[str, Any]]) -> list[Port]:
    """Those of ``ports`` of ``GET /v2.0/ports`` that belong to servers."""
    return [
        Port(id=record['id'], server_id=record.get('device_id') or '',
             project_id=record.get('project_id') or '',
             host=record.get('binding:host_id') or '',
             data_plane_status=record.get('data_plane_status') or '')
        for record in records
        if str(record.get('device_owner') or '').startswith(COMPUTE_OWNER)]

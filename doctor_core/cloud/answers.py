"""Nova's and Neutron's JSON to our words; pure.

Formats: the Compute API reference, microversion 2.74, and the Networking
API reference, v2.0.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from doctor_core.model import (
    Aggregate,
    ComputeService,
    Host,
    Hypervisor,
    Port,
    Server,
)

COMPUTE_OWNER = 'compute:'

#: Nova's numbers for what the hypervisor last said; 0 is for not known.
_POWER_STATES = {1: 'running', 3: 'paused', 4: 'shutdown', 6: 'crashed',
                 7: 'suspended'}
_RACK = 'doctor:rack'
_VM_STATE = 'OS-EXT-STS:vm_state'


def compute_service(record: Mapping[str, Any]) -> ComputeService:
    """One of ``services`` of ``GET /os-services``.

    Of a cell that is down, Nova knows only the host: then the state is
    ``unknown`` and the id empty (2.69 and later). One without a host has an
    empty one.
    """
    return ComputeService(
        id=_text(record.get('id')), host=_text(record['host']),
        state=_text(record.get('state')) or 'unknown',
        status=(_text(record.get('status')) or 'unknown').lower(),
        forced_down=bool(record.get('forced_down')),
        disabled_reason=_text(record.get('disabled_reason')),
        updated_at=_text(record.get('updated_at')))


def hypervisor(record: Mapping[str, Any]) -> Hypervisor:
    """One of ``hypervisors`` of ``GET /os-hypervisors/detail``."""
    return Hypervisor(
        id=_text(record['id']),
        host=_text((record.get('service') or {}).get('host')),
        hostname=_text(record.get('hypervisor_hostname')),
        address=_text(record.get('host_ip')),
        type=_text(record.get('hypervisor_type')))


def aggregate(record: Mapping[str, Any]) -> Aggregate:
    """One of ``aggregates`` of ``GET /os-aggregates``."""
    metadata = record.get('metadata') or {}
    return Aggregate(
        _text(record['name']),
        tuple(_text(host) for host in _listed(record.get('hosts'))),
        _text(metadata.get('availability_zone')), _text(metadata.get(_RACK)))


def hosts(services: Iterable[ComputeService],
          hypervisors: Iterable[Hypervisor]) -> list[Host]:
    """Compute services joined with hypervisors, by the service's host.

    A host that has no hypervisor (yet, or in this answer) has no address: who
    asks keeps what it had. One with several, as with Ironic, has all of
    theirs.
    """
    addresses: dict[str, list[str]] = {
        service.host: [] for service in services}
    for one in hypervisors:
        found = addresses.get(one.host)
        if found is not None and one.address and one.address not in found:
            found.append(one.address)
    return [Host(name, tuple(found))
            for name, found in sorted(addresses.items())]


def server(record: Mapping[str, Any]) -> Server:
    """One of ``servers`` of ``GET /servers/detail``.

    A server that is on no host (not scheduled, shelved) has an empty one,
    as null or as an empty text. Of a cell that is down, Nova knows little
    more than id and project, and has no vm_state: such a record is partial.
    Nova gives it only in a listing without any filter or limit; other
    listings, all of ours among them, leave the servers of that cell out.
    """
    status = str(record.get('status') or 'unknown').lower()
    flavor = record.get('flavor') or {}
    disks = [size for key in ('disk', 'ephemeral')
             if (size := _number(flavor.get(key))) is not None]
    return Server(
        id=_text(record['id']), name=_text(record.get('name')),
        project_id=_text(record.get('tenant_id')),
        host=_text(record.get('OS-EXT-SRV-ATTR:host')),
        state=_text(record.get(_VM_STATE)) or status,
        user_id=_text(record.get('user_id')),
        flavor=_text(flavor.get('original_name')),
        vcpus=_number(flavor.get('vcpus')),
        memory_mb=_number(flavor.get('ram')),
        # As Nova's own notifications count it: root and ephemeral.
        disk_gb=sum(disks) if disks else None,
        launched_at=_text(record.get('OS-SRV-USG:launched_at')),
        task_state=_text(record.get('OS-EXT-STS:task_state')),
        power_state=_POWER_STATES.get(
            record.get('OS-EXT-STS:power_state') or 0, ''),
        is_partial=status == 'unknown' and _VM_STATE not in record,
        node=_text(record.get('OS-EXT-SRV-ATTR:hypervisor_hostname')),
        updated_at=_text(record.get('updated')))


def port(record: Mapping[str, Any]) -> Port:
    """One of ``ports`` of ``GET /v2.0/ports``."""
    return Port(
        id=_text(record['id']), server_id=_text(record.get('device_id')),
        project_id=_text(record.get('project_id')),
        host=_text(record.get('binding:host_id')),
        data_plane_status=_text(record.get('data_plane_status')))


def _text(value: Any) -> str:
    """A text, of which Nova may make a number; empty for null.

    :raises TypeError: it is neither.
    """
    if value is None or isinstance(value, str):
        return value or ''
    if isinstance(value, (int, float)):
        return str(value)
    raise TypeError(f'{value!r} is no text')


def _listed(value: Any) -> list[Any]:
    """A list; empty for null.

    :raises TypeError: it is none.
    """
    if value is None or isinstance(value, list):
        return value or []
    raise TypeError(f'{value!r} is no list')


def _number(value: Any) -> int | None:
    """A whole number; None for whatever is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) \
        else None


def server_ports(records: Iterable[Mapping[str, Any]]) -> list[Port]:
    """Those of ``ports`` of ``GET /v2.0/ports`` that belong to servers."""
    return [
        port(record) for record in records
        if str(record.get('device_owner') or '').startswith(COMPUTE_OWNER)]

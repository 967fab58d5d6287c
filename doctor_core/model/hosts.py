"""The hosts of a cloud, what Nova keeps of them, and what runs on them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Host:
    """A compute host: the name Nova knows it by and where it answers.

    :ivar rack: where it stands; empty when that is not known.
    """

    name: str
    addresses: tuple[str, ...] = ()
    rack: str = ''

    @property
    def address(self) -> str:
        """The first address; the name when none is known."""
        return self.addresses[0] if self.addresses else self.name


@dataclasses.dataclass(frozen=True)
class ComputeService:
    """Nova's view of one nova-compute.

    :ivar state: ``up`` or ``down``: heartbeat and forced_down together;
        ``unknown`` when Nova cannot ask the host's cell.
    :ivar status: ``enabled`` or ``disabled``, by an administrator.
    :ivar disabled_reason: why; empty when nobody said.
    :ivar updated_at: when it last reported, or was last changed by anybody,
        by Nova's clock and in Nova's words; empty when not known. Only
        whether it has advanced means anything.
    :ivar namesakes: other services of the same host, of a second cell or
        left over; they have none themselves.
    """

    id: str
    host: str
    state: str
    status: str
    forced_down: bool
    disabled_reason: str = ''
    updated_at: str = ''
    namesakes: 'tuple[ComputeService, ...]' = ()

    def all(self) -> 'tuple[ComputeService, ...]':
        """This one and its namesakes."""
        return (dataclasses.replace(self, namesakes=()), *self.namesakes)


@dataclasses.dataclass(frozen=True)
class Hypervisor:
    """What runs servers, as Nova lists it.

    :ivar host: the host of its compute service; empty when Nova shows none.
    :ivar hostname: its own name; that of the machine, with most drivers.
    :ivar address: its ``host_ip``; empty when there is none.
    :ivar type: ``QEMU``, ``ironic``, ...; empty when Nova does not show it.
    """

    id: str
    host: str
    hostname: str = ''
    address: str = ''
    type: str = ''


@dataclasses.dataclass(frozen=True)
class Aggregate:
    """Hosts that an administrator of Nova has put together.

    :ivar zone: the availability zone that they make; empty for none.
    :ivar rack: the rack that they are, by ``doctor:rack`` in its metadata;
        empty for none.
    """

    name: str
    hosts: tuple[str, ...] = ()
    zone: str = ''
    rack: str = ''


@dataclasses.dataclass(frozen=True)
class Server:
    """A virtual machine, and what its owner may be told of it.

    :ivar state: Nova's vm_state: ``active``, ``error``, ``stopped``, ...
    :ivar host: empty when it is on none (shelved, not scheduled yet).
    :ivar task_state: what Nova is doing with it; empty for nothing.
    :ivar power_state: what the hypervisor last said: ``running``,
        ``shutdown``, ...; empty when not known.
    :ivar launched_at: as Nova writes it, without a zone; UTC.
    :ivar is_partial: Nova could not ask the server's cell, and says little
        more than the id: then an empty host means that it is not known.
    :ivar node: the hypervisor that it is on, by its own name: with Ironic,
        the machine; empty when not known.
    :ivar updated_at: when Nova last wrote it down, by Nova's clock and in
        Nova's words; empty when not known. Two that differ in nothing else
        are equal.
    """

    id: str
    name: str
    project_id: str
    host: str
    state: str = 'active'
    user_id: str = ''
    flavor: str = ''
    vcpus: int | None = None
    memory_mb: int | None = None
    disk_gb: int | None = None
    launched_at: str = ''
    task_state: str = ''
    power_state: str = ''
    is_partial: bool = False
    node: str = ''
    updated_at: str = dataclasses.field(default='', compare=False)


@dataclasses.dataclass(frozen=True)
class Port:
    """A Neutron port of a server."""

    id: str
    server_id: str
    project_id: str
    host: str
    data_plane_status: str = ''

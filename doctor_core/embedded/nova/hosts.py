"""The compute hosts, their nova-compute and what is known of both."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator

from doctor_core import clock, wire
from doctor_core.embedded.notifications import Notifications
from doctor_core.exceptions import ConfigError
from doctor_core.model import new_id
from doctor_core.web.server import Refused

#: Where Nova's versioned notifications travel.
VERSIONED_TOPIC = 'versioned_notifications'

#: A network of an address's first three numbers has room for them.
_MOST = 250

#: Where hosts are that no aggregate puts into an availability zone.
DEFAULT_ZONE = 'nova'

#: How a host can fail: it is cut off and runs on, or it starts anew.
LINK, REBOOT = FAILURES = ('link', 'reboot')


@dataclasses.dataclass
class ComputeHost:
    """A compute host as Nova's database and the machine itself have it.

    :ivar started_at: when its nova-compute began to report.
    :ivar booted_at: when the machine itself was started.
    :ivar hypervisor_type: what its driver says; of ``ironic`` it is no
        machine that its servers run on.
    :ivar tells_uptime: whether its driver knows the machine's uptime;
        Nova's fake driver does not.
    :ivar resumes_guests: Nova's ``resume_guests_state_on_host_boot``.
    :ivar touched_at: when an administrator last wrote its record.
    :ivar failed_at: since when the machine is dead; None while it lives.
    :ivar rebooting: whether it comes back without its guests.
    :ivar evacuated: whether servers left it that its nova-compute does not
        know to be gone, for it was not restarted since.
    :ivar waiting: what its nova-compute was asked while it was dead.
    """

    name: str
    address: str
    number: int
    started_at: float
    booted_at: float
    cell: str = 'cell1'
    hypervisor_type: str = 'fake'
    tells_uptime: bool = True
    resumes_guests: bool = False
    service_id: str = dataclasses.field(default_factory=new_id)
    node_id: str = dataclasses.field(default_factory=new_id)
    is_disabled: bool = False
    disabled_reason: str | None = None
    is_forced_down: bool = False
    touched_at: float = 0.0
    failed_at: float | None = None
    rebooting: bool = False
    evacuated: bool = False
    waiting: list[Callable[[], None]] = dataclasses.field(
        default_factory=list)


def numbered(count: int, cells: int, now: float,
             network: str) -> list[ComputeHost]:
    """New hosts, in cells by turns.

    :param network: what their addresses begin with: three numbers.
    :raises ConfigError: there cannot be so many.
    """
    if not 1 <= count <= _MOST:
        raise ConfigError(f'An embedded cloud has 1 to {_MOST} hosts, not '
                          f'{count}.')
    if not 1 <= cells <= count:
        raise ConfigError(f'{count} hosts are in 1 to {count} cells, not in '
                          f'{cells}.')
    return [ComputeHost(f'embedded-compute-{number}', f'{network}.{number}',
                        # The first numbers are those of the controllers.
                        number + 2, started_at=now, booted_at=now,
                        cell=f'cell{(number - 1) % cells + 1}')
            for number in range(1, count + 1)]


class Hosts:
    """All compute hosts by name, and the cells that they are in.

    :param report_s: seconds from one report of a nova-compute to the next.
    :param service_down_s: seconds without a report after which Nova takes a
        nova-compute for down.
    :param timing: whose time counts.
    :ivar when_started: called with a host whose nova-compute starts anew.
    :ivar zone_of: the availability zone into which an aggregate puts a host,
        if any.
    """

    def __init__(self, hosts: Iterable[ComputeHost],
                 notifications: Notifications, *, report_s: float,
                 service_down_s: float,
                 timing: clock.Clock = clock.SYSTEM) -> None:
        self._hosts = {host.name: host for host in hosts}
        self._notifications = notifications
        self._report_s = report_s
        self._service_down_s = service_down_s
        self._clock = timing
        self._down_cells: set[str] = set()
        self.when_started: Callable[[ComputeHost], None] = lambda host: None
        self.zone_of: Callable[[str], str | None] = lambda name: None

    def __iter__(self) -> Iterator[ComputeHost]:
        return iter(self._hosts.values())

    def get(self, name: str) -> ComputeHost | None:
        return self._hosts.get(name)

    def zone(self, name: str) -> str:
        """The availability zone of a host."""
        return self.zone_of(name) or DEFAULT_ZONE

    def reported_at(self, host: ComputeHost) -> float:
        """When its nova-compute reported last."""
        until = self._clock.now() if host.failed_at is None \
            else host.failed_at
        return until - (until - host.started_at) % self._report_s

    def updated_at(self, host: ComputeHost) -> str:
        """When the record of its nova-compute was written last, as Nova
        shows it: by a report, or by an administrator.
        """
        return wire.iso(int(max(self.reported_at(host), host.touched_at)))

    def uptime_s(self, host: ComputeHost) -> float | None:
        """For how long the machine runs; None when its driver cannot say.

        :raises Refused: 400, when its nova-compute is not up: nobody is
            asked then.
        """
        if not self.is_up(host) or host.failed_at is not None:
            raise Refused(400, f'Compute service of {host.name} is '
                               'unavailable at this time.')
        return self._clock.now() - host.booted_at if host.tells_uptime \
            else None

    # Cells

    @property
    def cells(self) -> list[str]:
        """All cells by name."""
        return sorted({host.cell for host in self})

    def set_cell(self, cell: str, *, down: bool) -> None:
        """Let the database of a cell be out of reach, or in reach again."""
        if down:
            self._down_cells.add(cell)
        else:
            self._down_cells.discard(cell)

    def is_lost(self, cell: str) -> bool:
        """Whether a cell's database is out of reach."""
        return cell in self._down_cells

    def in_reach(self) -> list[ComputeHost]:
        """The hosts whose records can be read."""
        return [host for host in self if not self.is_lost(host.cell)]

    def is_up(self, host: ComputeHost) -> bool:
        """Whether Nova takes its nova-compute for up."""
        return not host.is_forced_down and self._reports(host)

    def _reports(self, host: ComputeHost) -> bool:
        return host.failed_at is None \
            or self._clock.now() - host.failed_at <= self._service_down_s

    def status(self, name: str) -> str:
        """The host_status of a server on it; empty for no host.

        A lost heartbeat alone never makes it DOWN: that word is for hosts
        that somebody has fenced.
        """
        host = self._hosts.get(name)
        if host is None:
            return ''
        if host.is_forced_down:
            return 'DOWN'
        if host.is_disabled:
            return 'MAINTENANCE'
        return 'UP' if self._reports(host) else 'UNKNOWN'

    def candidates(self, but: str = '') -> list[ComputeHost]:
        """Where the scheduler may put a server.

        :param but: the name of a host that is not wanted.
        """
        return [host for host in self.in_reach() if host.name != but
                and not host.is_disabled and self.is_up(host)]

    def fail(self, host: ComputeHost, how: str = LINK) -> float:
        """Let the machine fall silent; one that is silent stays so.

        :param how: whether it is cut off, or starts anew; one that is cut
            off may do that, too.
        :returns: when it fell silent, in seconds since the epoch.
        """
        host.rebooting = host.rebooting or how == REBOOT
        if host.failed_at is None:
            host.failed_at = self._clock.now()
        return host.failed_at

    def heal(self, host: ComputeHost) -> None:
        """Bring the machine back; its nova-compute starts anew."""
        now = self._clock.now()
        host.failed_at = None
        host.evacuated = False
        host.started_at = now
        if host.rebooting:
            host.booted_at = now
        self.when_started(host)
        host.rebooting = False
        waiting, host.waiting = host.waiting, []
        for task in waiting:
            task()

    def touched(self, host: ComputeHost) -> None:
        """Stamp that an administrator wrote the record, and tell of it."""
        host.touched_at = self._clock.now()
        self._notifications.send(
            'nova', 'service.update',
            _service_payload(host, self.reported_at(host)), VERSIONED_TOPIC)


def _service_payload(host: ComputeHost, reported_at: float
                     ) -> dict[str, object]:
    """As ``ServiceStatusPayload`` of Nova's versioned notifications."""
    return {
        'nova_object.namespace': 'nova',
        'nova_object.name': 'ServiceStatusPayload',
        'nova_object.version': '1.1',
        'nova_object.data': {
            'binary': 'nova-compute', 'host': host.name,
            'topic': 'compute', 'uuid': host.service_id,
            'availability_zone': None, 'version': 68, 'report_count': 1,
            'disabled': host.is_disabled,
            'disabled_reason': host.disabled_reason,
            'forced_down': host.is_forced_down,
            'last_seen_up': wire.iso(reported_at)[:19] + 'Z',
        }}

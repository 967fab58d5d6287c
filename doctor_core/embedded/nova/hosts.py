"""The compute hosts, their nova-compute and what is known of both."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator

from doctor_core import clock, events
from doctor_core.embedded.notifications import Notifications
from doctor_core.model import new_id

#: Where Nova's versioned notifications travel.
VERSIONED_TOPIC = 'versioned_notifications'

#: How often a nova-compute reports, which is how exact its stamps are.
_REPORT_S = 2.0


@dataclasses.dataclass
class ComputeHost:
    """A compute host as Nova's database and the machine itself have it.

    :ivar failed_at: since when the machine is dead; None while it lives.
    :ivar evacuated: whether servers left it that its nova-compute does not
        know to be gone, for it was not restarted since.
    :ivar waiting: what its nova-compute was asked while it was dead.
    """

    name: str
    address: str
    number: int
    started_at: float
    service_id: str = dataclasses.field(default_factory=new_id)
    node_id: str = dataclasses.field(default_factory=new_id)
    is_disabled: bool = False
    disabled_reason: str | None = None
    is_forced_down: bool = False
    failed_at: float | None = None
    evacuated: bool = False
    waiting: list[Callable[[], None]] = dataclasses.field(
        default_factory=list)

    @property
    def reported_at(self) -> float:
        """When its nova-compute reported last."""
        until = clock.now() if self.failed_at is None else self.failed_at
        return until - (until - self.started_at) % _REPORT_S


class Hosts:
    """All compute hosts by name.

    :param service_down_s: seconds without a report after which Nova takes a
        nova-compute for down.
    """

    def __init__(self, hosts: Iterable[ComputeHost],
                 notifications: Notifications, service_down_s: float) -> None:
        self._hosts = {host.name: host for host in hosts}
        self._notifications = notifications
        self._service_down_s = service_down_s

    def __iter__(self) -> Iterator[ComputeHost]:
        return iter(self._hosts.values())

    def get(self, name: str) -> ComputeHost | None:
        return self._hosts.get(name)

    def is_up(self, host: ComputeHost) -> bool:
        """Whether Nova takes its nova-compute for up."""
        return not host.is_forced_down and self._reports(host)

    def _reports(self, host: ComputeHost) -> bool:
        return host.failed_at is None \
            or clock.now() - host.failed_at <= self._service_down_s

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
        return [host for host in self if host.name != but
                and not host.is_disabled and self.is_up(host)]

    def fail(self, host: ComputeHost) -> float:
        """Let the machine die; one that is dead stays so.

        :returns: when it died, in seconds since the epoch.
        """
        if host.failed_at is None:
            host.failed_at = clock.now()
        return host.failed_at

    def heal(self, host: ComputeHost) -> None:
        """Bring the machine back; its nova-compute starts anew."""
        host.failed_at = None
        host.evacuated = False
        waiting, host.waiting = host.waiting, []
        for task in waiting:
            task()

    def told(self, host: ComputeHost) -> None:
        """Tell that an administrator changed the nova-compute's record."""
        self._notifications.send(
            'nova', 'service.update', _service_payload(host),
            VERSIONED_TOPIC)


def _service_payload(host: ComputeHost) -> dict[str, object]:
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
            'last_seen_up': events.iso(host.reported_at)[:19] + 'Z',
        }}

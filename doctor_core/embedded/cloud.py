"""A whole cloud in this process."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import ExitStack

from doctor_core import clock
from doctor_core import conf as configuration
from doctor_core.embedded import aodh, clouds_yaml, control, glance
from doctor_core.embedded.furnishing import furnish
from doctor_core.embedded.keystone import api as keystone
from doctor_core.embedded.keystone.directory import bootstrapped
from doctor_core.embedded.keystone.tokens import Tokens
from doctor_core.embedded.neutron import api as neutron
from doctor_core.embedded.neutron.plugging import Plugging
from doctor_core.embedded.neutron.topology import Topology
from doctor_core.embedded.notifications import (
    Listener,
    Notification,
    Notifications,
)
from doctor_core.embedded.nova import api as nova
from doctor_core.embedded.nova.compute import Compute
from doctor_core.embedded.nova.guests import Guests
from doctor_core.embedded.nova.hosts import (
    LINK,
    ComputeHost,
    Hosts,
    numbered,
)
from doctor_core.embedded.nova.lifecycle import Lifecycle
from doctor_core.embedded.nova.telling import Teller
from doctor_core.embedded.probe import LOOPBACK, Links, Responders
from doctor_core.embedded.rest import Site
from doctor_core.embedded.telemetry import to_event
from doctor_core.exceptions import ConfigError, NotFound
from doctor_core.model import Delivered, Notice, new_id
from doctor_core.notifiers.deliverer import Deliverer
from doctor_core.web.server import Request, Response, Route, Server

_LARGEST_IMAGE = 64 << 20
#: Seconds for notices under way when the cloud ends.
_DRAIN_S = 2.0


class EmbeddedCloud:
    """The OpenStack that Doctor needs, over HTTP, with hosts that can fail.

    Keystone, Nova, Neutron, Glance and Aodh below one URL; all state is in
    memory. As long as a host is up, it answers at an address of its own: by
    sending datagrams to the common :attr:`probe_port` back, on loopback,
    unless other ``links`` are given.

    :param hosts: how many compute hosts, 1 to 250.
    :param host: the address to serve the APIs on.
    :param port: the port; 0 for a free one.
    :param latency_s: seconds that every API call takes longer.
    :param service_down_s: seconds after which Nova takes a silent
        nova-compute for down.
    :param build_s: seconds that the work of a nova-compute takes.
    :param report_s: seconds between two reports of a nova-compute.
    :param power_sync_s: seconds from one look of the nova-computes at their
        guests to the next; negative for none.
    :param offload_s: seconds after which a shelved server leaves its host;
        negative for never.
    :param reclaim_s: seconds for which deleted servers are kept; 0 for not
        at all.
    :param cells: of Nova, that the hosts are in by turns.
    :param timing: whose time the hosts go by.
    :param token_lifetime_s: seconds for which a token is good.
    :param transport_url: a bus for the notifications and for Aodh; none
        when empty.
    :param owner_sees_host_status: whether the policy shows a server's
        host_status to its owner, as Doctor's documentation sets it.
    :param links: what joins its hosts with who probes them; they end with
        the cloud.
    :param admin_password: of user ``admin``; random when None.
    :param member_password: of user ``demo``, member of project ``demo``.
    :raises ConfigError: a number is out of its range.
    """

    def __init__(self, *, hosts: int = 3, host: str = '127.0.0.1',
                 port: int = 0, latency_s: float = 0.0,
                 service_down_s: float = 8.0, build_s: float = 0.2,
                 report_s: float = 2.0, power_sync_s: float = 600.0,
                 offload_s: float = 0.0, reclaim_s: float = 0.0,
                 cells: int = 1, timing: clock.Clock = clock.SYSTEM,
                 token_lifetime_s: float = 3600.0, transport_url: str = '',
                 owner_sees_host_status: bool = True,
                 links: Links | None = None,
                 admin_password: str | None = None,
                 member_password: str | None = None) -> None:
        if not all(time_s >= 0 for time_s in (
                latency_s, service_down_s, build_s, reclaim_s,
                token_lifetime_s)) or not report_s > 0:  # as NaN is not
            raise ConfigError('A time must not be negative, and from one '
                              'report to the next some has to pass.')
        self.latency_s = latency_s
        self._site = Site()
        self._passwords = {
            'admin': admin_password or secrets.token_urlsafe(16),
            'demo': member_password or secrets.token_urlsafe(16)}
        self.transport_url = transport_url
        self._notifications = Notifications()
        self._directory = bootstrapped(self._passwords['admin'],
                                       self._passwords['demo'])
        self._tokens = Tokens(self._directory, token_lifetime_s)
        self.compute_hosts = Hosts(
            numbered(hosts, cells, timing.now(),
                     links.network if links else LOOPBACK),
            self._notifications, report_s=report_s,
            service_down_s=service_down_s, timing=timing)
        self._teller = Teller(self._notifications)
        self._aodh = aodh.Aodh(self._site, self._tokens.caller, self._deliver)
        self._notifications.listen(self._to_aodh)
        #: All that it serves.
        topology = Topology(self._notifications)
        self._plugging = Plugging(topology)
        self.compute = Compute(self.compute_hosts, self._plugging,
                               self._teller, _later, build_s)
        self.guests = Guests(self.compute_hosts, self.compute, _later,
                             power_sync_s)
        self.routes = self._serve(
            topology, Lifecycle(self.compute, self._plugging, offload_s),
            owner_sees_host_status, reclaim_s)
        self._running = ExitStack()
        self._links = links
        self._deliverer: Deliverer | None = None
        self._server = Server(
            self.routes, host=host, port=port, name='embedded-cloud',
            middlewares=[self._delay], max_body=_LARGEST_IMAGE)

    def _serve(self, topology: Topology, lifecycle: Lifecycle,
               owner_sees_host_status: bool, reclaim_s: float
               ) -> list[Route]:
        """Put the services together."""
        site, caller = self._site, self._tokens.caller
        images = glance.Glance(site, caller)
        furnish(self._directory, images, topology)
        apis = [
            keystone.Keystone(site, self._directory, self._tokens).api,
            nova.Nova(site, caller, self.compute_hosts, self.compute,
                      lifecycle, self._plugging, is_usable=images.is_usable,
                      owner_sees_host_status=owner_sees_host_status,
                      reclaim_s=reclaim_s).api,
            neutron.Neutron(site, caller, topology).api,
            images.api,
            control.Control(site, caller, self.compute_hosts, self.compute,
                            self, self._notifications).api,
        ]
        return self._aodh.routes + [
            route for api in apis for route in api.routes]

    @property
    def url(self) -> str:
        """Where it is reached; valid once started."""
        return self._server.url

    @property
    def probe_port(self) -> int:
        """Where its hosts send datagrams back, 0 when they answer pings;
        valid once started.
        """
        return self._links.port if self._links else 0

    def start(self) -> str:
        """Serve; returns when it answers. Called once.

        :returns: the base URL.
        :raises ConfigError: an address or the transport URL cannot be used.
        """
        with ExitStack() as started:
            self._links = self._links or Responders(
                {host.name: host.address for host in self.compute_hosts})
            started.callback(self._links.stop)
            self._deliverer = Deliverer(configuration.prepare([], kinds=()))
            started.callback(self._deliverer.close, _DRAIN_S)
            if self.transport_url:
                # What it imports takes half a second, which only those wait
                # for who have a bus.
                from doctor_core.embedded.buses import BusLink
                link = BusLink(self.transport_url, self._aodh.take)
                started.callback(link.close)
                self._notifications.listen(link.put)
            url = self._server.start()
            started.callback(self._server.stop)
            self._server.call(self.guests.begin)
            self._running = started.pop_all()
        self.announce(url)
        return url

    def announce(self, url: str) -> None:
        """Enter the services into the catalogue; :meth:`start` does it.

        :param url: where they are reached.
        """
        self._site.url = url
        self._teller.image_url = f'{url}{glance.PREFIX}'
        for kind, name, path in (
                ('identity', 'keystone', keystone.PREFIX),
                ('compute', 'nova', f'{nova.PREFIX}/v2.1'),
                ('network', 'neutron', neutron.PREFIX),
                ('image', 'glance', glance.PREFIX),
                ('alarming', 'aodh', aodh.PREFIX),
                (control.SERVICE_TYPE, 'embedded', control.PREFIX)):
            self._directory.add_service(kind, name, url + path)

    def stop(self) -> None:
        """End serving; may be called again."""
        self._running.close()

    def clouds_yaml(self) -> str:
        """A clouds.yaml with both users; valid once started."""
        return clouds_yaml.text(f'{self.url}{keystone.PREFIX}/v3',
                                self._passwords)

    def on_notification(self, listener: Listener) -> None:
        """Have a callback told of every notification.

        It is called with the event type, the payload and the time, on the
        cloud's loop, and must not block.
        """
        self._notifications.listen(lambda notification: listener(
            notification.event_type, notification.payload, notification.at))

    def fail(self, host_name: str, how: str = LINK) -> float:
        """Let a host fall silent; one that is silent stays so.

        :param how: ``link``: it is cut off, and its guests run on;
            ``reboot``: it starts anew, and when it is healed, they are shut
            down.
        :returns: when it fell silent, in seconds since the epoch.
        :raises NotFound: there is no host of that name.
        """
        host = self._host(host_name)
        return self._server.call(lambda: self.cut(host, how))

    def heal(self, host_name: str) -> None:
        """Bring a host back; its nova-compute starts anew.

        What Nova's administrators set (forced_down, error states) stays.

        :raises NotFound: there is no host of that name.
        """
        host = self._host(host_name)
        self._server.call(lambda: self.mend(host))

    def set_cell(self, cell: str, *, down: bool) -> None:
        """Let the database of one of Nova's cells be out of reach, or not.

        :param cell: ``cell1`` and so on.
        """
        self._server.call(
            lambda: self.compute_hosts.set_cell(cell, down=down))

    def sync_power(self, host_name: str) -> None:
        """Have a host's nova-compute look at its guests now.

        :raises NotFound: there is no host of that name.
        """
        host = self._host(host_name)
        self._server.call(lambda: self.guests.sync(host))

    def _to_aodh(self, notification: Notification) -> None:
        """What Ceilometer does between Nova and Aodh."""
        event = to_event(notification.event_type, notification.payload,
                         notification.at, notification.sender)
        if event is not None:
            self._aodh.take(event)

    def _deliver(self, action: str, notice: Notice) -> 'Future[Delivered]':
        assert self._deliverer is not None
        return self._deliverer.deliver(action, notice)

    def _host(self, name: str) -> ComputeHost:
        host = self.compute_hosts.get(name)
        if host is None:
            raise NotFound(f'The embedded cloud has no host {name!r}.')
        return host

    def cut(self, host: ComputeHost, how: str = LINK) -> float:
        """As :meth:`fail`, on the cloud's loop."""
        # Not a moment late: all that is measured counts from it.
        failed_at = self.compute_hosts.fail(host, how)
        if self._links is not None:
            self._links.silence(host.name)
        return failed_at

    def mend(self, host: ComputeHost) -> None:
        """As :meth:`heal`, on the cloud's loop."""
        self.compute_hosts.heal(host)
        if self._links is not None:
            self._links.restore(host.name)

    async def _delay(self, request: Request,
                     inner: Callable[[Request], Awaitable[Response]]
                     ) -> Response:
        if self.latency_s and not request.path.startswith(control.PREFIX):
            await asyncio.sleep(self.latency_s)
        response = await inner(request)
        response.headers = {**response.headers,
                            'x-openstack-request-id': f'req-{new_id()}'}
        return response


def _later(delay_s: float, function: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(delay_s, function)

"""A whole cloud in this process."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import ExitStack

from doctor_core import clock
from doctor_core import conf as configuration
from doctor_core.embedded import aodh, control, glance, telemetry
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
from doctor_core.embedded.nova.hosts import ComputeHost, Hosts
from doctor_core.embedded.nova.telling import Teller
from doctor_core.embedded.probe import Responders
from doctor_core.embedded.rest import Site
from doctor_core.exceptions import ConfigError, NotFound
from doctor_core.model import Notice, new_id
from doctor_core.notifiers.deliverer import Deliverer
from doctor_core.web.server import Request, Response, Route, Server

_LARGEST_IMAGE = 64 << 20
_MOST_HOSTS = 250
#: Seconds for notices under way when the cloud ends.
_DRAIN_S = 2.0


class EmbeddedCloud:
    """The OpenStack that Doctor needs, over HTTP, with hosts that can fail.

    Keystone, Nova, Neutron, Glance and Aodh below one URL; all state is in
    memory. A host answers datagrams at its own loopback address, at the
    common :attr:`probe_port`, by sending them back, as long as it is up.

    :param hosts: how many compute hosts, 1 to 250.
    :param host: the address to serve the APIs on.
    :param port: the port; 0 for a free one.
    :param latency_s: seconds that every API call takes longer.
    :param service_down_s: seconds after which Nova takes a silent
        nova-compute for down.
    :param build_s: seconds that the work of a nova-compute takes.
    :param token_lifetime_s: seconds for which a token is good.
    :param transport_url: a bus for the notifications and for Aodh; none
        when empty.
    :param owner_sees_host_status: whether the policy shows a server's
        host_status to its owner, as Doctor's documentation sets it.
    :param admin_password: of user ``admin``; random when None.
    :param member_password: of user ``demo``, member of project ``demo``.
    :raises ConfigError: a number is out of its range.
    """

    def __init__(self, *, hosts: int = 3, host: str = '127.0.0.1',
                 port: int = 0, latency_s: float = 0.0,
                 service_down_s: float = 8.0, build_s: float = 0.2,
                 token_lifetime_s: float = 3600.0, transport_url: str = '',
                 owner_sees_host_status: bool = True,
                 admin_password: str | None = None,
                 member_password: str | None = None) -> None:
        if not 1 <= hosts <= _MOST_HOSTS:
            raise ConfigError(f'An embedded cloud has 1 to {_MOST_HOSTS} '
                              f'hosts, not {hosts}.')
        if min(latency_s, service_down_s, build_s, token_lifetime_s) < 0:
            raise ConfigError('A time must not be negative.')
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
        self.compute_hosts = Hosts(_hosts(hosts), self._notifications,
                                   service_down_s)
        self._teller = Teller(self._notifications)
        self._aodh = aodh.Aodh(self._site, self._tokens.caller, self._deliver)
        self._notifications.listen(self._to_aodh)
        #: All that it serves.
        self.routes = self._serve(build_s, owner_sees_host_status)
        self._running = ExitStack()
        self._responders: Responders | None = None
        self._deliverer: Deliverer | None = None
        self._server = Server(
            self.routes, host=host, port=port, name='embedded-cloud',
            middlewares=[self._delay], max_body=_LARGEST_IMAGE)

    def _serve(self, build_s: float, owner_sees_host_status: bool
               ) -> list[Route]:
        """Put the services together."""
        site, caller = self._site, self._tokens.caller
        images = glance.Glance(site, caller)
        topology = Topology(self._notifications)
        plugging = Plugging(topology)
        compute = Compute(self.compute_hosts, plugging, self._teller, _later,
                          build_s)
        self._furnish(images, topology)
        apis = [
            keystone.Keystone(site, self._directory, self._tokens).api,
            nova.Nova(site, caller, self.compute_hosts, compute, plugging,
                      is_usable=images.is_usable,
                      owner_sees_host_status=owner_sees_host_status).api,
            neutron.Neutron(site, caller, topology).api,
            images.api,
            control.Control(site, caller, self.compute_hosts, self,
                            self._notifications).api,
        ]
        return self._aodh.routes + [
            route for api in apis for route in api.routes]

    def _furnish(self, images: glance.Glance, topology: Topology) -> None:
        """What an operator leaves for the tenants: an image, a network."""
        projects = {project['name']: project['id'] for project
                    in self._directory.projects.values()}
        images.add_ready('cirros', projects['admin'])
        network = topology.add_network(projects['demo'], {'name': 'private'})
        topology.add_subnet(projects['demo'], {
            'name': 'private-subnet', 'network_id': network['id'],
            'cidr': '192.168.0.0/20'})

    @property
    def url(self) -> str:
        """Where it is reached; valid once started."""
        return self._server.url

    @property
    def probe_port(self) -> int:
        """Where its hosts send datagrams back; valid once started."""
        return self._responders.port if self._responders else 0

    def start(self) -> str:
        """Serve; returns when it answers. Called once.

        :returns: the base URL.
        :raises ConfigError: an address or the transport URL cannot be used.
        """
        with ExitStack() as started:
            self._responders = Responders(
                {host.name: host.address for host in self.compute_hosts})
            started.callback(self._responders.stop)
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
        lines = ['clouds:']
        for cloud, user in (('doctor-embedded', 'admin'),
                            ('doctor-embedded-member', 'demo')):
            # A JSON text is a YAML text, whatever the password holds.
            password = json.dumps(self._passwords[user])
            lines += [
                f'  {cloud}:',
                '    auth:',
                f'      auth_url: {self.url}{keystone.PREFIX}/v3',
                f'      username: {user}',
                f'      password: {password}',
                f'      project_name: {user}',
                '      user_domain_id: default',
                '      project_domain_id: default',
                '    region_name: RegionOne',
                "    identity_api_version: '3'"]
        return '\n'.join(lines) + '\n'

    def on_notification(self, listener: Listener) -> None:
        """Have a callback told of every notification.

        It is called with the event type, the payload and the time, on the
        cloud's loop, and must not block.
        """
        self._notifications.listen(lambda notification: listener(
            notification.event_type, notification.payload, notification.at))

    def fail(self, host_name: str) -> float:
        """Let a host die; one that is dead stays so.

        :returns: when it fell silent, in seconds since the epoch.
        :raises NotFound: there is no host of that name.
        """
        host = self._host(host_name)
        return self._server.call(lambda: self.cut(host))

    def heal(self, host_name: str) -> None:
        """Bring a host back; its nova-compute starts anew.

        What Nova's administrators set (forced_down, error states) stays.

        :raises NotFound: there is no host of that name.
        """
        host = self._host(host_name)
        self._server.call(lambda: self.mend(host))

    def _to_aodh(self, notification: Notification) -> None:
        """What Ceilometer does between Nova and Aodh."""
        event = telemetry.to_event(notification.event_type,
                                   notification.payload, notification.at,
                                   notification.sender)
        if event is not None:
            self._aodh.take(event)

    def _deliver(self, action: str, notice: Notice) -> 'Future[None]':
        assert self._deliverer is not None
        return self._deliverer.deliver(action, notice)

    def _host(self, name: str) -> ComputeHost:
        host = self.compute_hosts.get(name)
        if host is None:
            raise NotFound(f'The embedded cloud has no host {name!r}.')
        return host

    def cut(self, host: ComputeHost) -> float:
        """As :meth:`fail`, on the cloud's loop."""
        assert self._responders is not None
        self._responders.silence(host.name)
        return self.compute_hosts.fail(host)

    def mend(self, host: ComputeHost) -> None:
        """As :meth:`heal`, on the cloud's loop."""
        assert self._responders is not None
        self.compute_hosts.heal(host)
        self._responders.restore(host.name)

    async def _delay(self, request: Request,
                     inner: Callable[[Request], Awaitable[Response]]
                     ) -> Response:
        if self.latency_s and not request.path.startswith(control.PREFIX):
            await asyncio.sleep(self.latency_s)
        response = await inner(request)
        response.headers = {**response.headers,
                            'x-openstack-request-id': f'req-{new_id()}'}
        return response


def _hosts(count: int) -> list[ComputeHost]:
    now = clock.now()
    return [ComputeHost(f'embedded-compute-{number}', f'127.77.0.{number}',
                        # The first numbers are those of the controllers.
                        number + 2, now)
            for number in range(1, count + 1)]


def _later(delay_s: float, function: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(delay_s, function)

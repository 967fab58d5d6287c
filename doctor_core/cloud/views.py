"""What Doctor reads of Nova and Neutron, in its own words."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from doctor_core.cloud import access, answers, endpoints, refusals, uptime
from doctor_core.cloud.rest import Rest
from doctor_core.exceptions import CloudError, NotFound
from doctor_core.model import (
    Aggregate,
    ComputeService,
    Host,
    Hypervisor,
    Port,
    Server,
)

LOG = logging.getLogger(__name__)

_COMPUTE = 'nova-compute'
_PORT_FIELDS = ('id', 'device_id', 'device_owner', 'project_id',
                'binding:host_id', 'data_plane_status')
#: uWSGI takes requests of 4 KiB, with the token, as it comes.
_SERVERS_OF_A_URL = 30
#: The microversion from which Nova shows a hypervisor's uptime with it.
_UPTIME_SHOWN = '2.88'


class Views(Rest):
    """Hosts, servers and ports, as one user sees them.

    Any thread may call; every method may block on the APIs. A listing is
    whole, or it is an error; but of a cell that is down, Nova leaves the
    servers out without a word: its compute services are ``unknown``.

    :param opened: the credentials.
    """

    def __init__(self, opened: access.Access) -> None:
        super().__init__(opened)
        self._data_plane_status: bool | None = None
        #: By the host of their service, as they were listed last.
        self._hypervisor_ids: dict[str, str] = {}

    def hosts(self) -> list[Host]:
        """All compute hosts by name, with their hypervisors' addresses."""
        return answers.hosts(self.compute_services(), self.hypervisors())

    def hypervisors(self) -> list[Hypervisor]:
        """What runs servers: one a host; with Ironic, one a machine."""
        with refusals.understood('GET compute /os-hypervisors/detail'):
            found = [answers.hypervisor(record) for record in self.listing(
                'compute', '/os-hypervisors/detail', 'hypervisors')]
        # Any of a host's serves: Nova asks the host's nova-compute.
        self._hypervisor_ids = {one.host: one.id for one in found}
        return found

    def aggregates(self) -> list[Aggregate]:
        """The host aggregates, as Nova lists them."""
        answer = self.get('compute', '/os-aggregates')
        with refusals.understood('GET compute /os-aggregates'):
            return [answers.aggregate(record)
                    for record in answer['aggregates']]

    def uptime_s(self, host: str) -> float | None:
        """Seconds for which the machine of a compute host has been up.

        Of whole minutes, as the hypervisor says. Nova asks nova-compute, and
        only while its service is up and not forced down.

        :param host: as its compute service names it.
        :returns: None while Nova does not ask it, or has no such host, and
            where the hypervisor does not tell.
        """
        for is_known in (True, False):
            hypervisor_id = self._hypervisor_ids.get(host)
            if hypervisor_id is None or not is_known:
                self.hypervisors()
                hypervisor_id = self._hypervisor_ids.get(host)
            if hypervisor_id is None:
                return None
            try:
                return uptime.seconds(self._uptime(hypervisor_id))
            except refusals.Gone:
                # It may have been registered anew, with another id.
                continue
        return None

    def _uptime(self, hypervisor_id: str) -> Any:
        path = f'/os-hypervisors/{quote(hypervisor_id, safe="")}'
        try:
            answer = self._hypervisor(path)
        except CloudError as error:
            # The service is down, or its driver does not tell.
            if error.status == 501 \
                    or error.status == 400 and not error.recoverable:
                return None
            raise
        with refusals.understood(f'GET compute {path}'):
            return answer['hypervisor'].get('uptime')

    def _hypervisor(self, path: str) -> Any:
        try:
            return self.send('GET', 'compute', path, headers=endpoints
                             .headers('compute', _UPTIME_SHOWN))
        except CloudError as error:
            if error.status != 406:
                raise
        return self.get('compute', f'{path}/uptime')

    def compute_services(self, host: str | None = None
                         ) -> list[ComputeService]:
        """The nova-compute services, of one host or of all; one that names
        none is no host's.
        """
        query = {'binary': _COMPUTE} | ({'host': host} if host else {})
        answer = self.get('compute', f'/os-services?{urlencode(query)}')
        with refusals.understood('GET compute /os-services'):
            services = [answers.compute_service(record)
                        for record in answer['services']]
        return [service for service in services if service.host]

    def servers(self, host: str | None = None) -> list[Server]:
        """The servers of all projects, on one host or on all."""
        query = [('all_tenants', '1')] + ([('host', host)] if host else [])
        with refusals.understood('GET compute /servers/detail'):
            servers = [answers.server(record) for record in self.listing(
                'compute', '/servers/detail', 'servers', query)]
        # Nova does not refuse the filter to whom it does not grant it.
        return [server for server in servers
                if host is None or server.host == host]

    def server(self, server_id: str) -> Server:
        """One server.

        :raises NotFound: it does not exist, or not for this user.
        """
        path = f'/servers/{quote(server_id, safe="")}'
        try:
            with refusals.understood(f'GET compute {path}'):
                return answers.server(self.get('compute', path)['server'])
        except refusals.Gone as error:
            raise NotFound(f'There is no server {server_id}') from error

    def ports(self, host: str | None = None) -> list[Port]:
        """The ports of servers, on one host or on all.

        :returns: none where Neutron keeps no data plane status for them.
        """
        if not self.has_data_plane_status():
            return []
        ports = self._ports([('binding:host_id', host)] if host else [])
        return [port for port in ports if host is None or port.host == host]

    def ports_of(self, server_ids: Iterable[str]) -> list[Port]:
        """The ports of some servers, asked for a few servers at a time.

        :returns: none where Neutron keeps no data plane status for them.
        """
        wanted = list(dict.fromkeys(server_ids))
        if not wanted or not self.has_data_plane_status():
            return []
        ports = [port for begin in range(0, len(wanted), _SERVERS_OF_A_URL)
                 for port in self._ports([
                     ('device_id', server_id) for server_id
                     in wanted[begin:begin + _SERVERS_OF_A_URL]])]
        return [port for port in ports if port.server_id in set(wanted)]

    def _ports(self, wanted: Sequence[tuple[str, str]]) -> list[Port]:
        query = [('fields', field) for field in _PORT_FIELDS]
        with refusals.understood('GET network /ports'):
            return answers.server_ports(self.listing(
                'network', '/ports', 'ports', [*query, *wanted]))

    def has_data_plane_status(self) -> bool:
        """Whether Neutron has the extension; asked once, else warned of."""
        if self._data_plane_status is None:
            self._data_plane_status = self._ask_data_plane_status()
            if not self._data_plane_status:
                LOG.warning('Neutron has no extension data-plane-status: '
                            'ports are left alone')
        return self._data_plane_status

    def _ask_data_plane_status(self) -> bool:
        try:
            self.get('network', '/extensions/data-plane-status')
        except refusals.Gone:
            return False
        return True

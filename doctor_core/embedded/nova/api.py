"""Nova's v2.1 API, put together."""

from collections.abc import Callable
from typing import Any

from doctor_core.embedded.neutron.plugging import Plugging
from doctor_core.embedded.nova import microversion
from doctor_core.embedded.nova.actions import Actions
from doctor_core.embedded.nova.aggregates import Aggregates
from doctor_core.embedded.nova.compute import Compute
from doctor_core.embedded.nova.flavors import Flavors
from doctor_core.embedded.nova.hosts import Hosts
from doctor_core.embedded.nova.hypervisors import Hypervisors
from doctor_core.embedded.nova.lifecycle import Lifecycle
from doctor_core.embedded.nova.quotas import Quotas
from doctor_core.embedded.nova.servers import IsUsable, Servers
from doctor_core.embedded.nova.services import Services
from doctor_core.embedded.nova.views import ServerView
from doctor_core.embedded.rest import Call, Caller, Site

PREFIX = '/compute'


class Nova:
    """Serves what Doctor, its scenarios and their clients ask of Nova.

    :param owner_sees_host_status: see :class:`ServerView`.
    :param is_usable: see :class:`Servers`.
    :param reclaim_s: see :class:`Servers`.
    """

    def __init__(self, site: Site,
                 authenticate: Callable[[str], Caller | None], hosts: Hosts,
                 compute: Compute, lifecycle: Lifecycle,
                 plugging: Plugging, *, owner_sees_host_status: bool,
                 is_usable: IsUsable, reclaim_s: float) -> None:
        api = microversion.NovaApi(site, PREFIX, authenticate,
                                   microversion.error)
        self.api = api
        for path in ('', '/'):
            api.add('GET', path, self._versions, public=True)
            api.add('GET', f'/v2.1{path}', lambda call: {
                'version': self._version()}, public=True)
        flavors = Flavors(api)
        quotas = Quotas(api, compute)
        servers = Servers(
            api, hosts, compute, lifecycle, flavors, quotas,
            ServerView(api, hosts, plugging, owner_sees_host_status),
            plugging, is_usable, reclaim_s)
        Actions(api, hosts, compute, lifecycle, servers, flavors)
        Services(api, hosts)
        Hypervisors(api, hosts, compute)
        Aggregates(api, hosts)

    def _version(self) -> dict[str, Any]:
        return {'id': 'v2.1', 'status': 'CURRENT',
                'version': f'2.{microversion.MOST}', 'min_version': '2.1',
                'updated': '2013-07-23T11:33:21Z',
                'links': [{'rel': 'self', 'href': f'{self.api.url}/v2.1/'}],
                'media-types': [{
                    'base': 'application/json', 'type':
                    'application/vnd.openstack.compute+json;version=2.1'}]}

    def _versions(self, _call: Call) -> dict[str, Any]:
        return {'versions': [self._version()]}

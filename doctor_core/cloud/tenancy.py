"""What a scenario needs in a cloud: made, used, and unmade again."""

import dataclasses
import ipaddress
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar
from urllib.parse import urlencode

from doctor_core import clock
from doctor_core.at_once import at_once
from doctor_core.cloud import answers, undoing
from doctor_core.cloud.client import Cloud
from doctor_core.cloud.refusals import Gone
from doctor_core.exceptions import CloudError, ConfigError
from doctor_core.model import Server
from doctor_core.wording import counted, few

T = TypeVar('T')
#: Told what is counted, how many there are, and of how many.
SoFar = Callable[[str, int, int], None]

_POLL_S = 0.2
#: The smallest that any hypervisor takes; nothing in it is ever run.
_IMAGE = bytes(4096)
_FLAVOR = {'vcpus': 1, 'ram': 64, 'disk': 1}


@dataclasses.dataclass(frozen=True)
class Member:
    """A user of a project, and the cloud as that user sees it."""

    user_id: str
    name: str
    password: str = dataclasses.field(repr=False)
    cloud: Cloud = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Mould:
    """What servers are made of, and in which project."""

    project_id: str
    flavor_id: str
    image_id: str
    network_id: str


class Tenancy:
    """Projects, users and servers that did not exist before.

    What exists already by its name is used and left. All methods block, and
    raise CloudError as :class:`Cloud` does.

    :param cloud: of an administrator.
    :param stack: gets the undos; they raise nothing.
    :param timeout_s: seconds to wait for servers to run, and for each thing
        to be gone.
    :param waiting: whose time counts, and how it is waited.
    :param so_far: told often how far something is: what is counted, how
        many there are, and of how many.
    """

    def __init__(self, cloud: Cloud, stack: ExitStack, *,
                 timeout_s: float = 120.0,
                 waiting: clock.Clock = clock.SYSTEM,
                 so_far: SoFar = lambda what, done, of: None) -> None:
        self._cloud = cloud
        self._stack = stack
        self._timeout_s = timeout_s
        self._clock = waiting
        self._so_far = so_far
        self._made = undoing.Made(stack, timeout_s=timeout_s,
                                  waiting=waiting)

    @property
    def leftovers(self) -> tuple[str, ...]:
        """What could not be undone, and why; known when all was tried."""
        return tuple(self._made.leftovers)

    def project(self, name: str) -> str:
        """The id of a project in which the administrator is admin, too."""
        domain = self._cloud.domain_id()
        project_id = self._made.ensure(
            f'project {name}',
            lambda: self._id('identity', '/projects', 'projects', name=name,
                             domain_id=domain),
            lambda: self._cloud.post('identity', '/projects', {'project': {
                'name': name, 'domain_id': domain}})['project']['id'],
            lambda found: self._cloud.delete('identity',
                                             f'/projects/{found}'))
        self.grant(self._cloud.user_id(), project_id, 'admin')
        return project_id

    def member(self, name: str, project_id: str, *, password: str = '',
               role: str = 'member') -> Member:
        """A user of a project; closed when the stack is unwound.

        :param password: of a user who exists; a new one gets a random one.
        :raises ConfigError: the user exists, and no password is given.
        """
        domain = self._cloud.domain_id()

        def find() -> str | None:
            return self._id('identity', '/users', 'users', name=name,
                            domain_id=domain)

        if find() and not password:
            raise ConfigError(
                f'The user {name} exists already: name another, or delete '
                'it, or say its password.')
        password = password or secrets.token_urlsafe(24)
        user_id = self._made.ensure(
            f'user {name}', find,
            lambda: self._cloud.post('identity', '/users', {'user': {
                'name': name, 'domain_id': domain, 'password': password}}
            )['user']['id'],
            lambda found: self._cloud.delete('identity', f'/users/{found}'))
        self.grant(user_id, project_id, role)
        seen = self._cloud.as_user(user_id, password, project_id)
        self._stack.callback(seen.close)
        return Member(user_id, name, password, seen)

    def grant(self, user_id: str, project_id: str, role: str) -> None:
        """Give a user a role in a project."""
        role_id = self._made.ensure(
            f'role {role}',
            lambda: self._id('identity', '/roles', 'roles', name=role),
            lambda: self._cloud.post('identity', '/roles', {'role': {
                'name': role}})['role']['id'],
            lambda found: self._cloud.delete('identity', f'/roles/{found}'))
        place = f'/projects/{project_id}/users/{user_id}/roles'

        def find() -> str | None:
            roles = self._absent_is_empty('identity', place, 'roles')
            return next((held['id'] for held in roles
                         if held['id'] == role_id), None)

        self._made.ensure(
            f'role {role} of user {user_id} in project {project_id}', find,
            lambda: self._cloud.put('identity',
                                    f'{place}/{role_id}') or role_id,
            lambda found: self._cloud.delete('identity', f'{place}/{found}'))

    def flavor(self, name: str) -> str:
        """The id of a flavor, the smallest there can be."""
        def find() -> str | None:
            return next((record['id'] for record in self._cloud.listing(
                'compute', '/flavors', 'flavors', [('is_public', 'None')])
                if record['name'] == name), None)

        return self._made.ensure(
            f'flavor {name}', find,
            lambda: self._cloud.post('compute', '/flavors', {'flavor': {
                'name': name, **_FLAVOR}})['flavor']['id'],
            lambda found: self._cloud.delete('compute', f'/flavors/{found}'))

    def image(self, name: str, project_id: str) -> str:
        """The id of an image of a few KiB that belongs to a project."""
        def make() -> str:
            image = self._cloud.post('image', '/images', {
                'name': name, 'disk_format': 'raw',
                'container_format': 'bare', 'visibility': 'private'},
                project_id=project_id)
            self._cloud.send(
                'PUT', 'image', f'/images/{image["id"]}/file', _IMAGE,
                project_id=project_id,
                headers={'Content-Type': 'application/octet-stream'})
            return str(image['id'])

        return self._made.ensure(
            f'image {name}',
            lambda: self._id('image', '/images', 'images', name=name,
                             owner=project_id),
            make,
            lambda found: self._cloud.delete('image', f'/images/{found}'))

    def network(self, name: str, project_id: str, *,
                cidr: str = '192.0.2.0/24', room: int = 0) -> str:
        """The id of a project's network, with an IPv4 subnet without DHCP.

        :param cidr: the addresses of the subnet, if it has to be made.
        :param room: for how many servers it has to have addresses.
        :raises ConfigError: it has not, or is no subnet.
        """
        def make_subnet() -> str:
            _check_room(cidr, room)
            return str(self._cloud.post('network', '/subnets', {'subnet': {
                'name': name, 'network_id': network_id, 'cidr': cidr,
                'ip_version': 4, 'enable_dhcp': False, 'gateway_ip': None,
                'project_id': project_id}})['subnet']['id'])

        network_id = self._made.ensure(
            f'network {name}',
            lambda: self._id('network', '/networks', 'networks', name=name,
                             project_id=project_id),
            lambda: self._cloud.post('network', '/networks', {'network': {
                'name': name, 'project_id': project_id}})['network']['id'],
            lambda found: self._cloud.delete('network',
                                             f'/networks/{found}'))
        self._made.ensure(
            f'subnet of network {name}',
            lambda: self._id('network', '/subnets', 'subnets',
                             network_id=network_id),
            make_subnet,
            lambda found: self._cloud.delete('network', f'/subnets/{found}'))
        return network_id

    def boot(self, names: Sequence[str], host: str, mould: Mould
             ) -> list[Server]:
        """New servers on a host of our choice; waits until they are ACTIVE.

        Nova takes ``host`` from 2.74 on, from an administrator.

        :returns: in the order of the names.
        :raises CloudError: one ended in error, or on another host.
        :raises DeadlineExceeded: they did not run in time.
        """
        present = frozenset(
            record['id'] for record in self._servers_of(mould.project_id))
        self._allow(mould.project_id, len(present) + len(names))
        self._made.undo_later(
            f'servers {few(names)}',
            lambda: self._unbooted(names, mould, present))
        asked = self._at_once('servers are asked for', lambda name: str(
            self._cloud.post('compute', '/servers', {'server': {
                'name': name, 'host': host, 'flavorRef': mould.flavor_id,
                'imageRef': mould.image_id,
                'networks': [{'uuid': mould.network_id}]}},
                project_id=mould.project_id)['server']['id']), names)
        running = clock.wait_for(
            lambda: self._running(mould.project_id, asked),
            clock.Deadline(self._timeout_s, self._clock), interval_s=_POLL_S,
            what=f'{counted(len(names), "server")} on {host} to be ACTIVE')
        elsewhere = [server.name for server in running
                     if server.host != host]
        if elsewhere:
            raise CloudError(f'Not on {host}: {few(elsewhere)}')
        return running

    def _servers_of(self, project_id: str) -> Iterator[Mapping[str, Any]]:
        return self._cloud.listing('compute', '/servers/detail', 'servers',
                                   project_id=project_id)

    def _running(self, project_id: str, server_ids: Sequence[str]
                 ) -> list[Server]:
        """All of them once all are ACTIVE; until then, none."""
        records = {record['id']: record
                   for record in self._servers_of(project_id)}
        for server_id in server_ids:
            record = records.get(server_id, {})
            if record.get('status') == 'ERROR':
                why = (record.get('fault') or {}).get('message', 'no reason')
                raise CloudError(
                    f'Server {record["name"]} ended in error: {why}')
        running = [server_id for server_id in server_ids
                   if records.get(server_id, {}).get('status') == 'ACTIVE']
        self._so_far('servers run', len(running), len(server_ids))
        if len(running) < len(server_ids):
            return []
        return [answers.server(records[server_id])
                for server_id in server_ids]

    def _unbooted(self, names: Sequence[str], mould: Mould,
                  present: frozenset[str]) -> bool:
        """Ask for the deletion of what is left; whether nothing is."""
        ours = frozenset(names)
        left = [record['id'] for record in self._servers_of(mould.project_id)
                if record['name'] in ours and record['id'] not in present]
        self._at_once(
            'servers are deleted', lambda server_id: undoing.delete_or_wait(
                lambda found: self._cloud.delete('compute',
                                                 f'/servers/{found}'),
                server_id), left)
        return not left

    def _at_once(self, what: str, ask: Callable[[str], T],
                 names: Sequence[str]) -> list[T]:
        """As :func:`at_once`; tells how far it is.

        :param what: what is counted.
        """
        return at_once(ask, names, lambda answered: self._so_far(
            what, answered, len(names)))

    def _allow(self, project_id: str, servers: int) -> None:
        """Raise a project's quota where it is too low for so many."""
        path = f'/os-quota-sets/{project_id}'
        try:
            quota = self._cloud.get('compute', path)['quota_set']
        except Gone:
            return
        needed = {'instances': servers, 'cores': servers * _FLAVOR['vcpus'],
                  'ram': servers * _FLAVOR['ram']}
        before = {name: quota[name] for name, value in needed.items()
                  if 0 <= quota.get(name, -1) < value}
        if not before:
            return
        self._made.undo_later(
            f'quota of project {project_id}',
            lambda: self._cloud.put('compute', path, {'quota_set': before}))
        self._cloud.put('compute', path, {'quota_set': {
            name: needed[name] for name in before}})

    def _id(self, service_type: str, path: str, key: str, **query: str
            ) -> str | None:
        """The id of what a query finds; None without it."""
        found = self._cloud.get(service_type, f'{path}?{urlencode(query)}')
        return found[key][0]['id'] if found[key] else None

    def _absent_is_empty(self, service_type: str, path: str, key: str
                         ) -> list[Mapping[str, Any]]:
        try:
            return self._cloud.get(service_type, path)[key]
        except Gone:
            return []


def _check_room(cidr: str, servers: int) -> None:
    """Not after minutes of booting, but before."""
    try:
        block = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise ConfigError(f'{cidr!r} is no IPv4 subnet: {error}.') from None
    room = block.num_addresses - 2
    if room < servers:
        raise ConfigError(f'{cidr} has addresses for '
                          f'{counted(max(room, 0), "server")}, '
                          f'not for {servers}: name a larger subnet.')

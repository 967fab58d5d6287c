"""What makes a user of Keystone a service: the user, its role, the service in
the catalogue and its endpoints, as things that are found, made and deleted.

API: Keystone's Identity API v3.
"""

import dataclasses
import os
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import yaml

from doctor_core.cloud import Cloud
from doctor_core.exceptions import CloudError, ConfigError
from doctor_core.runner import Runner

#: What clients look for in the catalogue. The service types authority has no
#: type for fault management; this one follows its form.
SERVICE_TYPE = 'fault-management'
#: The cloud of that file.
CLOUD = 'doctor'
_ROLE = 'admin'
_INTERFACES = ('public', 'internal', 'admin')
#: By this description, another machine knows what Doctor made.
_MARK = 'Fault management; made by "doctor install", which undoes it'
#: What bears it; the rest goes with these.
MARKED = frozenset({'user', 'service'})


@dataclasses.dataclass(frozen=True)
class Wish:
    """Who Doctor is to be.

    :ivar project: the project of the service users, which exists.
    :ivar password: empty for a random one.
    :ivar url: where the inspector's API is reached.
    :ivar folder: where the record of what was made is kept, and a
        ``doctor-clouds.yaml`` with the password, which only its owner may
        read.
    """

    user: str
    project: str
    password: str = dataclasses.field(repr=False)
    url: str
    folder: str

    @property
    def clouds_file(self) -> str:
        """Where the password is."""
        return os.path.join(self.folder, 'doctor-clouds.yaml')


@dataclasses.dataclass(frozen=True)
class Part:
    """One thing in Keystone.

    :ivar find: its id when it is there as it has to be.
    :ivar make: makes it, or makes it so; returns its id.
    """

    key: str
    words: str
    find: Callable[[], str | None]
    make: Callable[[], str]
    delete: Callable[[str], Any]


class Keystone:
    """The parts, as one Keystone has them; all methods block on it.

    :param cloud: of an administrator.
    :param runner: of this machine.
    """

    def __init__(self, cloud: Cloud, wish: Wish, runner: Runner) -> None:
        self._cloud = cloud
        self._wish = wish
        self._runner = runner

    def parts(self) -> list[Part]:
        """All of them, in the order in which they need each other.

        :raises ConfigError: the project or the role does not exist.
        """
        project_id = self._id('project', name=self._wish.project,
                              domain_id=self._cloud.domain_id())
        role_id = self._id('role', name=_ROLE)
        if not (project_id and role_id):
            raise ConfigError(
                f'Keystone has no project {self._wish.project} or no role '
                f'{_ROLE}: set [installer] service_project.')
        return [self._user(project_id), self._role(role_id, project_id),
                self._service(), *map(self._endpoint, _INTERFACES)]

    def own(self, part: Part) -> str | None:
        """The id of a part that is there, unless it is somebody else's."""
        found = part.find()
        if found and part.key in MARKED:
            entity = self._get(f'/{part.key}s/{found}')[part.key]
            if entity.get('description') != _MARK:
                return None
        return found

    def _user_id(self) -> str | None:
        return self._id('user', name=self._wish.user,
                        domain_id=self._cloud.domain_id())

    def _user(self, project_id: str) -> Part:
        def make() -> str:
            password = self._wish.password or secrets.token_urlsafe(24)
            # Before the user: nobody could find its password out.
            self._keep_password(password)
            return self._post('user', {
                'name': self._wish.user,
                'domain_id': self._cloud.domain_id(),
                'default_project_id': project_id, 'password': password,
                'description': _MARK})

        return Part('user', f'user {self._wish.user}', self._user_id, make,
                    lambda found: self._delete(f'/users/{found}'))

    def _role(self, role_id: str, project_id: str) -> Part:
        def place() -> str:
            return f'/projects/{project_id}/users/{self._user_id()}/roles'

        def find() -> str | None:
            held = self._get(place())['roles'] if self._user_id() else []
            return next((role['id'] for role in held
                         if role['id'] == role_id), None)

        def make() -> str:
            self._cloud.put('identity', f'{place()}/{role_id}')
            return role_id

        return Part(
            'role', f'role {_ROLE} of user {self._wish.user} in project '
            f'{self._wish.project}', find, make,
            lambda found: self._delete(f'{place()}/{found}'))

    def _service_id(self) -> str | None:
        return self._id('service', type=SERVICE_TYPE)

    def _service(self) -> Part:
        return Part(
            'service', f'service {CLOUD} of type {SERVICE_TYPE}',
            self._service_id, lambda: self._post('service', {
                'name': CLOUD, 'type': SERVICE_TYPE, 'description': _MARK}),
            lambda found: self._delete(f'/services/{found}'))

    def _endpoint(self, interface: str) -> Part:
        url = self._wish.url

        def present() -> dict[str, Any] | None:
            service_id = self._service_id()
            found = self._list('endpoint', service_id=service_id,
                               interface=interface) if service_id else []
            return next((one for one in found
                         if one.get('region_id') == self._region()), None)

        def find() -> str | None:
            there = present()
            return there['id'] if there and there['url'] == url else None

        def make() -> str:
            there = present()
            if not there:
                return self._post('endpoint', {
                    'service_id': self._service_id(), 'url': url,
                    'interface': interface, 'region_id': self._region()})
            service = self._get(f'/services/{there["service_id"]}')
            if service['service'].get('description') != _MARK:
                raise ConfigError(
                    f'The {interface} endpoint of {SERVICE_TYPE} is '
                    f'{there["url"]}, and not made by Doctor: set '
                    f'[installer] service_url to it, or delete it.')
            self._cloud.send('PATCH', 'identity', f'/endpoints/{there["id"]}',
                             {'endpoint': {'url': url}})
            return str(there['id'])

        return Part(f'{interface} endpoint', f'{interface} endpoint {url}',
                    find, make,
                    lambda found: self._delete(f'/endpoints/{found}'))

    def _region(self) -> str | None:
        """The region of the credentials, else the only one there is.

        :raises ConfigError: there are several.
        """
        named = self._cloud.region_name()
        if named:
            return named
        regions = [region['id'] for region in self._list('region')]
        if len(regions) > 1:
            raise ConfigError('Which region is Doctor\'s? Set region_name in '
                              f'[cloud] to one of {", ".join(regions)}.')
        return regions[0] if regions else None

    def _keep_password(self, password: str) -> None:
        domain_id = self._cloud.domain_id()
        clouds = {'clouds': {CLOUD: {
            'auth': {'auth_url': self._cloud.auth_url(),
                     'username': self._wish.user, 'password': password,
                     'project_name': self._wish.project,
                     'user_domain_id': domain_id,
                     'project_domain_id': domain_id},
            **({'region_name': region} if (region := self._region())
               else {})}}}
        self._runner.mkdir(self._wish.folder)
        self._runner.put(self._wish.clouds_file,
                         yaml.safe_dump(clouds).encode(), mode=0o600)

    # Keystone's API.

    def _id(self, kind: str, **query: str) -> str | None:
        found = self._list(kind, **query)
        return str(found[0]['id']) if found else None

    def _list(self, kind: str, **query: str) -> list[dict[str, Any]]:
        return list(self._get(f'/{kind}s?{urlencode(query)}')[f'{kind}s'])

    def _get(self, path: str) -> Any:
        return self._cloud.get('identity', path)

    def _post(self, kind: str, body: dict[str, Any]) -> str:
        answer = self._cloud.post('identity', f'/{kind}s', {kind: body})
        return str(answer[kind]['id'])

    def _delete(self, path: str) -> None:
        """Delete what may be gone already."""
        try:
            self._cloud.delete('identity', path)
        except CloudError as error:
            # One that may pass is of something before Keystone.
            if error.status != 404 or error.recoverable:
                raise

"""Cloud: the calls that Doctor makes, in its own words."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from doctor_core.cloud import access, answers, endpoints, refusals, tokens
from doctor_core.cloud.corrections import Corrector
from doctor_core.cloud.rest import Rest
from doctor_core.exceptions import CloudError, ConfigError, NotFound
from doctor_core.model import (
    ComputeService,
    Correction,
    Host,
    Port,
    Server,
    StateChange,
)

LOG = logging.getLogger(__name__)

_COMPUTE = 'nova-compute'
_PORT_FIELDS = ('id', 'device_id', 'device_owner', 'project_id',
                'binding:host_id', 'data_plane_status')
#: What an operator has to change when Nova refuses, by status.
_HINTS = {
    401: 'Nova does not take Keystone\'s token: do both belong to one cloud?',
    403: 'Doctor has to see all hosts and servers: give its user the role '
         'admin.',
    406: 'Doctor needs compute microversion '
         f'{endpoints.COMPUTE_MICROVERSION} (Train or later).',
}


class Cloud(Rest):
    """An OpenStack, seen by one user of it.

    Any thread may call; every method may block on the APIs, each request
    for [cloud] request_timeout_s at the most, unless it says otherwise.
    Beside what is written there, methods raise CloudError: ``recoverable``
    when nobody answered or the same may succeed later.

    :param opened: the credentials.
    :param concurrency: corrections asked of one service at a time.
    :param timeout_s: seconds for one request.
    :param retry_for_s: seconds for which a correction is tried.
    """

    def __init__(self, opened: access.Access, *, concurrency: int = 50,
                 timeout_s: float = 30.0, retry_for_s: float = 60.0) -> None:
        super().__init__(opened)
        self._limits: Mapping[str, Any] = {
            'concurrency': concurrency, 'timeout_s': timeout_s,
            'retry_for_s': retry_for_s}
        self._corrector = Corrector(opened, **self._limits)
        self._tokens = tokens.TokenCache(self._ask_token)
        self._data_plane_status: bool | None = None

    @classmethod
    def from_conf(cls, conf: Any) -> 'Cloud':
        """The cloud that [cloud] means; nothing is asked of it yet.

        [cloud] name is one of clouds.yaml; else keystoneauth's own options
        in [cloud] count; else the OS_* variables of the environment.

        :raises ConfigError: which cloud is meant is not or wrongly said.
        """
        options = conf.cloud
        return cls(access.from_conf(conf), concurrency=options.concurrency,
                   timeout_s=options.request_timeout_s,
                   retry_for_s=options.retry_for_s)

    @classmethod
    def named(cls, clouds_yaml_path: str, name: str, *,
              concurrency: int = 50, timeout_s: float = 30.0,
              retry_for_s: float = 60.0) -> 'Cloud':
        """A cloud of a clouds.yaml; the environment does not count.

        :raises ConfigError: the file cannot be read or has no such cloud.
        """
        return cls(access.named(clouds_yaml_path, name, timeout_s=timeout_s),
                   concurrency=concurrency, timeout_s=timeout_s,
                   retry_for_s=retry_for_s)

    def as_user(self, user_id: str, password: str, project_id: str
                ) -> 'Cloud':
        """The same cloud, seen by another user; close it, too."""
        return Cloud(self._access.as_user(user_id, password, project_id),
                     **self._limits)

    def check(self) -> None:
        """Authenticate, reach Nova the way corrections do, and stay warm.

        :raises ConfigError: the credentials, the catalogue, the rights or
            Nova's age do not allow Doctor's work; what to change.
        :raises CloudError: recoverable when it may work later.
        """
        try:
            self._corrector.warm()
            # Small in a cloud of any size, and for administrators only.
            self._corrector.get('compute', '/servers?all_tenants=1&limit=1')
        except refusals.Misconfigured as error:
            raise ConfigError(str(error)) from error
        except CloudError as error:
            hint = _HINTS.get(error.status)
            if hint is None:
                raise
            raise ConfigError(f'{error}. {hint}') from error

    def hosts(self) -> list[Host]:
        """All compute hosts by name, with their hypervisors' addresses."""
        services = self.compute_services()
        with refusals.understood('GET compute /os-hypervisors/detail'):
            return answers.hosts(services, self.listing(
                'compute', '/os-hypervisors/detail', 'hypervisors'))

    def compute_services(self, host: str | None = None
                         ) -> list[ComputeService]:
        """The nova-compute services, of one host or of all."""
        query = {'binary': _COMPUTE} | ({'host': host} if host else {})
        answer = self.get('compute', f'/os-services?{urlencode(query)}')
        with refusals.understood('GET compute /os-services'):
            return [answers.compute_service(record)
                    for record in answer['services']]

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
        except CloudError as error:
            if error.status == 404:
                raise NotFound(f'There is no server {server_id}') from error
            raise

    def ports(self, host: str | None = None) -> list[Port]:
        """The ports of servers, on one host or on all.

        :returns: none where Neutron keeps no data plane status for them.
        """
        if not self.has_data_plane_status():
            return []
        query = [('fields', field) for field in _PORT_FIELDS]
        if host:
            query.append(('binding:host_id', host))
        with refusals.understood('GET network /ports'):
            ports = answers.server_ports(
                self.listing('network', '/ports', 'ports', query))
        return [port for port in ports if host is None or port.host == host]

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
        except CloudError as error:
            if error.status != 404:
                raise
            return False
        return True

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        """Make corrections at the same time; returns when each has an
        outcome.

        Services are forced down first, then servers reset, then ports set.
        What may pass (no answer, 409, 429, 5xx) is tried again for [cloud]
        retry_for_s, with growing pauses; one correction that fails stops no
        other. A server or port that is gone counts as done. Nothing is
        raised for what the cloud says; it is in the outcomes. Nova's 400 to
        taking back a force-down, before nova-compute was restarted on a host
        that was evacuated, is one of them at once.

        :param corrections: may be of several hosts.
        :param done: called with each as soon as it has its outcome, from
            the loop's thread; must not block.
        :returns: the outcomes, in the order of the corrections.
        :raises CloudError: the cloud was closed meanwhile.
        :raises ConfigError: the TLS files cannot be used.
        """
        return self._corrector.correct(corrections, done)

    def validate_token(self, token: str) -> tokens.TokenInfo:
        """Who shows a token; answers are believed for half a minute.

        :raises NotFound: it is not valid, or no longer.
        """
        return self._tokens.info(token)

    def _ask_token(self, token: str) -> tokens.TokenInfo:
        try:
            with refusals.understood('GET identity /auth/tokens'):
                return tokens.token_info(self.send(
                    'GET', 'identity', '/auth/tokens?nocatalog',
                    headers={'X-Subject-Token': token}))
        except CloudError as error:
            if error.status == 404:
                raise NotFound('The token is not valid') from error
            raise

    def token(self) -> str:
        """The credentials' own token, to show to another service."""
        return str(self._access.token().auth_token)

    def project_id(self) -> str:
        """The project of the credentials; empty when they are for none."""
        return self._access.token().project_id or ''

    def user_id(self) -> str:
        """The user of the credentials."""
        return str(self._access.token().user_id)

    def domain_id(self) -> str:
        """The domain of the credentials' project, else of their user."""
        info = self._access.token()
        return str(info.project_domain_id or info.user_domain_id)

    def region_name(self) -> str:
        """The region that is meant; empty when none is named."""
        return self._access.region_name or ''

    def auth_url(self) -> str:
        """Where Keystone takes credentials."""
        return self._access.auth_url()

    def close(self) -> None:
        """End what is under way and close all connections; idempotent."""
        self._corrector.close()
        self._access.close()

"""Cloud: the calls that Doctor makes, in its own words."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from oslo_config import cfg

from doctor_core.cloud import (
    access,
    credentials,
    endpoints,
    refusals,
    tokens,
)
from doctor_core.cloud.corrections import Corrector
from doctor_core.cloud.finding import Failed
from doctor_core.cloud.views import Views
from doctor_core.exceptions import CloudError, ConfigError
from doctor_core.model import (
    Correction,
    Port,
    Server,
    StateChange,
)

#: What an operator has to change when Nova refuses, by status.
_HINTS = {
    401: 'Nova does not take Keystone\'s token: do both belong to one cloud?',
    403: 'Doctor has to see all hosts and servers: give its user the role '
         'admin.',
    406: 'Doctor needs compute microversion '
         f'{endpoints.COMPUTE_MICROVERSION} (Train or later).',
}

#: How [cloud] is corrected.
CLOUD_OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'concurrency', default=100, min=1,
        help='How many corrections are asked of Nova, and as many of '
             'Neutron, at a time, at the most. How many there are is found: '
             'at first 20, more while answers come no slower, fewer when '
             'they do. Marks of hosts may be four more, and what is not '
             'answered for 5 s counts no more.'),
    cfg.FloatOpt(
        'retry_for_s', default=60.0, min=0.0,
        help='Seconds for which a correction is tried again that failed '
             'for a reason that may pass.'),
]


class Cloud(Views):
    """An OpenStack, seen by one user of it.

    Any thread may call; every method may block on the APIs, each request
    for [cloud] request_timeout_s at the most, unless it says otherwise.
    Beside what is written there, methods raise CloudError: ``recoverable``
    when nobody answered or the same may succeed later.

    :param opened: the credentials.
    :param concurrency: requests to one service at a time, at the most; how
        many there are is found.
    :param timeout_s: seconds for one request.
    :param retry_for_s: seconds for which a correction is tried.
    """

    def __init__(self, opened: access.Access, *, concurrency: int = 100,
                 timeout_s: float = 30.0, retry_for_s: float = 60.0) -> None:
        super().__init__(opened)
        self._limits: Mapping[str, Any] = {
            'concurrency': concurrency, 'timeout_s': timeout_s,
            'retry_for_s': retry_for_s}
        self._corrector = Corrector(opened, **self._limits)
        self._tokens = tokens.TokenCache(
            functools.partial(tokens.asked, self.send))

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> 'Cloud':
        """The cloud that [cloud] means; nothing is asked of it yet.

        [cloud] name is one of clouds.yaml; else keystoneauth's own options
        in [cloud] count; else the OS_* variables of the environment.

        :raises ConfigError: which cloud is meant is not or wrongly said.
        """
        options = conf.cloud
        return cls(credentials.from_conf(conf),
                   concurrency=options.concurrency,
                   timeout_s=options.request_timeout_s,
                   retry_for_s=options.retry_for_s)

    @classmethod
    def named(cls, clouds_yaml_path: str, name: str, *,
              concurrency: int = 100, timeout_s: float = 30.0,
              retry_for_s: float = 60.0) -> 'Cloud':
        """A cloud of a clouds.yaml; the environment does not count.

        :raises ConfigError: the file cannot be read or has no such cloud.
        """
        return cls(credentials.named(clouds_yaml_path, name,
                                     timeout_s=timeout_s),
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

    def find_servers(self, server_ids: Iterable[str],
                     failed: Failed | None = None
                     ) -> dict[str, Server | None]:
        """Some servers by their ids, each asked for, several at a time.

        :param failed: called with each of which that is not known, and why;
            the others have the time of one more request then.
        :returns: all of them, but for those; None for what does not exist,
            or not for this user.
        :raises CloudError: of one of them, that is not known, and nobody
            wants to be told.
        """
        return self._corrector.find_servers(server_ids, failed)

    def find_ports(self, port_ids: Iterable[str],
                   failed: Failed | None = None) -> dict[str, Port | None]:
        """Some ports by their ids; as :meth:`find_servers`."""
        return self._corrector.find_ports(port_ids, failed)

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        """Make corrections at the same time; returns when each has an
        outcome.

        Each host by itself: its service is forced down first; its servers
        follow when that is answered, or after 50 ms; a port when its server
        (``server_id``) is answered, one that names none after all servers.
        A correction counts as made when Nova or Neutron itself said so, or
        that the server or port is gone. What may pass (no answer, 409, 429,
        5xx, an answer of something between) is tried again for [cloud]
        retry_for_s, with growing pauses; one correction that fails stops no
        other. One without an id fails and is not sent. Nothing is
        raised for what the cloud says; it is in the outcomes. Nova's 400 to
        taking back a force-down, before nova-compute was restarted on a host
        that was evacuated, is one of them at once.

        :param corrections: may be of several hosts.
        :param done: called with each as soon as it has its outcome, from
            the loop's thread; must not block.
        :returns: the outcomes, in the order of the corrections.
        :raises CloudError: the cloud was closed, meanwhile or before.
        :raises ConfigError: the TLS files cannot be used.
        """
        return self._corrector.correct(corrections, done)

    def renew(self) -> str:
        """Read the TLS files anew for whoever connects from now on; what is
        under way goes on. Those that have changed are read anyway.

        :returns: the files; empty when there are none, or none were read
            yet.
        :raises ConfigError: they cannot be used, and those of before are.
        """
        return self._corrector.renew()

    def validate_token(self, token: str) -> tokens.TokenInfo:
        """Who shows a token; answers are believed for half a minute.

        :raises NotFound: it is not valid, or no longer.
        """
        return self._tokens.info(token)

    def known_token(self, token: str) -> tokens.TokenInfo | None:
        """The same for a token of which it is known; never blocks."""
        return self._tokens.known(token)

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
        """End what is under way, with CloudError for those who wait, and
        close all connections; idempotent.
        """
        self.abandon()
        self._corrector.close()
        self._access.close()

"""Credentials to a session: how a cloud is opened, and its token kept."""

import dataclasses
import logging
import os
import ssl
from collections.abc import Callable
from typing import Any

from doctor_core.cloud import endpoints, refusals
from doctor_core.exceptions import CloudError, ConfigError

LOG = logging.getLogger(__name__)

_GROUP = 'cloud'
#: Threads that may ask at the same time without making new connections.
_POOL = 32


def _no_override(_service_type: str) -> str | None:
    return None


@dataclasses.dataclass(frozen=True)
class Access:
    """A keystoneauth session, and which endpoints are meant.

    :ivar interface: public, internal or admin; or several by preference.
    :ivar override: the endpoint that the operator set by hand for a service
        type, or None.
    """

    session: Any
    region_name: str | None
    interface: Any
    override: Callable[[str], str | None] = _no_override

    def endpoint(self, service_type: str, info: Any = None) -> str:
        """Where the catalogue has a service; may block on Keystone.

        :param info: a token whose catalogue it is; else the present one's.
        :raises CloudError: the catalogue does not have it.
        """
        service_type = endpoints.official(service_type)
        found = self.override(service_type)
        if found:
            return found
        catalogue = (info or self.token()).service_catalog
        # Only the catalogue's own words: no discovery requests.
        with refusals.translated(f'Looking for {service_type}'):
            return str(catalogue.url_for(
                service_type=service_type, interface=self.interface,
                region_name=self.region_name))

    def token(self, refused: str = '') -> Any:
        """The present token, with what Keystone says of it; may block.

        keystoneauth renews a token that has less than 2 minutes left.

        :param refused: a token that a service did not take: not that one.
        :returns: a ``keystoneauth1.access.AccessInfo``.
        :raises CloudError: the credentials are refused, or Keystone cannot
            be asked.
        """
        auth = self.session.auth
        present = auth.auth_ref
        if refused and present and present.auth_token == refused:
            auth.invalidate()
        with refusals.translated('Asking Keystone for a token'):
            return auth.get_access(self.session)

    def is_fresh(self) -> bool:
        """Whether there is a token that serves for another minute."""
        present = self.session.auth.auth_ref
        return present is not None and not present.will_expire_soon(60)

    def tls(self) -> ssl.SSLContext:
        """How the session verifies its peers, for the other HTTP client.

        :raises ConfigError: a file cannot be used.
        """
        from doctor_core.web import client as web_client
        verify, cert = self.session.verify, self.session.cert
        certfile, keyfile = cert if isinstance(cert, tuple) \
            else (cert or '', '')
        context = web_client.tls_context(
            cafile=verify if isinstance(verify, str) else '',
            certfile=certfile, keyfile=keyfile or '')
        if verify is False:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def with_auth(self, auth: Any) -> 'Access':
        """The same cloud for somebody else; connections are shared."""
        from keystoneauth1 import session
        mine = self.session
        return dataclasses.replace(self, session=session.Session(
            auth=auth, session=mine.session, verify=mine.verify,
            cert=mine.cert, timeout=mine.timeout))

    def auth_url(self) -> str:
        """Where Keystone takes credentials."""
        configured = getattr(self.session.auth, 'auth_url', None)
        return str(configured) if configured else endpoints.url(
            'identity', self.endpoint('identity'), '')

    def in_project(self, project_id: str) -> 'Access':
        """The same user in another project, by the present token."""
        from keystoneauth1 import identity
        return self.with_auth(identity.Token(
            auth_url=self.auth_url(), token=self.token().auth_token,
            project_id=project_id))

    def as_user(self, user_id: str, password: str, project_id: str
                ) -> 'Access':
        """Another user of the same cloud."""
        from keystoneauth1 import identity
        return self.with_auth(identity.Password(
            auth_url=self.auth_url(), user_id=user_id, password=password,
            project_id=project_id))

    def close(self) -> None:
        """Close the connections; others of this cloud use the same."""
        self.session.close()


def from_conf(conf: Any) -> Access:
    """The cloud that [cloud] of the configuration means.

    :raises ConfigError: it means none, or not enough is said of it.
    """
    options = conf.cloud
    if options.clouds_file:
        return named(options.clouds_file, options.name,
                     timeout_s=options.request_timeout_s,
                     region_name=options.region_name,
                     interface=options.interface)
    if options.name:
        return _from_clouds_yaml(options.name, options)
    if _has_credentials(conf):
        return _from_options(conf)
    if any(name in os.environ
           for name in ('OS_CLOUD', 'OS_AUTH_URL', 'OS_CLOUD_NAME')):
        return _from_clouds_yaml(None, options)
    raise ConfigError(
        'No cloud is configured: set name (a cloud of clouds.yaml) or '
        'auth_url, username, password, ... in [cloud], or OS_CLOUD or '
        'OS_AUTH_URL, ... in the environment.')


def credential_opts() -> list[Any]:
    """keystoneauth's own options of [cloud], as oslo.config options.

    Those of a user with a password; another auth_type has others.
    """
    from keystoneauth1 import loading
    return [*loading.get_auth_common_conf_options(),
            *loading.get_session_conf_options(),
            *loading.get_auth_plugin_conf_options('password')]


def _has_credentials(conf: Any) -> bool:
    from keystoneauth1 import loading
    loading.register_auth_conf_options(conf, _GROUP)
    if conf.cloud.auth_type or conf.cloud.auth_section:
        return True
    conf.register_opts(loading.get_auth_plugin_conf_options('password'),
                       group=_GROUP)
    if conf.cloud.auth_url:
        conf.set_default('auth_type', 'password', group=_GROUP)
        return True
    return False


def _from_options(conf: Any) -> Access:
    from keystoneauth1 import loading
    loading.register_session_conf_options(conf, _GROUP)
    try:
        with refusals.translated('[cloud]'):
            auth = loading.load_auth_from_conf_options(conf, _GROUP)
            session = loading.load_session_from_conf_options(
                conf, _GROUP, auth=auth)
    except CloudError as error:
        raise ConfigError(f'[cloud]: {error}') from error
    return _opened(session, conf.cloud.region_name,
                   conf.cloud.interface or 'public',
                   timeout_s=conf.cloud.request_timeout_s)


def _from_clouds_yaml(name: str | None, options: Any) -> Access:
    from openstack import config
    chosen = {'region_name': options.region_name,
              'interface': options.interface}
    if name is None and 'OS_DEFAULT_DOMAIN_ID' not in os.environ:
        # An openrc without a domain means the default one.
        chosen['default_domain_id'] = 'default'
    return _from_region(lambda: config.OpenStackConfig(app_name='doctor'),
                        name, chosen, options.request_timeout_s)


def named(path: str, name: str, *, timeout_s: float, region_name: str = '',
          interface: str = '') -> Access:
    """A cloud of one clouds.yaml file; the environment does not count.

    :param name: may be empty where the file has only one.
    :param region_name: one of those that the file has for it.
    :param interface: instead of the one that the file names.
    :raises ConfigError: the file cannot be read or has no such cloud.
    """
    from openstack import config
    try:
        with open(path, 'rb'):
            pass
    except OSError as error:
        raise ConfigError(
            f'Cannot read {path}: {error.strerror}.') from None
    return _from_region(
        lambda: config.OpenStackConfig(
            config_files=[path], secure_files=[], vendor_files=[],
            load_envvars=False, app_name='doctor'),
        name or None, {'region_name': region_name, 'interface': interface},
        timeout_s)


def _from_region(read: Callable[[], Any], name: str | None,
                 chosen: dict[str, str], timeout_s: float) -> Access:
    from openstack import exceptions
    try:
        with refusals.translated('clouds.yaml'):
            region = read().get_one(cloud=name, **{
                key: value for key, value in chosen.items() if value})
            session = region.get_session()
    except (exceptions.SDKException, CloudError) as error:
        raise ConfigError(f'clouds.yaml: {error}') from error
    return _opened(session, region.get_region_name() or None,
                   region.get_interface(), timeout_s=timeout_s,
                   override=region.get_endpoint)


def _opened(session: Any, region_name: str | None, interface: Any, *,
            timeout_s: float,
            override: Callable[[str], str | None] = _no_override) -> Access:
    from keystoneauth1 import identity
    from keystoneauth1 import session as ks_session
    if not isinstance(session.auth, identity.BaseIdentityPlugin):
        raise ConfigError(
            'Doctor needs credentials that Keystone gives a token and a '
            'catalogue for; this auth_type does not.')
    session.timeout = timeout_s
    for scheme in ('http://', 'https://'):
        session.session.mount(scheme, ks_session.TCPKeepAliveAdapter(
            pool_connections=8, pool_maxsize=_POOL))
    if session.verify is False:
        LOG.warning('TLS certificates of the cloud are not verified: its '
                    'configuration says verify: false or insecure')
    return Access(session, region_name or None, interface, override)

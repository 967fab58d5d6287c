"""Credentials to a session: how a cloud is opened.

What is written in a file or in the environment is somebody's typing: the
libraries below raise all kinds of errors for it, which all become a
ConfigError here that names the file, the cloud and the option.
"""

import dataclasses
import difflib
import importlib.metadata
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from oslo_config import cfg

from doctor_core import wire
from doctor_core.cloud import refusals
from doctor_core.cloud.access import Access
from doctor_core.exceptions import CloudError, ConfigError, DoctorError
from doctor_core.web.addresses import is_loopback
from doctor_core.wording import few

LOG = logging.getLogger(__name__)

_GROUP = 'cloud'
_OPTIONS = '[cloud]'
_ENVIRONMENT = 'The OS_* variables of the environment'
#: How options of auth are called that hold text, whatever it looks like.
_TEXTS = ('_id', '_name', '_url', 'username', 'password')
#: Threads that may ask at the same time without making new connections.
_POOL = 32
#: As many are followed, each in time of its own.
_REDIRECTS = 3

CLOUD_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'name', default='',
        help='The cloud of clouds.yaml to talk to. Empty for the credentials '
             'of this section (auth_type, auth_url, username, ...), or, when '
             'it has none, for the OS_* variables of the environment.'),
    cfg.StrOpt(
        'region_name', default='',
        help='The region whose endpoints are used. Empty for what '
             'clouds.yaml or the environment says, else for the first in '
             'the catalogue.'),
    cfg.StrOpt(
        'interface', default='',
        help='Which endpoints of the catalogue are used: public, internal '
             'or admin. Empty for what clouds.yaml or the environment says, '
             'else for public.'),
    cfg.StrOpt(
        'clouds_file', default='',
        help='The clouds.yaml to look into, and no other place. Empty for '
             'where all OpenStack clients look.'),
    cfg.FloatOpt(
        'request_timeout_s', default=30.0, min=0.1,
        help='Seconds for the answer to one request, from its beginning to '
             'its end.'),
]


def from_conf(conf: cfg.ConfigOpts) -> Access:
    """The cloud that [cloud] of the configuration means.

    :raises ConfigError: it means none, or not enough is said of it.
    :raises CloudError: what clouds.yaml refers to cannot be reached now.
    """
    options = conf.cloud
    if options.clouds_file:
        return named(options.clouds_file, options.name,
                     timeout_s=options.request_timeout_s,
                     region_name=options.region_name,
                     interface=options.interface)
    if options.name:
        return _from_clouds_yaml(options.name, options)
    with _loading(_OPTIONS):
        in_options = _has_credentials(conf)
    if in_options:
        return _from_options(conf)
    if any(name in os.environ
           for name in ('OS_CLOUD', 'OS_AUTH_URL', 'OS_CLOUD_NAME')):
        return _from_clouds_yaml(None, options)
    raise ConfigError(
        'No cloud is configured: set name (a cloud of clouds.yaml) or '
        'auth_url, username, password, ... in [cloud], or OS_CLOUD or '
        'OS_AUTH_URL, ... in the environment.')


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
    with _loading(path):
        file = config.OpenStackConfig(
            config_files=[path], secure_files=[], vendor_files=[],
            load_envvars=False, app_name='doctor')
    if file.config_filename is None:
        raise ConfigError(f'{path} is not written in YAML, or in JSON if its '
                          'name ends in json.')
    return _from_region(file, name or None, {
        'region_name': region_name, 'interface': interface}, timeout_s)


def common_opts() -> list[Any]:
    """Which of keystoneauth's options say which others there are."""
    from keystoneauth1 import loading
    return list(loading.get_auth_common_conf_options())


def credential_opts(auth_type: str = 'password') -> list[Any]:
    """keystoneauth's own options of [cloud], as oslo.config options.

    :param auth_type: whose; that of a user with a password by default.
    :raises ConfigError: there is no such auth_type.
    """
    from keystoneauth1 import loading
    # Stevedore would write a name that is none to the log, or the terminal,
    # whatever is in it.
    if not importlib.metadata.entry_points(group=loading.PLUGIN_NAMESPACE,
                                           name=auth_type):
        raise ConfigError(f'{_OPTIONS}: there is no auth_type '
                          f"'{wire.described(auth_type)}'")
    with _loading(_OPTIONS):
        return [*loading.get_auth_common_conf_options(),
                *loading.get_session_conf_options(),
                *loading.get_auth_plugin_conf_options(auth_type)]


def _has_credentials(conf: cfg.ConfigOpts) -> bool:
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


def _from_options(conf: cfg.ConfigOpts) -> Access:
    from keystoneauth1 import loading
    with _loading(_OPTIONS):
        loading.register_session_conf_options(conf, _GROUP)
        auth = loading.load_auth_from_conf_options(conf, _GROUP)
        session = loading.load_session_from_conf_options(
            conf, _GROUP, auth=auth)
        section = conf[conf.cloud.auth_section or _GROUP]
        _complete(section.auth_type, lambda name: section[name])
    return _opened(session, conf.cloud.region_name,
                   conf.cloud.interface or 'public',
                   timeout_s=conf.cloud.request_timeout_s, source=_OPTIONS)


def _from_clouds_yaml(name: str | None, options: Any) -> Access:
    from openstack import config
    chosen = {'region_name': options.region_name,
              'interface': options.interface}
    if name is None and 'OS_DEFAULT_DOMAIN_ID' not in os.environ:
        # An openrc without a domain means the default one.
        chosen['default_domain_id'] = 'default'
    with _loading('clouds.yaml'):
        files = config.OpenStackConfig(app_name='doctor')
    return _from_region(files, name, chosen, options.request_timeout_s)


def _from_region(files: Any, name: str | None, chosen: dict[str, str],
                 timeout_s: float) -> Access:
    cloud = name or files.default_cloud
    path = files.config_filename or 'clouds.yaml (there is none)'
    source = _ENVIRONMENT if cloud == files.envvar_key or not cloud \
        else f'{path}, cloud {cloud!r}'
    chosen = {key: value for key, value in chosen.items() if value}
    with _loading(source):
        clouds = files.cloud_config.get('clouds')
        _check_shape(clouds, cloud)
        if name and name not in clouds:
            raise ConfigError(f'It was not found.{_choice(name, clouds)}')
        try:
            region = files.get_one(cloud=name, **chosen)
        except TypeError as error:
            # keystoneauth takes an option that it does not know for a bug.
            reason = _unknown_option(files.get_one(
                cloud=name, validate=False, **chosen).config)
            raise reason or error from error
        _complete(region.config['auth_type'], region.config['auth'].get)
        session = region.get_session()
        interface = region.get_interface()
    return _opened(session, region.get_region_name(), interface,
                   timeout_s=timeout_s,
                   override=region.get_endpoint, source=source)


@contextmanager
def _loading(source: str) -> Iterator[None]:
    """Turn whatever the libraries raise inside into one line.

    :param source: where that is written which they read.
    :raises ConfigError: instead of all that does not pass by itself.
    :raises CloudError: a file or a page beyond the network is away.
    """
    try:
        with refusals.translated('Loading'):
            yield
    except refusals.Misconfigured as error:
        raise ConfigError(f'{source}: {error}') from error
    except DoctorError as error:
        if getattr(error, 'recoverable', False):
            raise CloudError(f'{source}: {error}', recoverable=True) from error
        raise ConfigError(f'{source}: {error}') from error
    except OSError as error:
        if error.filename is None:  # of the HTTP library: a profile's URL
            raise CloudError(f'{source}: its profile cannot be had now: '
                             f'{refusals.line(error)}',
                             recoverable=True) from error
        raise ConfigError(f'{source}: {error.filename}: '
                          f'{error.strerror}') from error
    except Exception as error:  # they raise what their own code stumbles on
        raise ConfigError(f'{source}: {refusals.line(error)}') from error


def _check_shape(clouds: Any, cloud: str | None) -> None:
    """Name the option whose value cannot be what the SDK takes it for.

    :raises ConfigError: which.
    """
    if not isinstance(clouds, Mapping):
        raise ConfigError('"clouds" must hold clouds by name.')
    entry = clouds.get(cloud, {})
    if not isinstance(entry, Mapping):
        raise ConfigError('The cloud must hold options by name.')
    auth = entry.get('auth', {})
    if not isinstance(auth, Mapping):
        raise ConfigError('"auth" must hold options by name.')
    for name, value in auth.items():
        if value is not None and not isinstance(value, str) \
                and str(name).endswith(_TEXTS):
            raise ConfigError(f'auth.{name} must be a text: put it in quotes.')
    if not isinstance(entry.get('regions', []), list):
        raise ConfigError('"regions" must be a list.')


def _hint(word: str, known: Iterable[object]) -> str:
    close = difflib.get_close_matches(word, map(str, known), 1)
    return f' Did you mean {close[0]!r}?' if close else ''


def _choice(word: str, known: Iterable[object]) -> str:
    """What was meant, or what there is."""
    names = sorted(map(str, known))
    return _hint(word, names) or (
        f' Clouds there: {few(names)}.' if names else ' There is none.')


def _unknown_option(config: Mapping[str, Any]) -> ConfigError | None:
    """The option that the auth_type of a cloud does not have, if any."""
    auth_type = config['auth_type']
    known = _auth_options(auth_type)
    for name in config['auth']:
        if name not in known:
            return ConfigError(f'auth.{name} is no option of auth_type '
                               f'{auth_type!r}.{_hint(name, known)}')
    return None


def _auth_options(auth_type: str) -> list[str]:
    from keystoneauth1 import loading
    return [option.dest for option
            in loading.get_plugin_loader(auth_type).get_options()]


def _complete(auth_type: str, value: Callable[[str], Any]) -> None:
    """What keystoneauth misses only when Keystone is asked.

    :param value: the value of an option, by its name.
    :raises ConfigError: what is missing.
    """
    known = _auth_options(auth_type)
    if 'auth_url' in known:
        _check_url(value('auth_url'))
    if 'password' not in known:
        return
    if not value('password'):
        raise ConfigError('password is missing.')
    if not any(value(name) for name in ('username', 'user_id')
               if name in known):
        raise ConfigError('username is missing.')


def _check_url(url: Any) -> None:
    parts = urlsplit(str(url))
    if parts.scheme not in ('http', 'https') or not parts.hostname:
        raise ConfigError(f'auth_url {url!r} is no http or https URL.')


def _direct(auth: Any) -> dict[str, str]:
    """No proxy for a Keystone on this machine, which no proxy can reach,
    whatever the environment says; as ``requests`` has it.
    """
    host = urlsplit(str(getattr(auth, 'auth_url', None) or '')).hostname or ''
    return {f'{scheme}://{host}': '' for scheme in ('http', 'https')} \
        if is_loopback(host) else {}


def _opened(session: Any, region_name: str | None, interface: Any, *,
            timeout_s: float, source: str,
            override: Callable[[str], str | None] | None = None) -> Access:
    from keystoneauth1 import identity

    from doctor_core.cloud import adapter
    if not isinstance(session.auth, identity.BaseIdentityPlugin):
        raise ConfigError(
            f'{source}: Doctor needs credentials that Keystone gives a token '
            'and a catalogue for; this auth_type does not.')
    session.timeout, session.redirect = timeout_s, _REDIRECTS
    for scheme in ('http://', 'https://'):
        session.session.mount(scheme, adapter.Adapter(
            pool_connections=8, pool_maxsize=_POOL))
    session.session.proxies.update(_direct(session.auth))
    if session.verify is False:
        LOG.warning('TLS certificates of the cloud are not verified: its '
                    'configuration says verify: false or insecure')
    access = Access(session, region_name or None, interface, source=source)
    return access if override is None \
        else dataclasses.replace(access, override=override)

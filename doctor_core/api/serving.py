"""Where the inspector listens, and whom it lets in."""

import logging
import socket
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from oslo_config import cfg

from doctor_core.exceptions import ConfigError
from doctor_core.web.addresses import is_loopback
from doctor_core.web.auth import Gate
from doctor_core.web.exchange import Route
from doctor_core.web.pools import Pool

if TYPE_CHECKING:
    from doctor_core.web.server import Server

LOG = logging.getLogger(__name__)

OPTS: list[cfg.Opt] = [
    cfg.HostAddressOpt(
        'host', default='127.0.0.1',
        deprecated_opts=[cfg.DeprecatedOpt('ip', group='inspector')],
        help='The address on which events are taken in.'),
    cfg.PortOpt(
        'port', default=12345,
        help='The port on which events are taken in; 0 for a free one.'),
    cfg.StrOpt('tls_cert', default='',
               help='The certificate file of the intake; HTTPS when set. '
                    'It is read anew at SIGHUP, with tls_key.'),
    cfg.StrOpt('tls_key', default='',
               help='The key file of the intake, unencrypted; that of '
                    'tls_cert when empty.'),
]


def check_free(settings: Any) -> None:
    """Return if the inspector can listen where its section says.

    :param settings: the section ``[inspector]``.
    :raises ConfigError: something else has the address.
    """
    host, port = str(settings.host), settings.port
    if not port:
        return
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except UnicodeError as error:
        raise ConfigError(f'inspector: cannot listen on {host} port {port}: '
                          f'{error}') from None
    except OSError as error:
        raise ConfigError(
            f'inspector: cannot listen on {host} port {port}: '
            f'{error.strerror or error}: is doctor-inspector running?'
            ) from None


def server(settings: Any, gate: Gate, routes: Iterable[Route],
           pools: Sequence[Pool]) -> 'Server':
    """The inspector's web server, not started.

    :param settings: the section ``[inspector]``.
    :param gate: lets requests pass by the rules of the routes.
    :param pools: those of the routes whose threads serve nothing else.
    :raises ValueError: a route has no rule.
    :raises ConfigError: there is a key, but no certificate.
    """
    # Not for who only wants to know the options: it takes a while.
    from doctor_core.web.server import Server
    if settings.tls_key and not settings.tls_cert:
        raise ConfigError('[inspector] tls_key is set, but not [inspector] '
                          'tls_cert: without it there is no HTTPS.')
    tls = (settings.tls_cert, settings.tls_key) if settings.tls_cert else None
    if tls is None and not is_loopback(str(settings.host)):
        LOG.warning('[inspector] host = %s can be reached from outside, and '
                    'without tls_cert tokens travel there for anybody to '
                    'read', settings.host)
    return Server(list(routes), host=str(settings.host), port=settings.port,
                  name='inspector', gate=gate, pools=[*pools, *gate.pools],
                  tls=tls)

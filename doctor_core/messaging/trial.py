"""Whether a driver can work with its URL and options; nothing connects."""

from typing import Any

import oslo_messaging
from oslo_messaging._drivers import common, impl_rabbit

from doctor_core import wire

_HIGHEST_PORT = 65535
#: RabbitMQ's, with TLS too, where a URL has none: what oslo.messaging takes.
_USUAL_PORT = 5672
#: What oslo.messaging divides by, or sends as a number without a sign.
_LEAST = {'heartbeat_rate': 1, 'heartbeat_timeout_threshold': 0}


class _Unconnected(impl_rabbit.Connection):
    """All that a connection does with its options before it connects."""

    def ensure_connection(self) -> None:
        """It would wait for the broker."""


def places(url: oslo_messaging.TransportURL) -> list[tuple[str, int]]:
    """Host and port of each node of a broker; a URL that names none, as one
    that is not set, means this machine.
    """
    return [(host.hostname or 'localhost', host.port or _USUAL_PORT)
            for host in url.hosts] or [('localhost', _USUAL_PORT)]


def url_complaint(url: oslo_messaging.TransportURL) -> str:
    """What nothing can connect to, which drivers find out when they try;
    empty when there is nothing.
    """
    for host in url.hosts:
        if host.port and not 0 < host.port <= _HIGHEST_PORT:
            return f'there is no port {host.port}'
        try:
            (host.hostname or '').encode('idna')
        except UnicodeError:
            return 'there cannot be a host of the name that it has'
    return ''


def options_complaint(conf: Any, url: oslo_messaging.TransportURL) -> str:
    """Why RabbitMQ's driver cannot work with its options; empty if it can.
    """
    for name, least in _LEAST.items():
        value = conf.oslo_messaging_rabbit[name]
        if value < least:
            return f'{name}: {value} is less than {least}'
    try:
        _Unconnected(conf, url, common.PURPOSE_LISTEN)
    except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError,
            ValueError) as error:  # what it and its libraries stumble on
        return wire.in_short(error)
    return ''

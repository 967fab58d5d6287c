"""Transport URLs: out of nova.conf, and as others can reach them; pure.

The form is oslo.messaging's: ``rabbit://user:password@host:port,.../vhost``,
with one ``user:password@host:port`` for each broker.
"""

import re
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote

from oslo_config import iniparser

from doctor_core.exceptions import BackendError

_NOTIFICATIONS = 'oslo_messaging_notifications'
#: Where Nova looks, first to last.
_NAMES = ((_NOTIFICATIONS, 'transport_url'),
          ('DEFAULT', 'notification_transport_url'),
          ('DEFAULT', 'transport_url'))
#: What an older Nova reads where there is no URL, or one without a broker.
_RABBIT = ('oslo_messaging_rabbit', 'DEFAULT')
_TRUE = frozenset({'1', 'true', 'yes', 'on', 't', 'y'})


class _Options(iniparser.BaseParser):
    """All options of a file; of one that is set again, the last."""

    def __init__(self) -> None:
        super().__init__()
        self._section = 'DEFAULT'
        self.found: dict[tuple[str, str], str] = {}

    def new_section(self, section: str) -> None:
        self._section = section if section == 'DEFAULT' else section.lower()

    def assignment(self, key: str, value: Any) -> None:
        self.found[self._section, key] = '\n'.join(value)

    def value(self, section: str, name: str) -> str:
        """An option, ``$name`` replaced by what that is; empty if unset."""
        return string.Template(
            self.found.get((section, name), '')).safe_substitute(
                {name: value for (section, name), value
                 in self.found.items() if section == 'DEFAULT'})


def in_nova_conf(text: str) -> str:
    """The bus on which Nova sends its notifications.

    :param text: of nova.conf, as oslo.config reads it: quotes around a value
        go, and ``$name`` stands for an option of ``[DEFAULT]``.
    :returns: empty when it names none.
    :raises BackendError: the text is no such file.
    """
    options = _Options()
    try:
        options.parse(text.splitlines())
    except iniparser.ParseError as error:
        # Its own text has the line, which may hold a password.
        raise BackendError('nova.conf cannot be read: line '
                           f'{error.lineno}: {error.msg}') from None
    found = next((url for section, name in _NAMES
                  if (url := options.value(section, name))), '')
    if found in ('', 'rabbit://', 'rabbit:///'):
        return _by_parts(options) or found
    return found


def _by_parts(options: _Options) -> str:
    """RabbitMQ as it was named before there were URLs; empty if it is not.
    """
    def value(name: str, default: str = '') -> str:
        return next((said for section in _RABBIT
                     if (said := options.value(section, f'rabbit_{name}'))),
                    default)

    host = value('host')
    if ':' in host and not host.startswith('['):
        host = f'[{host}]'
    brokers = value('hosts') or (f'{host}:{value("port", "5672")}'
                                 if host else '')
    if not brokers:
        return ''
    who = ':'.join(quote(value(name, 'guest'), '')
                   for name in ('userid', 'password'))
    # In a URL it stands behind the slash as it is.
    path = value('virtual_host')
    path = '' if path == '/' else path
    secured = value('use_ssl').lower() in _TRUE
    return 'rabbit://' + ','.join(
        f'{who}@{broker.strip()}' for broker in brokers.split(',')
        if broker.strip()) + f'/{path}' + ('?ssl=1' if secured else '')


def reached(url: str, resolve: Callable[[str], str]) -> str:
    """The same bus, by addresses instead of names.

    A deployment's own names are often known to its nodes only. Where the
    brokers show certificates the names stay, since those are for names.

    :param resolve: from a name to its address; to the name itself if there
        is none.
    """
    scheme, rest = re.fullmatch(r'([^:/]*://)?(.*)', url,
                                re.DOTALL).groups()  # type: ignore[union-attr]
    brokers, slash, path = rest.partition('/')
    query = parse_qs(path.partition('?')[2])
    if not scheme or query.get('ssl', ['0'])[-1].lower() in _TRUE:
        return url
    return f'{scheme}' + ','.join(
        _with_address(broker, resolve)
        for broker in brokers.split(',')) + slash + path


def _with_address(broker: str, resolve: Callable[[str], str]) -> str:
    who, at, place = broker.rpartition('@')
    name, port = re.fullmatch(r'(\[.*\]|[^:]*)(:.*)?', place,
                              re.DOTALL).groups()  # type: ignore[union-attr]
    if not name or name.startswith('['):
        return broker
    address = resolve(name)
    if ':' in address:
        address = f'[{address}]'
    return f'{who}{at}{address}{port or ""}'

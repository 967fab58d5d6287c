"""Which URLs a webhook may have, and where it may send a notice on to.

The URL of an alarm is chosen by a tenant, that of a redirect by whoever
answers there.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

from doctor_core import wire
from doctor_core.exceptions import NotifyError
from doctor_core.notifiers.base import place

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_SCHEMES = frozenset({'http', 'https'})
#: Characters of a name in DNS, without a last dot.
_NAME = 253
_LABEL = re.compile(r'(?!-)[a-z0-9_-]{1,63}(?<!-)', re.I)


def complaint(action: SplitResult) -> str:
    """Why nothing can ever be posted to a URL; empty when it can."""
    if not action.hostname:
        return 'names no host'
    if action.netloc.count('@') > 1:
        return 'has "@" in user or password: write it %40'
    try:
        port = action.port
    except ValueError:
        return 'has a port that is none'
    if port == 0:
        return 'has port 0'
    if action.fragment:
        return 'has a fragment, which is never sent'
    # Of what may stand in brackets, urlsplit looks at the outside only.
    is_host = _is_address(action.hostname) or (
        '[' not in action.netloc.rpartition('@')[2]
        and _is_name(action.hostname))
    return '' if is_host else 'names no possible host'


def _is_address(hostname: str) -> bool:
    try:
        ipaddress.ip_address(hostname)
    except ValueError:
        return False
    # Behind "%" anything may stand.
    return len(hostname) <= _NAME


def _is_name(hostname: str) -> bool:
    try:
        name = hostname.rstrip('.').encode('idna').decode()
    except UnicodeError:
        return False
    labels = name.split('.')
    # A last label of digits alone makes it an address, and it is none.
    return len(name) <= _NAME and all(map(_LABEL.fullmatch, labels)) \
        and not labels[-1].isdecimal()


def followed(action: SplitResult, location: str, policy: str
             ) -> SplitResult:
    """Where a redirect leads, by its words alone.

    :param action: who redirects.
    :param location: its header Location.
    :param policy: the option ``redirects``.
    :raises NotifyError: it leads nowhere, or where it may not.
    """
    where = place(action)
    try:
        target = urlsplit(urljoin(action.geturl(), location))
        why = complaint(target._replace(fragment=''))
    except ValueError:
        raise NotifyError(f'{where} redirects to no URL') from None
    if not location or why or not location.isprintable():
        raise NotifyError(f'{where} redirects to no URL')
    if policy == 'none':
        raise NotifyError(f'{where} redirects, which is not followed here')
    if target.scheme not in (action.scheme, 'https') \
            or target.scheme not in _SCHEMES:
        raise NotifyError(f'{where} redirects to the scheme '
                          f'{wire.shortened(target.scheme)}')
    if target.hostname != action.hostname and policy != 'any':
        raise NotifyError(f'{where} redirects to another host')
    return target._replace(fragment='')


def check(action: SplitResult, peer: str, addresses: Iterable[str]) -> None:
    """Whether a redirect may be followed to where it leads.

    The name may be the same, and mean another machine by now.

    :param action: who redirects.
    :param peer: the address that this came from; empty when not known.
    :param addresses: those of the host that it leads to.
    :raises NotifyError: one of them is this machine's or its link's, and
        the peer's is not.
    """
    if any(map(_is_local, addresses)) and not (peer and _is_local(peer)):
        raise NotifyError(f'{place(action)} redirects to this machine or its '
                          'link')


def _is_local(text: str) -> bool:
    address: Address = ipaddress.ip_address(text.partition('%')[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_link_local \
        or address.is_unspecified or _is_own(address)


def _is_own(address: Address) -> bool:
    """Whether an address is one of this machine's; sends nothing.

    A machine talks to itself from the address that it talks to. To bind to it
    would say less: where net.ipv4.ip_nonlocal_bind is set, any can be bound.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return bool(probe.getsockname()[0] == str(address))
    except OSError:  # no way leads there
        return False

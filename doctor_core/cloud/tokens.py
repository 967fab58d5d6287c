"""Other people's tokens: what Keystone says of them, remembered briefly."""

import collections
import dataclasses
import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from doctor_core import clock, wire
from doctor_core.cloud import refusals
from doctor_core.exceptions import CloudError, NotFound

LOG = logging.getLogger(__name__)

#: How long an answer of Keystone is believed: as long as a revoked token
#: may still be taken.
BELIEVED_S = 30.0
#: By how much two clocks that are kept right may differ.
_APART_S = 5.0
_MOST = 1000


@dataclasses.dataclass(frozen=True)
class TokenInfo:
    """Who shows a token.

    :ivar project_id: empty when the token is not for a project.
    :ivar is_of_cloud: whether its roles may count for the whole cloud: it is
        for the system, or for a project that is not said to be another one
        than the administrators'.
    """

    user_id: str
    user_name: str
    project_id: str
    project_name: str
    roles: frozenset[str]
    expires_at: float
    is_of_cloud: bool


def token_info(answer: Mapping[str, Any]) -> TokenInfo:
    """From the body of Keystone's ``GET /v3/auth/tokens``.

    :raises CloudError: it is of somebody else, such as a proxy.
    """
    try:
        token = answer['token']
        project = token.get('project')
        return TokenInfo(
            user_id=_text(token['user'], 'id'),
            user_name=_text(token['user'], 'name'),
            project_id='' if project is None else _text(project, 'id'),
            project_name='' if project is None else _text(project, 'name'),
            roles=_roles(token.get('roles')),
            expires_at=wire.utc(_text(token, 'expires_at')),
            is_of_cloud=_is_of_cloud(token))
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise CloudError('What was said of a token is no answer of '
                         f'Keystone: {error!r}', recoverable=True) from error


def _is_of_cloud(token: Mapping[str, Any]) -> bool:
    """Whether who has a role has it everywhere. Who manages a domain has the
    role ``admin`` there, and nowhere else.
    """
    if token.get('domain') is not None \
            or token.get('is_admin_project', True) is not True:
        return False
    system = token.get('system')
    return token.get('project') is not None \
        or (isinstance(system, dict) and system.get('all') is True)


def _text(record: Mapping[str, Any], name: str) -> str:
    """A text that has to be there: whose something is depends on it."""
    text = record[name]
    if not isinstance(text, str) or not text:
        raise ValueError(f'{name} is not a text')
    return text


def _roles(records: Any) -> frozenset[str]:
    if records is None:
        return frozenset()
    if not isinstance(records, list):
        raise TypeError('roles is not a list')
    return frozenset(_text(role, 'name') for role in records)


def asked(send: Callable[..., Any], token: str) -> TokenInfo:
    """Who shows a token, as Keystone says now.

    :param send: as :meth:`.Cloud.send`.
    :raises NotFound: Keystone itself says that it is not valid.
    :raises CloudError: it cannot be known now.
    """
    try:
        return token_info(send(
            'GET', 'identity', '/auth/tokens?nocatalog',
            headers={'X-Subject-Token': token}))
    except refusals.Gone as error:
        raise NotFound('The token is not valid') from error


def is_sendable(token: str) -> bool:
    """Whether a text can be the value of a header at all."""
    return bool(token) and token.isascii() and token.isprintable() \
        and ' ' not in token


class TokenCache:
    """Asks once for each token, and again after half a minute.

    Any thread may call.

    :param ask: asks Keystone; raises NotFound for a token that is not valid.
    :param now: the time, for tests.
    """

    def __init__(self, ask: Callable[[str], TokenInfo],
                 now: Callable[[], float] = clock.now) -> None:
        self._ask = ask
        self._now = now
        self._lock = threading.Lock()
        self._known: collections.OrderedDict[
            bytes, tuple[float, TokenInfo]] = collections.OrderedDict()
        self._is_ahead = False

    def info(self, token: str) -> TokenInfo:
        """Who shows this token; may block on Keystone.

        What Keystone takes is valid, whatever our clock says.

        :raises NotFound: it is not valid, or no longer.
        """
        if not is_sendable(token):
            raise NotFound('The token is not valid')
        info = self.known(token)
        if info is None:
            info = self._ask(token)
            self._compare_clocks(info)
            self._keep(_key(token), info)
        return info

    def known(self, token: str) -> TokenInfo | None:
        """Who shows this token, if that need not be asked; never blocks."""
        if not is_sendable(token):
            return None
        with self._lock:
            until, info = self._known.get(_key(token), (0.0, None))
        return info if until > self._now() else None

    def _compare_clocks(self, info: TokenInfo) -> None:
        """Warn, once as long as it lasts, of a clock that is ahead."""
        ahead_s = self._now() - info.expires_at
        with self._lock:
            is_news = ahead_s > _APART_S and not self._is_ahead
            self._is_ahead = ahead_s > _APART_S
        if is_news:
            LOG.warning('Keystone takes a token that, by the clock of this '
                        'machine, expired %.0f s ago: that clock is ahead, '
                        'or Keystone\'s is behind. Each request asks '
                        'Keystone meanwhile.', ahead_s)

    def _keep(self, key: bytes, info: TokenInfo) -> None:
        until = min(self._now() + BELIEVED_S, info.expires_at)
        with self._lock:
            self._known[key] = (until, info)
            self._known.move_to_end(key)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)


def _key(token: str) -> bytes:
    # No token is kept in memory longer than its request.
    return hashlib.sha256(token.encode()).digest()

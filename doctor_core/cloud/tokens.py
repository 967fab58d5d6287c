"""Other people's tokens: what Keystone says of them, remembered briefly."""

import collections
import dataclasses
import datetime
import hashlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

from doctor_core import clock
from doctor_core.exceptions import NotFound

#: How long an answer of Keystone is believed: as long as a revoked token
#: may still be taken.
BELIEVED_S = 30.0
_MOST = 1000


@dataclasses.dataclass(frozen=True)
class TokenInfo:
    """Who shows a token.

    :ivar project_id: empty when the token is not for a project.
    """

    user_id: str
    user_name: str
    project_id: str
    project_name: str
    roles: frozenset[str]
    expires_at: float


def token_info(answer: Mapping[str, Any]) -> TokenInfo:
    """From the body of Keystone's ``GET /v3/auth/tokens``."""
    token = answer['token']
    project = token.get('project') or {}
    return TokenInfo(
        user_id=token['user']['id'], user_name=token['user']['name'],
        project_id=project.get('id', ''),
        project_name=project.get('name', ''),
        roles=frozenset(role['name'] for role in token.get('roles') or ()),
        expires_at=datetime.datetime.fromisoformat(
            token['expires_at'].replace('Z', '+00:00')).timestamp())


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

    def info(self, token: str) -> TokenInfo:
        """Who shows this token; may block on Keystone.

        :raises NotFound: it is not valid, or no longer.
        """
        if not is_sendable(token):
            raise NotFound('The token is not valid')
        # No token is kept in memory longer than its request.
        key = hashlib.sha256(token.encode()).digest()
        with self._lock:
            until, info = self._known.get(key, (0.0, None))
        if info is None or until <= self._now():
            info = self._ask(token)
            self._keep(key, info)
        if info.expires_at <= self._now():
            raise NotFound('The token has expired')
        return info

    def _keep(self, key: bytes, info: TokenInfo) -> None:
        until = min(self._now() + BELIEVED_S, info.expires_at)
        with self._lock:
            self._known[key] = (until, info)
            self._known.move_to_end(key)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)

"""The HTTP client of the hot paths: many requests at once on one loop."""

import asyncio
import contextlib
import contextvars
import dataclasses
import json
import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import aiohttp.abc

from doctor_core import wire
from doctor_core.exceptions import ConfigError, HttpError
from doctor_core.web import idle, troubles
from doctor_core.web.names import Names
from doctor_core.web.proxies import Proxies
from doctor_core.web.trust import Trust

#: Of a body that is of no interest, so much is read, in bytes and seconds.
_GLANCE, _GLANCE_S = 4096, 0.5
#: So much may be on its way meanwhile: many thousands of tiny pieces were
#: taken apart in one go while others were to be told.
_UNREAD = 8192


@dataclasses.dataclass(frozen=True)
class Reply:
    """An answer, whatever its status.

    :ivar body: as much of it as the client takes.
    :ivar is_cut: whether there was more.
    :ivar peer: the address that it came from; empty when not known.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False
    peer: str = ''

    def json(self) -> Any:
        """The decoded body.

        :raises HttpError: it is not JSON, or was cut.
        """
        if self.is_cut:
            raise HttpError(f'The answer is longer than {len(self.body)} '
                            'bytes, and was not read further')
        try:
            return json.loads(self.body)
        except ValueError:
            raise HttpError('The answer is not JSON') from None


def tls_context(*, cafile: str = '', certfile: str = '', keyfile: str = ''
                ) -> ssl.SSLContext:
    """A context that verifies its peer.

    :param cafile: whom to trust, a file or a folder of hashed names; the
        system's authorities when empty.
    :param certfile: the certificate to show to peers that ask for one.
    :raises ConfigError: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(capath=cafile) \
            if os.path.isdir(cafile) \
            else ssl.create_default_context(cafile=cafile or None)
        if certfile:
            context.load_cert_chain(certfile, keyfile or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            'Cannot use the TLS files '
            f'{", ".join(filter(None, (cafile, certfile, keyfile)))}: {error}'
        ) from None
    return context


@dataclasses.dataclass(frozen=True)
class _Way:
    """How a connection for a request is come by.

    :ivar who: whose business it is; see :class:`.Names`.
    :ivar at: only to these addresses, whatever the name means by then.
    """

    who: str = ''
    at: Sequence[str] = ()


#: Of the request that is under way in this context.
_WAY: contextvars.ContextVar[_Way] = contextvars.ContextVar('way')


class _Resolver(aiohttp.abc.AbstractResolver):
    """Asked by aiohttp in the context of the request."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def resolve(
            self, host: str, port: int = 0,
            family: socket.AddressFamily = socket.AF_UNSPEC
            ) -> list[aiohttp.abc.ResolveResult]:
        way = _WAY.get()
        found = way.at or await self._names.addresses(host, way.who)
        return [{'hostname': host, 'host': address, 'port': port,
                 'family': socket.AF_INET6 if ':' in address
                 else socket.AF_INET,
                 'proto': 0, 'flags': socket.AI_NUMERICHOST}
                for address in found]

    async def close(self) -> None:
        return


class _Answer(aiohttp.ClientResponse):
    """One that knows where it has come from.

    Its connection may be somebody else's when the head is read.
    """

    peer = ''

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        transport = connection.transport
        if transport is not None:
            # Of IPv6 more than two; None of what is closed already.
            self.peer = (transport.get_extra_info('peername') or ('',))[0]
        return await super().start(connection)


class _Head(_Answer):
    """One of whose body next to nothing is wanted."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        transport = connection.transport
        sock = transport and transport.get_extra_info('socket')
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD)
        return await super().start(connection)


class Client:
    """Sends requests and keeps connections.

    All methods are coroutines of one and the same loop.

    :param timeout_s: seconds for a whole request.
    :param connect_s: seconds to get a connection to the peer.
    :param per_host: connections to one peer at the most, so that no peer
        starves the others.
    :param tls: how to verify; the system's authorities by default. A Trust
        is asked at each request: what it says from then on holds for new
        connections, and those of before serve no further request.
    :param proxies: through which a URL is asked; none by default, whatever
        the environment says.
    :param max_answer: so much of an answer is read, in bytes.
    :param heads_only: an answer's body is of no interest. A little of it is
        read, for the connection to serve again, and not returned.
    :param names: how names are looked up.
    """

    def __init__(self, *, timeout_s: float = 10.0, connect_s: float = 3.0,
                 per_host: int = 100,
                 tls: ssl.SSLContext | Trust | None = None,
                 proxies: Proxies | None = None,
                 max_answer: int = 1 << 20, heads_only: bool = False,
                 names: Names | None = None) -> None:
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_s, sock_connect=connect_s)
        self._per_host = per_host
        self._tls = tls
        self._proxies = proxies
        self._max_answer = max_answer
        self._heads_only = heads_only
        self._names = names or Names()
        #: By whether their connections serve once.
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def addresses(self, host: str, who: str = '') -> Sequence[str]:
        """What a request to that host would be sent to.

        :raises HttpError: there are none; recoverable.
        """
        try:
            return await self._names.addresses(host, who)
        except OSError as error:
            raise troubles.understood(error, wire.shortened(host)) from None

    async def request(self, method: str, url: str, *, body: Any = None,
                      headers: Mapping[str, str] | None = None,
                      who: str = '', at: Sequence[str] = ()) -> Reply:
        """Send one request and read the answer.

        :param body: sent as JSON; None for none.
        :param who: whose business it is: too many names of one to be looked
            up wait for each other.
        :param at: addresses to send it to, by a connection of its own, and
            to no others that the name may have by now.
        :returns: the answer, whatever its status; redirects are not
            followed, for they could lead from a checked address elsewhere.
        :raises HttpError: there was no answer; recoverable unless the URL or
            the peer's certificate is at fault.
        """
        proxy = self._proxies.of(url) if self._proxies else ''
        token = _WAY.set(_Way(who, tuple(at)))
        try:
            async with self._session(bool(at)).request(
                    method, url, json=body, headers=headers,
                    ssl=self._verifying(), proxy=proxy or None,
                    allow_redirects=False) as answer:
                content, is_cut = await self._body(answer)
                return Reply(answer.status, answer.headers, content, is_cut,
                             getattr(answer, 'peer', ''))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            through = f' through {troubles.shown(proxy)}' if proxy else ''
            raise troubles.understood(
                error, f'{method} {troubles.shown(url)}{through}') from None
        finally:
            _WAY.reset(token)

    def _verifying(self) -> ssl.SSLContext | bool:
        if isinstance(self._tls, Trust):
            return self._tls.context()
        return True if self._tls is None else self._tls

    async def _body(self, answer: aiohttp.ClientResponse
                    ) -> tuple[bytes, bool]:
        """As much of it as is wanted, and whether there is more."""
        if not self._heads_only:
            return await _read(answer, self._max_answer)
        # What is not read by then ends the connection, and nothing else.
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with asyncio.timeout(_GLANCE_S):
                await _read(answer, _GLANCE)
        return b'', False

    def _session(self, is_once: bool) -> aiohttp.ClientSession:
        if is_once not in self._sessions:
            # limit=0: no common limit, or one hanging peer's connections
            # would use up what the others need.
            connector = idle.Connector(
                limit=0, limit_per_host=self._per_host,
                resolver=_Resolver(self._names), use_dns_cache=False,
                **{'force_close': True} if is_once
                else {'keepalive_timeout': 30})
            self._sessions[is_once] = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout,
                json_serialize=json.dumps, trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=not self._heads_only,
                **{'response_class': _Head, 'read_bufsize': _GLANCE // 2}
                if self._heads_only else {'response_class': _Answer})
        return self._sessions[is_once]

    async def close(self) -> None:
        """Close all connections; idempotent."""
        while self._sessions:
            await self._sessions.popitem()[1].close()
            # TLS connections finish closing on the loop's next rounds.
            await asyncio.sleep(0)


async def _read(answer: aiohttp.ClientResponse, most: int
                ) -> tuple[bytes, bool]:
    """So many bytes of the body, and whether there is more."""
    content = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        content += chunk
        if len(content) > most:
            break
    return bytes(content[:most]), len(content) > most

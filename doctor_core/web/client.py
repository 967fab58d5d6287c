"""The HTTP client of the hot paths: many requests at once on one loop."""

import asyncio
import dataclasses
import json
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp

from doctor_core import wire
from doctor_core.exceptions import ConfigError, HttpError, NobodyListens
from doctor_core.web import idle


@dataclasses.dataclass(frozen=True)
class Reply:
    """An answer, whatever its status.

    :ivar body: as much of it as the client takes.
    :ivar is_cut: whether there was more.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False

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

    :param cafile: whom to trust; the system's authorities when empty.
    :param certfile: the certificate to show to peers that ask for one.
    :raises ConfigError: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=cafile or None)
        if certfile:
            context.load_cert_chain(certfile, keyfile or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            'Cannot use the TLS files '
            f'{", ".join(filter(None, (cafile, certfile, keyfile)))}: {error}'
        ) from None
    return context


class Client:
    """Sends requests and keeps connections.

    All methods are coroutines of one and the same loop.

    :param timeout_s: seconds for a whole request.
    :param connect_s: seconds to get a connection to the peer.
    :param per_host: connections to one peer at the most, so that no peer
        starves the others.
    :param tls: how to verify; the system's authorities by default.
    :param max_answer: so much of an answer is read, in bytes.
    """

    def __init__(self, *, timeout_s: float = 10.0, connect_s: float = 3.0,
                 per_host: int = 100,
                 tls: ssl.SSLContext | None = None,
                 max_answer: int = 1 << 20) -> None:
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_s, sock_connect=connect_s)
        self._per_host = per_host
        self._tls = tls
        self._max_answer = max_answer
        self._session: aiohttp.ClientSession | None = None

    async def request(self, method: str, url: str, *, body: Any = None,
                      headers: Mapping[str, str] | None = None) -> Reply:
        """Send one request and read the answer.

        :param body: sent as JSON; None for none.
        :returns: the answer, whatever its status; redirects are not
            followed, for they could lead from a checked address elsewhere.
        :raises HttpError: there was no answer; recoverable unless the URL or
            the peer's certificate is at fault.
        """
        try:
            async with self._opened().request(
                    method, url, json=body, headers=headers,
                    allow_redirects=False) as answer:
                content = bytearray()
                async for chunk in answer.content.iter_chunked(1 << 16):
                    content += chunk
                    if len(content) > self._max_answer:
                        break
                return Reply(answer.status, answer.headers,
                             bytes(content[:self._max_answer]),
                             len(content) > self._max_answer)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            # Its text is the URL, with the password.
            raise HttpError(f'{method} {_shown(url)}: not a URL that can be '
                            'asked') from None
        except (aiohttp.ClientConnectorCertificateError,
                aiohttp.ClientConnectorSSLError, ValueError) as error:
            raise HttpError(f'{method} {_shown(url)}: {error}') from None
        except TimeoutError:
            raise HttpError(f'{method} {_shown(url)}: no answer in time',
                            recoverable=True) from None
        except (aiohttp.ClientError, OSError) as error:
            kind = NobodyListens if isinstance(
                getattr(error, 'os_error', error), ConnectionRefusedError) \
                else HttpError
            raise kind(f'{method} {_shown(url)}: {error}',
                       recoverable=True) from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # limit=0: no common limit, or one hanging peer's connections
            # would use up what the others need.
            connector = idle.Connector(
                limit=0, limit_per_host=self._per_host,
                ssl=self._tls if self._tls is not None else True,
                keepalive_timeout=30)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout,
                json_serialize=json.dumps, trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def close(self) -> None:
        """Close all connections; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None
            # TLS connections finish closing on the loop's next rounds.
            await asyncio.sleep(0)


def _shown(url: str) -> str:
    """A URL, cut, without what may be secret: user, password and query."""
    scheme, _, rest = url.partition('://')
    place = rest.partition('?')[0]
    host, slash, path = place.partition('/')
    return wire.shortened(
        f'{scheme}://{host.rpartition("@")[2]}{slash}{path}')

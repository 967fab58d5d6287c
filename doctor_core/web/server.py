"""The one HTTP server: handlers are plain functions, the loop is hidden."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from aiohttp import http_exceptions, web

from doctor_core import clock, loop, wire
from doctor_core.exceptions import ConfigError, StoreError
from doctor_core.web import certificates, chains, library
from doctor_core.web.connections import (
    Connections,
    Phase,
    share_of_descriptors,
)
from doctor_core.web.exchange import (
    Middleware,
    Refused,
    Request,
    Response,
    Route,
    error_body,
    refused_for_now,
)
from doctor_core.web.pools import Pool, PoolFull

__all__ = ['Gate', 'Refused', 'Request', 'Response', 'Route', 'Server']

LOG = logging.getLogger(__name__)

T = TypeVar('T')

#: What is being answered has so long twice: to end, and to be cancelled.
_CLOSE_S = 1.0
#: Seconds for a body.
BODY_S = 30.0
#: Seconds for which an idle connection is kept for the next request.
_IDLE_S = 75.0
#: Seconds for which the rest of a body is read that nobody wants: who sends
#: it would not see the answer otherwise.
_LINGER_S = 2.0
#: So many connections wait in the kernel; it hands over so many at once.
_BACKLOG, _AT_ONCE = 1024, 32


class Gate(Protocol):
    """Who may do what; a middleware that knows rules."""

    def check(self, routes: Sequence[Route]) -> None:
        """Raise ValueError when a route has no rule that is known."""

    async def __call__(self, request: Request, inner: Callable[
            [Request], Awaitable[Response]]) -> Response:
        """Answer, or raise Refused."""


class Server:
    """Serves routes over HTTP from a thread of its own.

    A path that exists answers 405 to other methods; an unknown one 404; a
    handler that raises, 500 with a logged traceback; all with a JSON error.

    :param routes: what is served.
    :param host: the address to bind.
    :param port: the port, 0 for a free one.
    :param name: for logs and for the thread.
    :param middlewares: outermost first.
    :param gate: comes after these; without one, anybody may do anything.
    :param pools: those that are not a route's own.
    :param errors: makes the JSON error object of a refusal.
    :param tls: ``(certificate file, key file)``, for HTTPS; the key's is
        empty when the certificate's has both.
    :param max_body: the largest body taken, in bytes.
    :param connections: how many there may be at the most; None for half of
        what descriptors the process may have.
    :ivar pools: all that its handlers run in; they end with the server.
    :raises ValueError: the gate does not know the rule of a route.
    :raises ConfigError: the address is empty.
    """

    def __init__(self, routes: Sequence[Route], *, host: str = '127.0.0.1',
                 port: int = 0, name: str = 'http',
                 middlewares: Sequence[Middleware] = (),
                 gate: Gate | None = None, pools: Sequence[Pool] = (),
                 errors: Callable[[Refused], Any] = error_body,
                 tls: tuple[str, str] | None = None,
                 max_body: int = 4 << 20,
                 connections: int | None = None) -> None:
        if not host:  # it would listen on all addresses, and say so nowhere
            raise ConfigError(f'{name}: the address to listen on is empty; '
                              '0.0.0.0 and :: stand for all.')
        self._routes = list(routes)
        self._host = host
        self._port = port
        self._name = name
        self._middlewares = list(middlewares)
        if gate is not None:
            gate.check(self._routes)
        self._gate = gate
        self._connections = Connections(
            name, connections or share_of_descriptors())
        self.pools = list(dict.fromkeys(
            [*pools, *(route.pool for route in routes if route.pool)]))
        self._errors = errors
        self._tls = certificates.Shown(name, *tls) if tls else None
        self._max_body = max_body
        self._thread: loop.LoopThread | None = None
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None

    @property
    def is_crowded(self) -> bool:
        """Whether connections had to be closed lately for new ones."""
        return self._connections.is_crowded

    @property
    def url(self) -> str:
        """Where it is reached; valid once started."""
        scheme = 'https' if self._tls else 'http'
        host = f'[{self._host}]' if ':' in self._host else self._host
        return f'{scheme}://{host}:{self._port}'

    @property
    def port(self) -> int:
        """The bound port; valid once started."""
        return self._port

    def start(self) -> str:
        """Bind and serve; returns when it answers.

        :returns: the base URL.
        :raises ConfigError: the address cannot be bound, or TLS not set up.
        """
        self.renew_certificate()
        self._thread = loop.LoopThread(self._name)
        try:
            self._thread.run(self._start())
        except (OSError, UnicodeError) as error:
            self._thread.stop()
            self._thread = None
            why = getattr(error, 'strerror', None) or error
            raise ConfigError(
                f'{self._name}: cannot listen on {self._host} port '
                f'{self._port}: {why}') from None
        return self.url

    def renew_certificate(self) -> str:
        """Show what the files of TLS hold now to whoever connects from now
        on; any thread may call, at any time.

        :returns: the certificate's file; empty without TLS.
        :raises ConfigError: they cannot be used; what was shown before is
            shown on.
        """
        return self._tls.read() if self._tls else ''

    def stop(self) -> None:
        """Finish what is being answered, within 2 s, and end; idempotent.

        What blocks for longer in a pool is left alone.
        """
        if self._thread is not None:
            self._thread.run(self._stop())
            self._thread.stop()
            self._thread = None
        for pool in self.pools:
            pool.close()

    def call(self, function: Callable[[], T]) -> T:
        """Run a function between two requests; blocks until it has run.

        Called from any thread but the server's own; valid once started.
        """
        async def run() -> T:
            return function()

        assert self._thread is not None
        return self._thread.run(run())

    async def _start(self) -> None:
        app = web.Application(client_max_size=self._max_body)
        # The decorator hides from mypy that the method is bound.
        app.middlewares.append(self._outermost)  # type: ignore[arg-type]
        for route in self._routes:
            app.router.add_route(route.method, route.path, self._wrap(route))
        # handler_cancellation stays off: a peer that hangs up must not stop
        # half of an action.
        self._runner = runner = web.AppRunner(
            app, access_log=None, handle_signals=False,
            shutdown_timeout=_CLOSE_S, keepalive_timeout=_IDLE_S,
            lingering_time=_LINGER_S, logger=library.LOG)
        await runner.setup()
        try:
            self._listening = await self._listen(runner.server)
        except OSError:
            await runner.cleanup()
            raise
        self._port = self._listening.sockets[0].getsockname()[1]

    async def _listen(self, protocols: Any) -> asyncio.Server:
        """Listen for connections, each of which is watched.

        :raises OSError: the address cannot be bound.
        """
        listening = await asyncio.get_running_loop().create_server(
            lambda: self._connections.watch(
                protocols(), self._tls.context if self._tls else None),
            self._host, self._port, reuse_address=True, backlog=_AT_ONCE)
        for one in listening.sockets:
            # asyncio takes so many at once as wait at the most.
            with socket.socket(fileno=os.dup(one.fileno())) as same:
                same.listen(_BACKLOG)
        return listening

    async def _stop(self) -> None:
        assert self._runner is not None
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        await self._runner.cleanup()
        self._connections.close()

    @web.middleware
    async def _outermost(self, raw: web.Request, handler: Any
                         ) -> web.StreamResponse:
        # The connection may be gone by the end, and its transport with it.
        transport = raw.transport
        self._connections.awaits(transport, Phase.ANSWER)
        try:
            return await self._answered(raw, handler)
        finally:
            self._connections.awaits(transport, Phase.NEXT)

    async def _answered(self, raw: web.Request, handler: Any
                        ) -> web.StreamResponse:
        try:
            return await handler(raw)
        except Refused as error:
            refused = error
        except (PoolFull, StoreError) as error:
            refused = refused_for_now(str(error))
        except web.HTTPException as answer:
            refused = library.refused(raw, answer, self._max_body)
        except (http_exceptions.HttpProcessingError,
                web.RequestPayloadError) as error:
            refused = Refused(400, 'The body cannot be read: '
                              f'{library.why(error)}')
        except Exception:  # the outermost frame of a request
            LOG.exception('%s: %s failed', self._name, library.what(raw))
            refused = Refused(500, 'Internal error; see the log.')
        # Of who may not, the gate's owner wants to know.
        if refused.status == 413 or (
                self._gate is not None and refused.status in (401, 403)):
            LOG.warning('%s: %s of %s is refused: %s', self._name,
                        library.what(raw), raw.remote, refused.message)
        return self._refuse(refused)

    def _refuse(self, refused: Refused) -> web.Response:
        return web.json_response(self._errors(refused), status=refused.status,
                                 headers=refused.headers)

    def _wrap(self, route: Route) -> Callable[..., Awaitable[web.Response]]:
        # The gate lets nobody send a body that it does not let pass.
        gate = [self._gate] if self._gate is not None else []
        chain = chains.linked(route, [*self._middlewares, *gate])

        async def serve(raw: web.Request) -> web.Response:
            arrived_at = clock.now()
            request = Request(
                method=raw.method, path=raw.path,
                params=wire.storable(dict(raw.match_info)),
                query=library.storable(raw.query),
                headers=library.storable(raw.headers),
                body=b'', arrived_at=arrived_at, rule=route.rule,
                reader=lambda: self._body(raw))
            if self._gate is None:
                await request.received()
            return library.raw_response(await chain(request))

        return serve

    async def _body(self, raw: web.Request) -> bytes:
        if not raw.body_exists:
            return b''
        self._connections.awaits(raw.transport, Phase.BODY)
        try:
            async with asyncio.timeout(BODY_S):
                return await raw.read()
        except TimeoutError:
            raise Refused(408, 'The body did not arrive within '
                          f'{BODY_S:g} seconds.') from None
        except (ConnectionError, RuntimeError):
            if raw.transport is not None and not raw.transport.is_closing():
                raise
            # Nobody reads it, and nothing is wrong here.
            raise Refused(400, 'The body ends early.') from None
        finally:
            self._connections.awaits(raw.transport, Phase.ANSWER)

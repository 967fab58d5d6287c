"""The one HTTP server: handlers are plain functions, the loop is hidden."""

import asyncio
import dataclasses
import inspect
import json
import logging
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from aiohttp import web

from doctor_core import clock, loop
from doctor_core.exceptions import ConfigError

LOG = logging.getLogger(__name__)

T = TypeVar('T')

_CLOSE_S = 2.0


@dataclasses.dataclass
class Request:
    """What a handler is given.

    :ivar params: the named parts of the path.
    :ivar arrived_at: when its first line was read, before anything else
        was done with it.
    """

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    arrived_at: float
    context: dict[str, Any] = dataclasses.field(default_factory=dict)

    def json(self) -> Any:
        """The decoded body.

        :raises Refused: 400, when it is not JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Refused(400, f'The body is not JSON: {error}') from None


@dataclasses.dataclass
class Response:
    """What a handler answers; ``json`` wins over ``body``."""

    status: int = 200
    json: Any = None
    body: bytes = b''
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    content_type: str = 'text/plain'


class Refused(Exception):  # noqa: N818 - a fact, not a fault of ours
    """Raised by a handler to answer with an error.

    :param status: the HTTP status.
    :param message: for a person.
    :param facts: further members of the JSON error object.
    """

    def __init__(self, status: int, message: str, **facts: Any) -> None:
        self.status = status
        self.message = message
        self.facts = facts
        super().__init__(message)


Handler = Callable[[Request], Response | Awaitable[Response]]
#: Wraps every handler: authentication, latency, error formats.
Middleware = Callable[[Request, Callable[[Request], Awaitable[Response]]],
                      Awaitable[Response]]


@dataclasses.dataclass(frozen=True)
class Route:
    """A method, a path such as ``/v2/alarms/{id}``, and who answers.

    :ivar blocking: run the handler in a thread; others must not block.
    """

    method: str
    path: str
    handler: Handler
    blocking: bool = False


def error_body(refused: Refused) -> dict[str, Any]:
    """Doctor's own form of an error."""
    return {'error': {'code': refused.status, 'message': refused.message,
                      **refused.facts}}


class Server:
    """Serves routes over HTTP from a thread of its own.

    A path that exists answers 405 to other methods; an unknown one 404; a
    handler that raises, 500 with a logged traceback; all with a JSON error.

    :param routes: what is served.
    :param host: the address to bind.
    :param port: the port, 0 for a free one.
    :param name: for logs and for the thread.
    :param middlewares: outermost first.
    :param errors: makes the JSON error object of a refusal.
    :param tls: ``(certificate file, key file)``, for HTTPS.
    :param max_body: the largest body taken, in bytes.
    """

    def __init__(self, routes: Sequence[Route], *, host: str = '127.0.0.1',
                 port: int = 0, name: str = 'http',
                 middlewares: Sequence[Middleware] = (),
                 errors: Callable[[Refused], Any] = error_body,
                 tls: tuple[str, str] | None = None,
                 max_body: int = 4 << 20) -> None:
        self._routes = list(routes)
        self._host = host
        self._port = port
        self._name = name
        self._middlewares = list(middlewares)
        self._errors = errors
        self._tls = tls
        self._max_body = max_body
        self._thread: loop.LoopThread | None = None
        self._runner: web.AppRunner | None = None

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
        context = self._tls_context()
        self._thread = loop.LoopThread(self._name)
        try:
            self._thread.run(self._start(context))
        except OSError as error:
            self._thread.stop()
            self._thread = None
            raise ConfigError(
                f'{self._name}: cannot listen on {self._host} port '
                f'{self._port}: {error.strerror or error}') from None
        return self.url

    def stop(self) -> None:
        """Finish what is being answered, within 2 s, and end; idempotent."""
        if self._thread is None:
            return
        self._thread.run(self._stop())
        self._thread.stop()
        self._thread = None

    def call(self, function: Callable[[], T]) -> T:
        """Run a function between two requests; blocks until it has run.

        Called from any thread but the server's own; valid once started.
        """
        async def run() -> T:
            return function()

        assert self._thread is not None
        return self._thread.run(run())

    def _tls_context(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        try:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self._tls)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f'{self._name}: cannot use the certificate {self._tls[0]} '
                f'with the key {self._tls[1]}: {error}') from None
        return context

    async def _start(self, tls: ssl.SSLContext | None) -> None:
        app = web.Application(client_max_size=self._max_body)
        # The decorator hides from mypy that the method is bound.
        app.middlewares.append(self._outermost)  # type: ignore[arg-type]
        for route in self._routes:
            app.router.add_route(route.method, route.path, self._wrap(route))
        # handler_cancellation stays off: a peer that hangs up must not stop
        # half of an action.
        self._runner = web.AppRunner(app, access_log=None,
                                     handle_signals=False,
                                     shutdown_timeout=_CLOSE_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port,
                           ssl_context=tls, reuse_address=True, backlog=1024)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @web.middleware
    async def _outermost(self, raw: web.Request, handler: Any
                         ) -> web.StreamResponse:
        try:
            return await handler(raw)
        except Refused as refused:
            return self._refuse(refused)
        except web.HTTPException as answer:
            text = answer.reason if answer.status != 404 else \
                f'Nothing is at {raw.path}.'
            response = self._refuse(Refused(answer.status, text))
            if 'Allow' in answer.headers:
                response.headers['Allow'] = answer.headers['Allow']
            return response
        except Exception:  # the outermost frame of a request
            LOG.exception('%s: %s %s failed', self._name, raw.method,
                          raw.path)
            return self._refuse(Refused(500, 'Internal error; see the log.'))

    def _refuse(self, refused: Refused) -> web.Response:
        return web.json_response(self._errors(refused), status=refused.status)

    def _wrap(self, route: Route) -> Callable[..., Awaitable[web.Response]]:
        chain = _caller(route)
        for middleware in reversed(self._middlewares):
            chain = _link(middleware, chain)

        async def serve(raw: web.Request) -> web.Response:
            arrived_at = clock.now()
            request = Request(
                method=raw.method, path=raw.path, params=raw.match_info,
                query=raw.query, headers=raw.headers,
                body=await raw.read() if raw.body_exists else b'',
                arrived_at=arrived_at)
            return _raw_response(await chain(request))

        return serve


def _caller(route: Route) -> Callable[[Request], Awaitable[Response]]:
    handler = route.handler

    async def call(request: Request) -> Response:
        if route.blocking:
            answer = await asyncio.to_thread(handler, request)
        else:
            answer = handler(request)
        if inspect.isawaitable(answer):
            answer = await answer
        return answer

    return call


def _link(middleware: Middleware,
          inner: Callable[[Request], Awaitable[Response]]
          ) -> Callable[[Request], Awaitable[Response]]:
    async def call(request: Request) -> Response:
        return await middleware(request, inner)
    return call


def _raw_response(response: Response) -> web.Response:
    if response.json is not None:
        return web.Response(
            status=response.status, headers=response.headers,
            body=json.dumps(response.json).encode(),
            content_type='application/json')
    return web.Response(status=response.status, headers=response.headers,
                        body=response.body,
                        content_type=response.content_type)


def is_loopback(host: str) -> bool:
    """Whether an address to bind is reached from this machine only."""
    return host == 'localhost' or host == '::1' \
        or re.fullmatch(r'127(\.\d{1,3}){3}', host) is not None

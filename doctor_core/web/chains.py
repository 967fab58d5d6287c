"""What a request goes through: middlewares, its body, its handler."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from doctor_core.web.exchange import Middleware, Request, Response, Route
from doctor_core.web.turns import TurnsPool

Chain = Callable[[Request], Awaitable[Response]]


def linked(route: Route, middlewares: Sequence[Middleware]) -> Chain:
    """A route's handler behind middlewares, the outermost first; the body is
    received when they have let the request pass.
    """
    chain = _link(_receive, _caller(route))
    for middleware in reversed(middlewares):
        chain = _link(middleware, chain)
    return chain


async def _receive(request: Request, inner: Chain) -> Response:
    await request.received()
    return await inner(request)


def _caller(route: Route) -> Chain:
    handler, pool = route.handler, route.pool

    async def call(request: Request) -> Response:
        answer = handler(request)
        if inspect.isawaitable(answer):
            answer = await answer
        return answer

    async def call_in_pool(request: Request) -> Response:
        assert pool is not None
        if route.caller is not None and isinstance(pool, TurnsPool):
            return await pool.run_for(route.caller(request), _encoded,
                                      handler, request)
        return await pool.run(_encoded, handler, request)

    return call if pool is None else call_in_pool


def _encoded(handler: Callable[[Request], Any], request: Request
             ) -> Response:
    answer: Response = handler(request)
    return answer.encoded()


def _link(middleware: Middleware, inner: Chain) -> Chain:
    async def call(request: Request) -> Response:
        return await middleware(request, inner)
    return call

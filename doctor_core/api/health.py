"""Whether the inspector can take up work."""

from collections.abc import Callable, Iterable

from doctor_core.web.exchange import PUBLIC, Request, Response, Route
from doctor_core.web.pools import Pool


def routes(pools: Callable[[], Iterable[Pool]],
           is_crowded: Callable[[], bool]) -> list[Route]:
    """Serve ``/healthcheck``.

    :param pools: what the other handlers run in, asked at each request.
    :param is_crowded: whether there were too many connections lately.
    """
    def health(_request: Request) -> Response:
        full = [pool.name for pool in pools() if pool.is_full]
        if is_crowded():
            full.append('connections')
        if full:
            return Response(json={'status': 'degraded', 'full': full})
        return Response(json={'status': 'ok'})

    return [Route('GET', '/healthcheck', health, rule='doctor:health:get',
                  access=PUBLIC)]

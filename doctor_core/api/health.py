"""Whether the inspector can take up work, and whom it has heard of."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from doctor_core.cloud.contact import Contact
from doctor_core.web.exchange import PUBLIC, Request, Response, Route
from doctor_core.web.pools import Pool

#: The services without which nothing is corrected. They are asked all the
#: time, so that the latest answer is not an old one.
_NEEDED = ('compute', 'network')


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the process knows of others already; nobody is asked for it.

    :ivar bus: whether the broker answers; None when that is not known.
    :ivar cloud: which services answered, by type.
    :ivar monitor_silent_s: seconds since Doctor's own monitor said which
        hosts it hears; None if it never did.
    :ivar hold: whether each new fault is held.
    :ivar state_kept: whether the state file is where it was opened, and takes
        what is written.
    """

    bus: bool | None
    cloud: Mapping[str, Contact]
    monitor_silent_s: float | None
    hold: bool
    state_kept: bool

    def is_missing(self) -> bool:
        """Whether somebody is away without whom nothing gets done, or the
        state is about to be lost.
        """
        return self.bus is False or not self.state_kept or any(
            name in self.cloud and not self.cloud[name].answers
            for name in _NEEDED)

    def shown(self) -> dict[str, Any]:
        """As the answer has it."""
        return {
            'bus': {'answers': self.bus},
            'cloud': {name: {'answers': one.answers,
                             'silent_s': _rounded(one.silent_s)}
                      for name, one in sorted(self.cloud.items())},
            'monitor': {'silent_s': _rounded(self.monitor_silent_s)},
            'hold': self.hold, 'state': {'kept': self.state_kept}}


def routes(pools: Callable[[], Iterable[Pool]],
           is_crowded: Callable[[], bool],
           seen: Callable[[], Seen]) -> list[Route]:
    """Serve ``/healthcheck``.

    It needs no token: it names no host and no address, and shows no words of
    others. What it asks for must not block.

    :param pools: what the other handlers run in, asked at each request.
    :param is_crowded: whether there were too many connections lately.
    :param seen: what is known of others.
    """
    def health(_request: Request) -> Response:
        full = [pool.name for pool in pools() if pool.is_full]
        if is_crowded():
            full.append('connections')
        now = seen()
        is_well = not full and not now.is_missing()
        return Response(json={
            'status': 'ok' if is_well else 'degraded',
            **({'full': full} if full else {}), **now.shown()})

    return [Route('GET', '/healthcheck', health, rule='doctor:health:get',
                  access=PUBLIC)]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)

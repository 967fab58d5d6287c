"""What the monitor holds of each host, over HTTP on loopback."""

import dataclasses
import logging
from collections.abc import Callable

from doctor_core.evidence.panel import Panel
from doctor_core.exceptions import ConfigError
from doctor_core.monitors.base import mostly_unwatched
from doctor_core.web.pools import Pool
from doctor_core.web.server import Request, Response, Route, Server

LOG = logging.getLogger(__name__)


class StatusServer:
    """Answers ``GET /hosts`` and ``GET /healthcheck``.

    It only tells, and only to this machine, so nobody has to say who asks.

    :param panel: who is asked.
    :param port: the port; 0 for a free one.
    :param bus_answers: whether the bus took what it was sent last; None when
        that is not known. Never blocks.
    """

    def __init__(self, panel: Panel, port: int,
                 bus_answers: Callable[[], bool | None]) -> None:
        self._panel = panel
        self._bus_answers = bus_answers
        self._server = Server([
            Route('GET', '/hosts', self.hosts,
                  Pool('host lists', threads=1)),
            Route('GET', '/healthcheck', self.health),
        ], port=port, name='monitor-status')

    @property
    def url(self) -> str:
        """Where it answers; valid once started."""
        return self._server.url

    def start(self) -> None:
        """Serve; a port that is taken is no reason not to watch hosts."""
        try:
            LOG.info('The status of the hosts is at %s/hosts',
                     self._server.start())
        except ConfigError as error:
            LOG.warning('The status of the hosts cannot be asked for: %s',
                        error)

    def stop(self) -> None:
        """End; may be called again."""
        self._server.stop()

    def health(self, _request: Request) -> Response:
        """That it answers, whether anybody hears what it reports, and
        whether it watches most hosts and hears any.
        """
        answers = self._bus_answers()
        is_blind = not self._panel.begun or self._panel.isolated() \
            or mostly_unwatched(self._panel.status())
        return Response(json={
            'status': 'degraded' if answers is False or is_blind else 'ok',
            'bus': {'answers': answers}})

    def hosts(self, _request: Request) -> Response:
        """Every host, and whether the monitor itself is cut off."""
        return Response(json={
            'isolated': self._panel.isolated(),
            'hosts': [{**dataclasses.asdict(status),
                       'host': status.host.name,
                       'addresses': status.host.addresses}
                      for status in self._panel.status()]})

"""Where the collectds of the hosts tell what they notice."""

import logging
import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from doctor_core import wire
from doctor_core.exceptions import InvalidEvent
from doctor_core.model import Fault
from doctor_core.web.exchange import Refused, Request, Response, Route

if TYPE_CHECKING:
    from doctor_core.web.server import Server

LOG = logging.getLogger(__name__)

_TYPES = frozenset({wire.HOST_DOWN, wire.HOST_UP})


class Intake:
    """Takes the events of our plugin in, on a free port of the loopback.

    The path that a host's collectd posts to is its own, and known to nobody
    else: it says who speaks. Each tells of those hosts only that it watches.

    :param take: takes whose collectd says it, and what; does not block.
    :param may_tell: whether the collectd of a host watches another one.
    """

    def __init__(self, take: Callable[[str, Fault], None],
                 may_tell: Callable[[str, str], bool]) -> None:
        self._take = take
        self._may_tell = may_tell
        self._lock = threading.Lock()
        #: By the host; and the hosts by their keys.
        self._keys: dict[str, str] = {}
        self._hosts: dict[str, str] = {}
        self._server: Server | None = None

    def start(self) -> None:
        """Listen.

        :raises ConfigError: it cannot.
        """
        # Not for who only wants to know the options: it takes a while.
        from doctor_core.web.server import Server
        self._server = Server([
            Route('POST', '/{key}/events', self.events),
            Route('GET', '/{key}/healthcheck', self.greet)],
            name='collectd-intake')
        self._server.start()

    @property
    def port(self) -> int:
        """Where it listens, once started."""
        return self._server.port if self._server else 0

    def path(self, hostname: str) -> str:
        """Where the collectd of a host posts to."""
        with self._lock:
            if hostname not in self._keys:
                key = secrets.token_urlsafe(24)
                self._keys[hostname], self._hosts[key] = key, hostname
            return f'/{self._keys[hostname]}/events'

    def stop(self) -> None:
        """End; may be called again, and without a start."""
        if self._server is not None:
            self._server.stop()

    def greet(self, request: Request) -> Response:
        """That somebody listens."""
        self._who(request)
        return Response(json={'status': 'ok'})

    def events(self, request: Request) -> Response:
        """Take events in: 202 when all are."""
        observer = self._who(request)
        try:
            parsed = wire.parse_faults(request.json(), request.arrived_at,
                                       types=_TYPES)
        except InvalidEvent as error:
            raise Refused(400, str(error)) from None
        for refused in parsed.refused:
            raise Refused(400, str(refused))
        for event in parsed.faults:
            if not self._may_tell(observer, event.hostname):
                raise Refused(403, f'The collectd of {observer} does not '
                                   f'watch {event.hostname}.')
        for event in parsed.faults:
            self._take(observer, event)
        return Response(202, {})

    def _who(self, request: Request) -> str:
        host = self._hosts.get(request.params['key'])
        if host is None:
            raise Refused(404, 'There is nothing here.')
        return host

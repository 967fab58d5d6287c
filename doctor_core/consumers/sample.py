"""The webhook of a server's owner."""

import logging
import threading

from oslo_config import cfg

from doctor_core.consumers.base import Consumer
from doctor_core.exceptions import ConfigError
from doctor_core.model import Notice
from doctor_core.plugins import Options
from doctor_core.web.server import Refused, Request, Response, Route, Server

LOG = logging.getLogger(__name__)

PATH = '/failure'


class SampleConsumer(Consumer):
    """Takes Aodh's alarm webhook and keeps every notice with its arrival.

    A notice that comes twice is kept twice: retries may repeat one.

    :ivar rejected: how many requests were not a notice, and answered 400.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.rejected = 0
        self._notices: list[Notice] = []
        self._lock = threading.Lock()
        self._server: Server | None = None

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.HostAddressOpt(
                'host', default='127.0.0.1',
                deprecated_opts=[cfg.DeprecatedOpt('ip', group='consumer')],
                help='The address on which notices are taken in.'),
            cfg.PortOpt(
                'port', default=12346,
                deprecated_opts=[cfg.DeprecatedOpt('port',
                                                   group='consumer')],
                help='The port on which notices are taken in; 0 for a free '
                     'one.'),
            cfg.URIOpt(
                'advertise_url', schemes=['http', 'https'],
                help='The whole URL to alarm, where it differs from '
                     f'http://host:port{PATH}: behind address translation '
                     'or a tunnel, or when host stands for all addresses.'),
        ]

    def start(self) -> str:
        """Begin to listen; what came before an earlier stop is kept.

        :raises ConfigError: it cannot listen there, or nobody could tell at
            which of many addresses.
        """
        options = self.options
        if options.host in ('0.0.0.0', '::') and not options.advertise_url:
            raise ConfigError(
                '[consumer_sample] advertise_url must say at which address '
                f'the consumer is reached when host is {options.host}.')
        self.stop()
        self._server = Server([Route('POST', PATH, self._take)],
                              host=options.host, port=options.port,
                              name='consumer')
        url = self._server.start()
        LOG.info('The consumer listens on %s%s', url, PATH)
        return options.advertise_url or url + PATH

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def received(self) -> list[Notice]:
        with self._lock:
            return list(self._notices)

    def _take(self, request: Request) -> Response:
        try:
            body = request.json()
            if not isinstance(body, dict):
                raise Refused(400, 'The body is not an object.')
        except Refused:
            self.rejected += 1
            raise
        notice = Notice(body, received_at=request.arrived_at)
        with self._lock:
            self._notices.append(notice)
        LOG.info('doctor consumer notified at %.6f of server %s',
                 notice.received_at, _shown(notice.server_id))
        return Response(200)


def _shown(server_id: str) -> str:
    """What anybody may have posted, as it may be logged."""
    return server_id if 0 < len(server_id) < 256 \
        and server_id.isprintable() else '?'

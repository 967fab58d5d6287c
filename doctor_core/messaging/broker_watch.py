"""What the log says of a broker that is away.

oslo.messaging says something of its own, or nothing: whoever only publishes
now and then does not miss the broker, and whoever waits for one at the start
does not say which.
"""

import logging
import socket
from collections.abc import Callable, Sequence

from doctor_core import background, clock
from doctor_core.periodic import Periodic

LOG = logging.getLogger(__name__)

_LOOK_S = 1.0
#: What is shorter is no outage.
_PATIENCE_S = 2.0
_CONNECT_S = 2.0

Place = tuple[str, int]


class BrokerWatch:
    """Says once that a broker does not answer, and once that it does again.

    :param option: where its URL was written.
    :param places: host and port of each of its nodes.
    :param answers: whether it does; None when that is not known. Never
        blocks.
    """

    def __init__(self, option: str, places: Sequence[Place],
                 answers: Callable[[], bool | None]) -> None:
        self._option = option
        self._places = places
        self._answers = answers
        self._missed_at: float | None = None
        self._is_said = False
        self._rounds = Periodic('bus-watch', self.look, _LOOK_S)

    def start(self) -> None:
        """Begin; does not block. Called once."""
        self._rounds.start()

    def stop(self) -> None:
        """End; may be called again, and where nothing was started."""
        self._rounds.stop()

    def look(self) -> None:
        """See whether there is something to say; does not block."""
        answers = self._answers()
        if answers is not False:
            if self._is_said and answers:
                self._is_said = False
                LOG.warning('The broker of %s answers again', self._option)
            self._missed_at = None
            return
        now = clock.monotonic()
        if self._missed_at is None:
            self._missed_at = now
        if not self._is_said and now >= self._missed_at + _PATIENCE_S:
            self._is_said = True
            # Names may take long to resolve.
            background.begin(self._say, 'bus-watch-say')

    def _say(self) -> None:
        LOG.error('The broker of %s does not answer: %s. It is tried again '
                  'all the time', self._option,
                  ', '.join(f'{_shown(place)} ({_tried(place)})'
                            for place in self._places))


def _shown(place: Place) -> str:
    host, port = place
    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'


def _tried(place: Place) -> str:
    """Why nobody can connect to it."""
    try:
        socket.create_connection(place, _CONNECT_S).close()
    except (OSError, UnicodeError) as error:
        return str(getattr(error, 'strerror', None) or error)
    return 'it takes connections, but no messages'

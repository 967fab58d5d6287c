"""What the services of the embedded cloud tell of, and who listens."""

import collections
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from doctor_core import clock, wire

LOG = logging.getLogger(__name__)

_KEPT = 10000

#: The host of all processes but the nova-computes.
CONTROLLER = 'embedded-controller'

#: Called with the event type, the payload and when it was sent.
Listener = Callable[[str, dict[str, Any], float], None]


class Notification(NamedTuple):
    """One notification.

    :ivar service: who sent it, ``nova`` or ``neutron``.
    :ivar topic: where on a bus it belongs.
    :ivar at: when it was sent, in seconds since the epoch.
    :ivar sender: the host of the process that sent it.
    """

    service: str
    topic: str
    event_type: str
    payload: dict[str, Any]
    at: float
    sender: str


class Notifications:
    """Hands each notification to all listeners, and keeps the latest.

    Listeners are called at once, on the cloud's loop; they must not block.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[Notification], None]] = []
        self._log: collections.deque[Notification] = collections.deque(
            maxlen=_KEPT)

    def listen(self, listener: Callable[[Notification], None]) -> None:
        self._listeners.append(listener)

    def send(self, service: str, event_type: str, payload: dict[str, Any],
             topic: str = wire.NOVA_TOPIC, *, sender: str = CONTROLLER
             ) -> None:
        """Send a notification, now; nobody may change the payload later."""
        notification = Notification(service, topic, event_type, payload,
                                    clock.now(), sender)
        self._log.append(notification)
        for listener in self._listeners:
            try:
                listener(notification)
            except Exception:  # the outermost frame of a listener
                LOG.exception('A listener failed on %s', event_type)

    def since(self, at: float) -> list[Notification]:
        """What was sent after a moment, the oldest first."""
        return [notification for notification in self._log
                if notification.at > at]

"""The embedded cloud's end of a message bus.

Of the services only Nova sends: nobody here listens to Neutron's port
updates, and one costs a millisecond of the process that all share.
"""

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from doctor_core import messaging, wire
from doctor_core.embedded import telemetry
from doctor_core.embedded.notifications import Notification
from doctor_core.exceptions import BusError
from doctor_core.model import Event

LOG = logging.getLogger(__name__)

#: Nova's name in notifications, and its exchange.
_NOVA = 'nova'
#: Of ``doctor embedded-cloud``; who else makes a cloud has no user to tell.
_OPTION = '--transport-url'
_MOST_WAITING = 10000
_CLOSE_S = 2.0
_LISTEN_S = 3.0


class BusLink:
    """Sends notifications as Nova does, and hears what Aodh hears.

    A notification that the bus does not take is logged and lost, as it is
    of Nova.

    :param url: the transport URL.
    :param take: Aodh; called from other threads. It listens when this is
        made, unless the broker is away for more than 3 s.
    :raises ConfigError: the URL is not understood.
    """

    def __init__(self, url: str, take: Callable[[Event], None]) -> None:
        conf = messaging.memory_conf()
        self._take = take
        self._waiting: queue.Queue[Notification | None] = queue.Queue(
            _MOST_WAITING)
        self._nova = messaging.Bus(conf, url, exchange=_NOVA, option=_OPTION)
        self._telemetry = messaging.Bus(conf, url, exchange=None,
                                        option=_OPTION)
        self._sender = threading.Thread(
            target=self._send, name='embedded-nova', daemon=True)
        self._sender.start()
        # To listen blocks for as long as there is no broker.
        self._listener = threading.Thread(
            target=self._listen, name='embedded-aodh', daemon=True)
        self._listener.start()
        self._listener.join(_LISTEN_S)
        if self._listener.is_alive():
            LOG.warning('The bus does not answer: Aodh will listen to it as '
                        'soon as it does')

    def put(self, notification: Notification) -> None:
        """Have a notification of Nova sent; never blocks."""
        try:
            if notification.service == _NOVA:
                self._waiting.put_nowait(notification)
        except queue.Full:
            LOG.warning('The bus is too slow: %s is lost',
                        notification.event_type)

    def close(self) -> None:
        """Send what waits, for 2 s at the most, and disconnect."""
        try:
            self._waiting.put_nowait(None)
            self._sender.join(_CLOSE_S)
        except queue.Full:
            LOG.warning('The bus is too slow: notifications are lost')
        self._nova.close()
        # One that never got to listen cannot be told to stop either.
        if not self._listener.is_alive():
            self._telemetry.close()

    def _listen(self) -> None:
        try:
            self._telemetry.listen(wire.AODH_TOPIC, self._hear,
                                   priority=wire.AODH_PRIORITY)
        except Exception:  # the thread's outermost frame
            LOG.exception('Aodh cannot listen to the bus')

    def _send(self) -> None:
        while (notification := self._waiting.get()) is not None:
            try:
                self._nova.publish(
                    notification.topic, notification.event_type,
                    notification.payload)
            except BusError as error:
                LOG.warning('%s is lost: %s', notification.event_type, error)
            except Exception:  # the thread's outermost frame
                LOG.exception('%s is lost', notification.event_type)

    def _hear(self, event_type: str, payload: Any,
              _metadata: Mapping[str, Any]) -> None:
        if event_type == wire.AODH_EVENT_TYPE:
            for event in telemetry.from_bus(payload):
                self._take(event)

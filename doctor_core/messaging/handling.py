"""What becomes of a message that a bus has brought."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import oslo_messaging

from doctor_core import clock, wire
from doctor_core.exceptions import BusError, StoreError

if TYPE_CHECKING:
    from doctor_core.messaging.bus import Bus

LOG = logging.getLogger(__name__)

_ATTEMPTS = 5
_PAUSE_S = 1.0

#: Called with the event type, the payload and the envelope's metadata.
Handler = Callable[[str, Any, Mapping[str, Any]], None]


def dispatched(dispatch: Callable[[Any], Any], topic: str, message: Any
               ) -> Any:
    """What becomes of a message; one that is no notification is dropped.

    A handler does not raise in here, so it is the envelope. Oslo.messaging
    would have it come again at once, and for ever.
    """
    try:
        return dispatch(message)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        LOG.error('A message on %s is no notification, and was dropped: %s',
                  topic, wire.shortened(f'{type(error).__name__}: {error}'))
    except Exception:
        LOG.exception('A message on %s was dropped', topic)
    return oslo_messaging.NotificationResult.HANDLED


class Endpoint:
    """What oslo.messaging calls; it finds the priority by the name."""

    def __init__(self, bus: 'Bus', topic: str, handler: Handler,
                 priority: str, in_order: bool = False) -> None:
        self._bus = bus
        self._in_order = in_order
        self._topic = topic
        self._handler = handler
        self._failures: dict[str, int] = {}
        setattr(self, priority, self._handle)

    def _handle(self, _ctxt: Any, _publisher: str, event_type: str,
                payload: Any, metadata: Mapping[str, Any]) -> Any:
        while True:
            try:
                self._handler(event_type, payload, metadata)
            except Exception as error:  # the outermost frame of a listener
                LOG.error('A message on %s failed: %s', self._topic, error,
                          exc_info=not isinstance(error, StoreError))
                result = self._failed(event_type, payload, metadata)
                # What the broker brings again comes after others.
                if self._in_order and not self._bus.is_closing \
                        and self._failures.get(str(metadata.get(
                            'message_id')), _ATTEMPTS) < _ATTEMPTS:
                    continue
                return result
            self._failures.pop(str(metadata.get('message_id')), None)
            return oslo_messaging.NotificationResult.HANDLED

    def _failed(self, event_type: str, payload: Any,
                metadata: Mapping[str, Any]) -> Any:
        message_id = str(metadata.get('message_id'))
        count = self._failures.get(message_id, 0) + 1
        self._failures[message_id] = count
        what = wire.escaped(f'{message_id} ({event_type})')
        LOG.error('Message %s on %s could not be handled, time %d of %d',
                  what, self._topic, count, _ATTEMPTS)
        if count < _ATTEMPTS:
            clock.sleep(_PAUSE_S)
            return oslo_messaging.NotificationResult.REQUEUE
        try:
            self._bus.publish(f'{self._topic}.dead', event_type, payload)
        except BusError:
            clock.sleep(_PAUSE_S)
            return oslo_messaging.NotificationResult.REQUEUE
        LOG.error('Message %s was set aside on %s.dead', what, self._topic)
        self._failures.pop(message_id, None)
        return oslo_messaging.NotificationResult.HANDLED

"""The bus that Nova, Ceilometer and Aodh share."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oslo_config import cfg

from doctor_core import clock, messaging, wire
from doctor_core.exceptions import BusError
from doctor_core.model import Checkpoint, Event, Stage


class DeploymentBus:
    """Connected when it is first needed; each method from any thread.

    :param conf: the URL is ``[cloud] notifications_transport_url``.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._lock = threading.Lock()
        self._bus: messaging.Bus | None = None

    def publish(self, events: Sequence[Event]) -> None:
        """Send events straight to Aodh; blocks until the broker has them.

        :raises BusError: they were not taken, or there is no bus.
        """
        self._connected().publish(
            wire.AODH_TOPIC, wire.AODH_EVENT_TYPE,
            [wire.event_to_payload(event) for event in events],
            priority=wire.AODH_PRIORITY)

    def overhear(self, topic: str, exchange: str,
                 handler: messaging.Handler) -> None:
        """Have a handler called with a copy of what goes to a topic of
        Aodh's, from now on.

        :raises BusError: the broker does not allow it, or there is no bus.
        :raises ConfigError: the broker refuses user, password or virtual
            host.
        """
        self._connected().overhear(topic, handler, exchange=exchange,
                                   priority=wire.AODH_PRIORITY)

    def listen_to_nova(self, hear: messaging.Handler,
                       checkpoint: Callable[[Checkpoint], None],
                       name: str = '') -> None:
        """Hear of each of Nova's notifications from now on; nothing where
        the URL is not set.

        :param hear: called with the event type, the payload, and the metadata
            that have the time that it was sent.
        :param checkpoint: takes a stamp when Nova tells of a server in
            error.
        :param name: whose queue it is, so that one who comes back finds it.
        :raises BusError: the broker does not allow it.
        :raises ConfigError: as :meth:`overhear`.
        """
        section = self._conf.cloud
        if not section.notifications_transport_url:
            return

        def take(event_type: str, payload: Any,
                 metadata: Mapping[str, Any]) -> None:
            if not isinstance(payload, dict):
                return
            hear(event_type, payload, metadata)
            if event_type == wire.INSTANCE_UPDATE \
                    and payload.get('state') == 'error':
                checkpoint(_notified(payload, metadata))

        self._connected().overhear(
            section.notifications_topic, take,
            exchange=section.notifications_exchange, name=name)

    def close(self) -> None:
        """Listen no more, and disconnect; may be called again."""
        with self._lock:
            bus = self._bus
        if bus is not None:
            bus.close()

    def _connected(self) -> messaging.Bus:
        with self._lock:
            if self._bus is None:
                url = self._conf.cloud.notifications_transport_url
                if not url:
                    raise BusError('[cloud] notifications_transport_url is '
                                   'not set, so Aodh cannot be told at once')
                self._bus = messaging.Bus(self._conf, url, exchange=None,
                                          retry=self._conf.bus.retry)
            return self._bus


def own_queue(hostname: str, topic: str) -> str:
    """The name of an inspector's queue of Nova's notifications: its own
    again after a restart, and no other's. Two on one machine that shared it
    would each hear of half of the servers.

    :param hostname: of the machine.
    :param topic: of its faults, by which inspectors are told apart.
    """
    return hostname if topic == wire.FAULTS_TOPIC else f'{hostname}-{topic}'


def _notified(payload: Mapping[str, Any], metadata: Mapping[str, Any]
              ) -> Checkpoint:
    """The stamp of Nova's news of a server."""
    return Checkpoint(
        Stage.NOVA_NOTIFIED, wire.sent_at(metadata, clock.now()),
        str(payload.get('host') or ''),
        str(payload.get('instance_id') or ''))

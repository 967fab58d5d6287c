"""The inspector: faults from the bus and over HTTP, to told owners."""

import collections
import gc
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from oslo_config import cfg

from doctor_core import clock, events, messaging, plugins, store
from doctor_core.alarms import api as alarms_api
from doctor_core.alarms import wire
from doctor_core.cloud import Cloud
from doctor_core.exceptions import BackendError, BusError, InvalidEvent
from doctor_core.inspectors.affected import AffectedMap
from doctor_core.model import (
    Alarm,
    Checkpoint,
    Event,
    Fault,
    Notice,
    Stage,
)
from doctor_core.notifiers.deliverer import Deliverer
from doctor_core.services import intake
from doctor_core.services.handler import FaultHandler
from doctor_core.services.response import Means, Report
from doctor_core.services.upkeep import Upkeep
from doctor_core.web import server as web

LOG = logging.getLogger(__name__)

_DRAIN_S = 5.0
_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 30.0
_REMEMBERED = 1000

Stamp = Callable[[Checkpoint], None]


def _no_stamp(_checkpoint: Checkpoint) -> None:
    """Without a profiler nobody wants the stamps."""


class Outlets:
    """Where an alarm manager's notices, events and stamps go."""

    def __init__(self, deliverer: Deliverer, aodh_bus: Callable[[],
                 messaging.Bus], checkpoint: Stamp) -> None:
        self._deliverer = deliverer
        self._aodh_bus = aodh_bus
        self.checkpoint = checkpoint

    def deliver(self, action: str, notice: Notice) -> 'Future[None]':
        return self._deliverer.deliver(action, notice)

    def publish(self, updates: Sequence[Event]) -> None:
        self._aodh_bus().publish(
            events.AODH_TOPIC, events.AODH_EVENT_TYPE,
            [events.event_to_payload(update) for update in updates],
            priority=events.AODH_PRIORITY)

    def overhear(self, topic: str, exchange: str,
                 handler: messaging.Handler) -> None:
        self._aodh_bus().overhear(topic, handler, exchange=exchange,
                                  priority=events.AODH_PRIORITY)


class Reports:
    """The latest reports by fault, for those who wait for one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._reports: collections.OrderedDict[str, Report] = \
            collections.OrderedDict()

    def put(self, fault_id: str, report: Report) -> None:
        """Remember what became of an event, and wake who waits for it."""
        with self._changed:
            self._reports[fault_id] = report
            while len(self._reports) > _REMEMBERED:
                self._reports.popitem(last=False)
            self._changed.notify_all()

    def wait(self, fault_id: str, timeout_s: float) -> Report | None:
        """Block until the event was handled; None when it took longer."""
        with self._changed:
            self._changed.wait_for(lambda: fault_id in self._reports,
                                   timeout_s)
            return self._reports.get(fault_id)


class InspectorService:
    """Everything that the inspector daemon runs, in the order it needs.

    :param conf: the configuration.
    :param cloud: the OpenStack APIs; made from ``conf`` when None.
    :param bus: the bus of faults; made from ``conf`` when None.
    :param checkpoint: takes the stamps of the profiler.
    :param state_file: where state is kept; empty for memory only, None for
        the file below ``[DEFAULT] state_path``.
    """

    def __init__(self, conf: cfg.ConfigOpts, *, cloud: Cloud | None = None,
                 bus: messaging.Bus | None = None,
                 checkpoint: Stamp = _no_stamp,
                 state_file: str | None = None) -> None:
        self._conf = conf
        self._checkpoint = checkpoint
        self._cloud = cloud or Cloud.from_conf(conf)
        self._owns_cloud = cloud is None
        self._bus = bus or messaging.Bus(conf, conf.bus.transport_url,
                                         retry=conf.bus.retry)
        self._owns_bus = bus is None
        self._nova_bus: messaging.Bus | None = None
        self._nova_bus_lock = threading.Lock()
        if state_file is None:
            state_file = os.path.join(conf.state_path, 'inspector.sqlite')
        # One that keeps its state comes back, and finds its queue again.
        self._queue = socket.gethostname() if state_file else ''
        self._store = store.Store(state_file)
        self._reports = Reports()
        self._stopping = threading.Event()
        self._deliverer = Deliverer(conf)
        self.alarms = plugins.chosen(conf, 'alarms')(
            conf, self._cloud,
            Outlets(self._deliverer, self._deployments_bus, checkpoint))
        self._inspector = plugins.chosen(conf, 'inspectors')(
            conf, self._cloud)
        self._affected = AffectedMap(
            self._cloud,
            with_ports=conf.inspector.update_port_data_plane_status)
        self._handler = FaultHandler(Means(
            settings=conf.inspector, affected=self._affected,
            inspector=self._inspector, alarms=self.alarms, kept=self._store,
            checkpoint=checkpoint, stopping=self._stopping))
        self._server = self._make_server()
        self._upkeep = Upkeep(conf.inspector, self._handler, self._affected,
                              self._stopping)

    def _make_server(self) -> web.Server:
        settings = self._conf.inspector
        gate = intake.Gate(settings, self._cloud.validate_token)
        routes = intake.Intake(settings, self.publish, self._reports,
                               self._store,
                               self._handler.holding.confirm).routes()
        book = getattr(self.alarms, 'book', None)
        if book is not None:
            self._keep_alarms()
            routes += alarms_api.routes(book, gate.who,
                                        changed=self.alarms.changed)
        tls = (settings.tls_cert, settings.tls_key) \
            if settings.tls_cert else None
        return web.Server(routes, host=str(settings.host),
                          port=settings.port, name='inspector',
                          middlewares=[gate], tls=tls)

    def _keep_alarms(self) -> None:
        """Have the alarms that are evaluated here outlive the process."""
        self.alarms.load(wire.alarm_from_json(document)
                         for document in self._store.alarms())

        def changed(change: Alarm | str) -> None:
            if isinstance(change, str):
                self._store.delete_alarm(change)
            else:
                self._store.save_alarm(change.id, wire.alarm_to_json(change))

        self.alarms.changed = changed

    @property
    def url(self) -> str:
        """Where events are taken in; valid once started."""
        return self._server.url

    def start(self) -> None:
        """Take up work; blocks until Nova has answered.

        A cloud that cannot be reached is asked again and again, with growing
        pauses, until :meth:`stop` is called.

        :raises ConfigError: something that only the operator can mend.
        """
        if not self._insist(self._cloud.check):
            return
        self._inspector.start()
        # Nova is listened to before it is looked at: nothing is missed.
        if self._conf.cloud.notifications_transport_url:
            self._listen_to_nova()
        if not self._insist(self._affected.refresh):
            return
        self._upkeep.start()
        self._bus.listen(self._conf.bus.topic, self._take)
        messaging.ping(self._bus, self._conf.bus.topic)
        self._server.start()
        # What is here to stay need not be looked through in a fault: a full
        # collection takes as long as it does to tell ten owners.
        gc.collect()
        gc.freeze()

    def stop(self) -> None:
        """End without losing anything; may be called again, or early.

        What is under way has 5 s; what is left is done at the next start.
        """
        self._stopping.set()
        self._server.stop()
        self._deliverer.close(_DRAIN_S)
        self._inspector.stop()
        if self._owns_cloud:
            self._cloud.close()
        self._bus.stop_listening()
        self._upkeep.join()
        if self._nova_bus is not None:
            self._nova_bus.close()
        if self._owns_bus:
            self._bus.close()
        self._store.close()

    def prove_alive(self) -> None:
        """Return when what takes events in and what tells the owners have
        each gone round once more.
        """
        self._server.call(lambda: None)
        self._deliverer.go_round()

    def undo(self) -> list[str]:
        """Take away what the inspector has made in other services; blocks.

        :returns: what is left, to be removed by hand, and why.
        """
        return self._inspector.undo()

    def publish(self, fault: Fault) -> None:
        """Put a fault on the bus; blocks until the broker has it.

        :raises BusError: it was not taken.
        """
        self._bus.publish(self._conf.bus.topic, fault.type,
                          events.fault_to_payload(fault))

    def wait(self, fault_id: str, timeout_s: float) -> Report | None:
        """Block until an event was handled; None when it took longer."""
        return self._reports.wait(fault_id, timeout_s)

    def refresh(self) -> None:
        """Look at the cloud anew; blocks; raises BackendError."""
        self._affected.refresh()

    def _insist(self, ask: Callable[[], object]) -> bool:
        """Ask the cloud until it answers; False when we end before."""
        pause_s = _FIRST_RETRY_S
        while not self._stopping.is_set():
            try:
                ask()
                return True
            except BackendError as error:
                LOG.error('The cloud cannot be used yet: %s. Trying again in '
                          '%.0f s.', error, pause_s)
            self._stopping.wait(pause_s)
            pause_s = min(2 * pause_s, _LAST_RETRY_S)
        return False

    def _take(self, event_type: str, payload: Any,
              _metadata: Mapping[str, Any]) -> None:
        """Called by the bus, for several messages at a time."""
        if event_type == events.PING:
            return
        try:
            fault = events.fault_from_payload(payload, clock.now())
        except InvalidEvent as error:
            LOG.error('A message on %s is no fault and is dropped: %s',
                      self._conf.bus.topic, error)
            return
        try:
            report = self._handler.handle(fault)
        except BackendError as error:
            if not self._stopping.is_set():
                raise
            # What it calls for is in the store.
            LOG.warning('Fault %s of host %s is left for the next start: %s',
                        fault.id, fault.hostname, error)
            return
        self._reports.put(fault.id, report)

    def _deployments_bus(self) -> messaging.Bus:
        """The bus that Nova, Ceilometer and Aodh share."""
        with self._nova_bus_lock:
            if self._nova_bus is None:
                url = self._conf.cloud.notifications_transport_url
                if not url:
                    raise BusError('[cloud] notifications_transport_url is '
                                   'not set, so Aodh cannot be told at once')
                self._nova_bus = messaging.Bus(
                    self._conf, url, exchange=None,
                    retry=self._conf.bus.retry)
            return self._nova_bus

    def _listen_to_nova(self) -> None:
        self._deployments_bus().overhear(
            self._conf.cloud.notifications_topic, self._hear,
            exchange=self._conf.cloud.notifications_exchange,
            name=self._queue)

    def _hear(self, event_type: str, payload: Any,
              metadata: Mapping[str, Any]) -> None:
        if not isinstance(payload, dict):
            return
        self._affected.hear(event_type, payload)
        if event_type == events.INSTANCE_UPDATE \
                and payload.get('state') == 'error':
            self._checkpoint(Checkpoint(
                Stage.NOVA_NOTIFIED, events.sent_at(metadata, clock.now()),
                str(payload.get('host') or ''),
                str(payload.get('instance_id') or '')))

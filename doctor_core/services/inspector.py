"""The inspector: faults from the bus and over HTTP, to told owners."""

import gc
import logging
import os
import socket
import threading
from collections.abc import Callable

from oslo_config import cfg

from doctor_core import background, clock, messaging, plugins, store
from doctor_core.api import events as events_api
from doctor_core.api import health as health_api
from doctor_core.api import serving
from doctor_core.api.clearing import Clearing
from doctor_core.api.faults import FaultsApi
from doctor_core.cloud import Cloud
from doctor_core.exceptions import BackendError, ConfigError, DoctorError
from doctor_core.faults import settings
from doctor_core.faults.answer import Answer
from doctor_core.faults.engine import Engine
from doctor_core.model import Checkpoint
from doctor_core.notifiers.deliverer import Deliverer
from doctor_core.ownership import Ownership
from doctor_core.periodic import Periodic
from doctor_core.services import new_state
from doctor_core.services.alarm_outlets import AlarmOutlets
from doctor_core.services.deployment_bus import DeploymentBus, own_queue
from doctor_core.services.reception import Reception
from doctor_core.web import auth
from doctor_core.web import server as web

LOG = logging.getLogger(__name__)

_DRAIN_S = 5.0
_FIRST_RETRY_S = 1.0
#: Whoever lost a host meanwhile waits for it.
_LAST_RETRY_S = 5.0
#: How seldom the same reason is said again.
_SAY_AGAIN_S = 30.0
#: For how long the first look at the cloud may take before events are taken
#: in without it.
_PATIENCE_S = 1.0
#: How often it is looked whether the state file is still there, and takes
#: what is written.
_PLACE_S = 20.0

Stamp = Callable[[Checkpoint], None]


def _no_stamp(_checkpoint: Checkpoint) -> None:
    """Without a profiler nobody wants the stamps."""


class InspectorService:
    """Everything that the inspector daemon runs, in the order it needs.

    :param conf: the configuration.
    :param cloud: the OpenStack APIs; made from ``conf`` when None.
    :param bus: the bus of faults; made from ``conf`` when None.
    :param checkpoint: takes the stamps of the profiler.
    :param state_file: where state is kept; empty for memory only, None for
        the file below ``[DEFAULT] state_path``, which no other process may
        have meanwhile.
    :raises ConfigError: one has it; or something else that only the operator
        can mend.
    """

    def __init__(self, conf: cfg.ConfigOpts, *, cloud: Cloud | None = None,
                 bus: messaging.Bus | None = None,
                 checkpoint: Stamp = _no_stamp,
                 state_file: str | None = None) -> None:
        self._conf = conf
        if state_file is None:
            state_file = os.path.join(conf.state_path, 'inspector.sqlite')
        # Before all else: two on one file would tell owners twice.
        self._ownership = Ownership(
            state_file,
            'two inspectors would tell owners twice, or not at all')
        self._checkpoint = checkpoint
        self._cloud = cloud or Cloud.from_conf(conf)
        self._owns_cloud = cloud is None
        self._bus = bus or messaging.Bus(conf, conf.bus.transport_url,
                                         retry=conf.bus.retry)
        self._owns_bus = bus is None
        self._state_file = state_file
        self._deployment_bus = DeploymentBus(conf)
        # One that keeps its state comes back, and finds its queue again.
        self._queue = own_queue(socket.gethostname(), conf.bus.topic) \
            if state_file else ''
        self._store = store.Store(state_file)
        self._watch = Periodic('state-file', self._store.look, _PLACE_S)
        self._deliverer = Deliverer(conf)
        self.alarms = plugins.make(
            conf, 'alarms', self._cloud,
            AlarmOutlets(self._deliverer.deliver,
                         self._deployment_bus.publish,
                         self._deployment_bus.overhear, checkpoint),
            self._store.alarms)
        self._inspector = plugins.make(conf, 'inspectors', self._cloud)
        self._own_monitors = plugins.names('monitors')
        self._engine = Engine(
            lambda: settings.settings(conf), self._cloud, self._store,
            self._inspector, self.alarms, self._own_monitors,
            checkpoint, lambda answer: self._reception.answer_waiting(answer),
            settled=lambda report_id, answer: self._reception.settle(
                report_id, answer))
        self._reception = Reception(conf.bus.topic, self._engine,
                                    self._store)
        self._stopping = self._engine.stopping
        self._server = self._make_server()
        self._opening = threading.Lock()
        self._serves = False
        self._is_open = False
        self._looked = threading.Event()
        self._said = ('', 0.0)

    def _make_server(self) -> web.Server:
        section = self._conf.inspector
        gate = auth.Gate(section, self._cloud.validate_token,
                         self._cloud.known_token)
        events = events_api.Events(section, self.publish,
                                   self._reception.outcomes,
                                   self._store.arrivals.next)
        clearing = Clearing(
            self._store, self._engine.handler, self._engine.lifting,
            # Who waits for the return hears of it, too.
            self._reception.answer_waiting, self._own_monitors)
        routes = [
            *events.routes(),
            *FaultsApi(self._store, self._engine.holding.confirm,
                       self._engine.affected.resolve,
                       self._holds, self._engine.holding.turns).routes(),
            *clearing.routes(),
            *health_api.routes(lambda: self._server.pools,
                               lambda: self._server.is_crowded, self._seen),
            *self.alarms.routes(gate)]
        return serving.server(section, gate, routes,
                              [*events.pools, *clearing.pools])

    def _seen(self) -> health_api.Seen:
        return health_api.Seen(
            self._bus.answers, self._cloud.contacts(),
            self._reception.monitor_silent_s, self._holds(),
            self._store.is_kept)

    def _holds(self) -> bool:
        return bool(self._conf.inspector.hold)

    @property
    def url(self) -> str:
        """Where events are taken in; valid once started."""
        return self._server.url

    def start(self) -> None:
        """Take up work; blocks until Nova has answered.

        A cloud that cannot be reached is asked again and again, with growing
        pauses, until :meth:`stop` is called. Meanwhile owners are told who
        are owed it, and events are taken in, which wait; nothing is decided
        or corrected before the first look.

        :raises ConfigError: something that only the operator can mend.
        """
        if said := settings.ignored(self._conf):
            LOG.warning('%s', said)
        self._watch.start()
        self._engine.handler.hold()
        background.begin(self._begin_early, 'begin-early')
        if not self._insist(self._cloud.check):
            return
        self._inspector.start()
        # Nova is listened to before it is looked at: nothing is missed.
        self._deployment_bus.listen_to_nova(
            self._engine.affected.hear, self._checkpoint, self._queue)
        if not self._insist(self._engine.affected.refresh):
            return
        self._looked.set()
        self._engine.meanwhile.stop()
        self._engine.handler.go_on()
        self._note_new_state()
        self._engine.owed.start()
        self._open()
        # What is here to stay need not be looked through in a fault: a full
        # collection takes as long as it does to tell ten owners.
        gc.collect()
        gc.freeze()

    def _begin_early(self) -> None:
        """See to what does not need Nova, if the first look takes long."""
        if self._stopping.wait(_PATIENCE_S) or self._looked.is_set():
            return
        self._engine.meanwhile.start()
        try:
            self._open()
        except DoctorError as error:  # who waits for Nova raises it, too
            LOG.error('Events cannot be taken in yet: %s', error)
            return
        except Exception:  # the thread's outermost frame
            LOG.exception('Events cannot be taken in yet')
            return
        if not self._looked.is_set():
            LOG.warning('The cloud was not looked at yet. Events are taken '
                        'in at %s/events, and wait for that', self.url)

    def _open(self) -> None:
        """Take events in, from the bus and over HTTP."""
        with self._opening:
            if self._is_open or self._stopping.is_set():
                return
            if not self._serves:
                # It says how things are while the broker is waited for, too.
                self._server.start()
                self._serves = True
                # A start that fails leaves a new file as new as it was. The
                # first arrival is written; not while somebody waits for it.
                self._store.arrivals.next()
                self._ownership.keep()
            self._reception.listen(self._bus)
            self._is_open = True

    def _note_new_state(self) -> None:
        """Say it once when a file of state that was there may be lost."""
        if self._state_file and self._store.is_new():
            said = new_state.warning(
                self._state_file, was_kept=self._ownership.was_kept,
                forced_down=self._engine.affected.forced_down())
            if said:
                LOG.warning('%s', said)

    def stop(self) -> None:
        """End without losing anything; may be called again, or early.

        What is under way has 5 s; what is left is done at the next start.
        """
        self._stopping.set()
        # Who opens is through, unless the broker is away.
        if self._opening.acquire(timeout=_PATIENCE_S):
            self._opening.release()
        self._reception.close_outcomes()
        self._server.stop()
        self._deliverer.close(_DRAIN_S)
        self._inspector.stop()
        if self._owns_cloud:
            self._cloud.close()
        self._bus.stop_listening()
        self._reception.close()
        self._engine.meanwhile.stop()
        self._engine.owed.join()
        self.alarms.close()
        self._deployment_bus.close()
        self._engine.affected.close()
        if self._owns_bus:
            self._bus.close()
        self._watch.stop()
        self._store.close()
        self._ownership.give_up()

    def renew(self) -> str:
        """Use the TLS files as they are now: the server's certificate, and
        what the cloud is verified by.

        :returns: which, for the log; empty when there are none.
        :raises ConfigError: some cannot be used, and go on as before.
        """
        used, refused = [], []
        for words, read in (
                ('shows the certificate {} as it is now',
                 self._server.renew_certificate),
                ('asks the cloud with {} as read now', self._cloud.renew)):
            try:
                if files := read():
                    used.append(words.format(files))
            except ConfigError as error:
                refused.append(str(error))
        if refused:
            raise ConfigError('; '.join([*refused, *used]))
        return ', '.join(used)

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

    def publish(self, report: messaging.Report) -> None:
        """Put a report on the bus; blocks until the broker has it.

        :raises BusError: it was not taken.
        """
        messaging.publish(self._bus, self._conf.bus.topic, report)

    def wait(self, fault_id: str, timeout_s: float) -> Answer | None:
        """Block until an event was handled; None when it took longer."""
        return self._reception.wait(fault_id, timeout_s)

    def refresh(self) -> None:
        """Look at the cloud anew; blocks; raises BackendError."""
        self._engine.affected.refresh()

    def _insist(self, ask: Callable[[], object]) -> bool:
        """Ask the cloud until it answers; False when we end before."""
        for attempt in clock.Backoff(first_s=_FIRST_RETRY_S,
                                     last_s=_LAST_RETRY_S,
                                     stop=self._stopping,
                                     failed=self._note_failure):
            with attempt:
                ask()
                return True
        return False

    def _note_failure(self, error: BackendError, pause_s: float) -> None:
        why, now = str(error), clock.monotonic()
        said, at = self._said
        is_said = why == said and now < at + _SAY_AGAIN_S
        if not is_said:
            self._said = why, now
        LOG.log(logging.DEBUG if is_said else logging.ERROR,
                'The cloud cannot be used yet: %s. Trying again in %.0f s.',
                why, pause_s)

"""The monitor: watches hosts and puts their faults on the bus."""

import logging
import os
import threading
from collections.abc import Callable, Collection, Sequence

from oslo_config import cfg

from doctor_core import events, messaging, plugins
from doctor_core.cloud import Cloud
from doctor_core.exceptions import BackendError
from doctor_core.model import Fault, Host
from doctor_core.services import monitor_status
from doctor_core.services.hosts import HostSource
from doctor_core.services.reported import Reported

LOG = logging.getLogger(__name__)

_DRAIN_S = 5.0


class MonitorService:
    """The monitor that ``[monitor] type`` names, watching these hosts.

    :param hosts: what to watch.
    :param publish: takes each fault, from any thread; must not block.
    :param down: the names of those that were reported down before.
    """

    def __init__(self, conf: cfg.ConfigOpts, hosts: Sequence[Host],
                 publish: Callable[[Fault], None],
                 down: Collection[str] = ()) -> None:
        self._hosts = hosts
        self.monitor = plugins.chosen(conf, 'monitors')(conf, publish)
        self.monitor.presume_down(down)

    def start(self) -> None:
        """Begin to watch; blocks on DNS only.

        :raises ConfigError: hosts cannot be watched here.
        """
        self.monitor.start(self._hosts)

    def stop(self) -> None:
        """End watching; may be called again."""
        self.monitor.stop()


class MonitorDaemon:
    """``doctor-monitor``: finds the hosts, watches them, tells the bus.

    :param cloud: where hosts are looked up that the configuration does not
        list; made from ``conf`` when None.
    :param bus: the bus of faults; made from ``conf`` when None.
    """

    def __init__(self, conf: cfg.ConfigOpts, *, cloud: Cloud | None = None,
                 bus: messaging.Bus | None = None) -> None:
        self._conf = conf
        self._source = HostSource(conf, cloud)
        self._hosts: list[Host] = []
        self._owns_bus = bus is None
        self._bus = bus or messaging.Bus(conf, conf.bus.transport_url,
                                         retry=conf.bus.retry)
        self._reported = Reported(
            os.path.join(conf.state_path, 'monitor.json'))
        self._publisher = messaging.FaultPublisher(self._publish)
        self._stopping = threading.Event()
        self._service: MonitorService | None = None
        self._status: monitor_status.StatusServer | None = None
        self._upkeep = threading.Thread(target=self._keep_up,
                                        name='monitor-upkeep', daemon=True)

    def start(self) -> None:
        """Begin to watch; blocks until the hosts are known.

        A cloud that cannot be reached is asked again and again, with growing
        pauses, until :meth:`stop` is called.

        :raises ConfigError: something that only the operator can mend.
        """
        self._hosts = self._source.wait(self._stopping)
        if not self._hosts:
            return
        messaging.ping(self._bus, self._conf.bus.topic)
        self._service = MonitorService(self._conf, self._hosts,
                                       self._publisher.put,
                                       self._reported.down)
        self._service.start()
        self._status = monitor_status.StatusServer(
            self._service.monitor, self._conf.monitor.status_port)
        self._status.start()
        self._upkeep.start()
        if self._stopping.is_set():
            self._service.stop()

    def stop(self) -> None:
        """End; what was seen is sent first, for up to 5 s."""
        self._stopping.set()
        if self._upkeep.is_alive():
            self._upkeep.join()
        if self._status:
            self._status.stop()
        if self._service:
            self._service.stop()
        for fault in self._publisher.close(_DRAIN_S):
            LOG.error('Host %s is %s since %f, and the bus did not take it',
                      fault.hostname, fault.status, fault.detected_at)
        self._source.close()
        if self._owns_bus:
            self._bus.close()

    def prove_alive(self) -> None:
        """Return when the monitor has gone round once more."""
        if self._service:
            self._service.monitor.prove_alive()

    def describe(self) -> str:
        """What it does, for the log."""
        return (f'{len(self._hosts)} hosts are watched by '
                f'{self._conf.monitor.type}, faults go to topic '
                f'{self._conf.bus.topic}')

    def _publish(self, fault: Fault) -> None:
        self._bus.publish(self._conf.bus.topic, fault.type,
                          events.fault_to_payload(fault))
        self._reported.note(fault)

    def _keep_up(self) -> None:
        """Look now and then which hosts there are, and where."""
        while not self._stopping.wait(self._conf.monitor.refresh_s):
            try:
                self.refresh()
            except BackendError as error:
                LOG.warning('Which hosts there are could not be renewed: %s',
                            error)
            except Exception:  # the thread's outermost frame
                LOG.exception('A round of the monitor\'s upkeep failed')

    def refresh(self) -> None:
        """Watch the hosts that there are now; blocks.

        :raises BackendError: Nova did not tell; all goes on as before.
        """
        hosts = self._source.hosts()
        old, new = ({host.name for host in known}
                    for known in (self._hosts, hosts))
        if old != new:
            LOG.info('Hosts that are new: %s; gone: %s',
                     ', '.join(sorted(new - old)) or 'none',
                     ', '.join(sorted(old - new)) or 'none')
        self._hosts = hosts
        if self._service:
            self._service.monitor.update(hosts)

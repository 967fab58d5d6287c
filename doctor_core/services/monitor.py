"""The monitor: watches hosts and puts their faults on the bus."""

import dataclasses
import logging
import threading

from oslo_config import cfg

from doctor_core import messaging, wire
from doctor_core.cloud import Cloud
from doctor_core.exceptions import BusError, ConfigError
from doctor_core.model import Fault
from doctor_core.ownership import InUse, Ownership
from doctor_core.periodic import Periodic
from doctor_core.services import chosen
from doctor_core.services.hosts import HostSource
from doctor_core.services.monitor_status import StatusServer
from doctor_core.services.reported import Numbering, Reported
from doctor_core.wording import counted

LOG = logging.getLogger(__name__)

_DRAIN_S = 5.0
#: The words of monitors for a host that answers.
_WELL = frozenset({'healthy', 'up'})


class MonitorDaemon:
    """``doctor-monitor``: finds the hosts, watches them, tells the bus.

    :param cloud: where hosts are looked up that the configuration does not
        list; made from ``conf`` when None.
    :param bus: the bus of faults; made from ``conf`` when None.
    :raises ConfigError: another monitor has the file of who is down; or
        something else that only the operator can mend.
    """

    def __init__(self, conf: cfg.ConfigOpts, *, cloud: Cloud | None = None,
                 bus: messaging.Bus | None = None) -> None:
        self._conf = conf
        path = f'{conf.state_path}/monitor.json'
        # Before all else: two on one file forget each other's hosts.
        self._ownership = _own(path)
        self._source = HostSource(conf, cloud)
        self._owns_bus = bus is None
        self._bus = bus or messaging.Bus(
            conf, conf.bus.transport_url, retry=conf.bus.retry)
        self._reported = Reported(path)
        self._publisher = messaging.FaultPublisher(self._publish)
        self._numbers = Numbering()
        self._numbering = threading.Lock()
        self._stopping = threading.Event()
        self.monitor = chosen.monitor(conf, self._take)
        self._status = StatusServer(self.monitor, conf.monitor.status_port,
                                    lambda: self._bus.answers)
        self._upkeep = Periodic('monitor-upkeep', self.refresh,
                                lambda: conf.monitor.refresh_s)

    def start(self) -> None:
        """Begin to watch; blocks until hosts are known, or :meth:`stop`.

        :raises ConfigError: something that only the operator can mend.
        """
        if not (hosts := self._source.wait(self._stopping)):
            return
        messaging.ping(self._bus, self._conf.bus.topic)
        self.monitor.presume_down(self._reported.down)
        self.monitor.start(hosts)
        self._status.start()
        self._upkeep.start()
        if self._stopping.is_set():
            self.monitor.stop()

    def stop(self) -> None:
        """End; what was seen is sent first, for up to 5 s."""
        self._stopping.set()
        self._upkeep.stop()
        self._status.stop()
        self.monitor.stop()
        for left in self._publisher.close(_DRAIN_S):
            LOG.error('Host %s is %s since %f, and the bus did not take it',
                      left.hostname, left.status, left.detected_at)
        self._source.close()
        if self._owns_bus:
            self._bus.close()
        if self._ownership is not None:
            self._ownership.give_up()

    def renew(self) -> str:
        """There is no file that may be replaced."""
        return ''

    def prove_alive(self) -> None:
        """Return when the monitor has gone round once more."""
        self.monitor.prove_alive()

    def describe(self) -> str:
        """What it does, for the log."""
        conf, count = self._conf, len(self._source.known)
        blind = sum(one.state == 'unwatched' for one in self.monitor.status())
        hosts = f'{count - blind} of {counted(count, "host")}' if blind \
            else counted(count, 'host')
        return (f'watching {hosts} by {conf.monitor.type}, faults go to '
                f'topic {conf.bus.topic}')

    def refresh(self) -> None:
        """Watch the hosts that there are now, if Nova tells, and say which
        are heard; blocks.
        """
        if (hosts := self._source.renewed()) is not None:
            self.monitor.update(hosts)
        self._tell_heard()

    def _tell_heard(self) -> None:
        """Say which hosts are well: of a change nobody would hear where
        there was none, and another source may hold such a host down.
        """
        well = [] if self.monitor.isolated() else [
            status.host.name for status in self.monitor.status()
            if status.state in _WELL]
        if not well:
            return
        try:
            self._bus.publish(
                self._conf.bus.topic, wire.HEARD,
                wire.heard_to_payload(self._conf.monitor.type, well))
        except BusError as error:
            LOG.debug('%s', error)

    def _take(self, fault: Fault) -> None:
        """Whatever is taken later has the greater number."""
        with self._numbering:
            number = self._numbers.next()
            self._publisher.put(dataclasses.replace(fault, sequence=number))

    def _publish(self, fault: Fault) -> None:
        self._bus.publish(self._conf.bus.topic, fault.type,
                          wire.fault_to_payload(fault))
        self._reported.note(fault)


def _own(path: str) -> Ownership | None:
    """Keep every other monitor away from a file; None when nobody can say
    whether there is one, for watching is more important.

    :raises InUse: there is.
    """
    try:
        return Ownership(path, 'two monitors would each write over what the '
                         'other one has reported')
    except InUse:
        raise
    except ConfigError as error:
        LOG.warning('Nothing keeps a second monitor away: %s', error)
        return None

"""The monitor: watches hosts and puts their faults on the bus."""

import dataclasses
import logging
import threading
from collections.abc import Sequence

from oslo_config import cfg

from doctor_core import messaging, plugins, wire
from doctor_core.cloud import Cloud
from doctor_core.exceptions import BusError, ConfigError
from doctor_core.model import Fault
from doctor_core.model.evidence import Evidence, Finding
from doctor_core.monitors.base import WELL, Monitor
from doctor_core.ownership import InUse, Ownership
from doctor_core.periodic import Periodic
from doctor_core.services import chosen
from doctor_core.services.hosts import HostSource
from doctor_core.services.monitor_status import StatusServer
from doctor_core.services.reported import Numbering, Reported
from doctor_core.wording import counted

LOG = logging.getLogger(__name__)

_DRAIN_S = 5.0
#: How often it is kept who was heard: a host that dies with the monitor has to
#: be known as one that lived. It is written only where it is news.
_HEARD_S = 2.0
#: When it is said first which hosts are heard: then the inspector can name
#: those whose names mean no host of Nova.
_SOON_S = 5.0
#: So often it is looked who is kept back.
_NOTE_S = 1.0


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
        self._reported = Reported(
            path, plugins.chosen_names(conf, 'monitors'))
        self._publisher = messaging.FaultPublisher(self._publish)
        self._numbers = Numbering()
        self._numbering = threading.Lock()
        self._stopping = threading.Event()
        self.panel = chosen.panel(conf, self._take, self._tell_more,
                                  self._source.cloud)
        self._status = StatusServer(self.panel, conf.monitor.status_port,
                                    lambda: self._bus.answers)
        self._has_named = False
        self._upkeep = Periodic('monitor-upkeep', self.refresh, self._pause_s)
        self._hearing = Periodic('monitor-heard', self._note_heard, _HEARD_S)
        self._notes = Periodic('monitor-notes', self.note_alive, _NOTE_S)

    def start(self) -> None:
        """Begin to watch; blocks until hosts are known, or :meth:`stop`.

        :raises ConfigError: something that only the operator can mend.
        """
        if not (hosts := self._source.wait(self._stopping)):
            return
        messaging.ping(self._bus, self._conf.bus.topic)
        self.panel.presume_down(self._reported.down)
        self.panel.presume_heard(self._reported.heard)
        self.panel.presume_alive(self._reported.alive)
        # First: a monitor may have to go to every host to begin.
        self._status.start()
        self._upkeep.start()
        self._hearing.start()
        self._notes.start()
        self.panel.start(hosts)
        if self._stopping.is_set():
            self.panel.stop()

    def stop(self) -> None:
        """End; what was seen is sent first, for up to 5 s."""
        self._stopping.set()
        self._upkeep.stop()
        self._hearing.stop()
        self._notes.stop()
        self._status.stop()
        self._note_heard()
        self.panel.stop()
        for left in self._publisher.close(_DRAIN_S):
            LOG.error('%s: the bus did not take it', _told(left))
        self._source.close()
        if self._owns_bus:
            self._bus.close()
        if self._ownership is not None:
            self._ownership.give_up()

    def renew(self) -> str:
        """There is no file that may be replaced."""
        return ''

    def prove_alive(self) -> None:
        """Return when each monitor has gone round once more."""
        self.panel.prove_alive()

    def describe(self) -> str:
        """What it does, for the log."""
        conf, count = self._conf, len(self._source.known)
        blind = sum(one.state == 'unwatched' for one in self.panel.status())
        hosts = f'{count - blind} of {counted(count, "host")}' if blind \
            else counted(count, 'host')
        return (f'watching {hosts} by {" and ".join(self.panel.monitors)}, '
                f'faults go to topic {conf.bus.topic}')

    def refresh(self) -> None:
        """Watch the hosts that there are now, if Nova tells, and say which
        are heard; blocks.
        """
        self._has_named = bool(self.panel.begun)
        if (hosts := self._source.renewed()) is not None:
            self.panel.update(hosts)
        for kind, monitor in self.panel.begun.items():
            self._tell_heard(kind, monitor)

    def _pause_s(self) -> float:
        """Until the next :meth:`refresh`."""
        refresh_s = float(self._conf.monitor.refresh_s)
        return refresh_s if self._has_named else min(_SOON_S, refresh_s)

    def note_alive(self) -> None:
        """Have a daemon after this one know who lives though a monitor has
        it lost.
        """
        self._reported.note_alive(self.panel.kept_back())

    def _note_heard(self) -> None:
        for kind, monitor in self.panel.begun.items():
            if (names := monitor.heard()) is not None:
                self._reported.note_heard(kind, names)

    def _tell_heard(self, kind: str, monitor: Monitor) -> None:
        """Say which hosts are well: of a change nobody would hear where
        there was none, and another source may hold such a host down.
        """
        well = [] if monitor.isolated() or not monitor.hears_hosts else [
            status.host.name for status in monitor.status()
            if status.state in WELL]
        if not well:
            return
        try:
            self._bus.publish(self._conf.bus.topic, wire.HEARD,
                              wire.heard_to_payload(kind, well))
        except BusError as error:
            LOG.debug('%s', error)

    def _take(self, fault: Fault) -> None:
        """Whatever is taken later has the greater number."""
        with self._numbering:
            number = self._numbers.next()
            self._publisher.put(dataclasses.replace(fault, sequence=number))

    def _tell_more(self, hostname: str, found: Sequence[Evidence]) -> None:
        """What was found out of a host that was reported down."""
        for one in found:
            self._publisher.put(Finding(hostname, one))

    def _publish(self, report: messaging.Report) -> None:
        messaging.publish(self._bus, self._conf.bus.topic, report)
        if isinstance(report, Fault):
            self._reported.note(report)


def _told(report: messaging.Report) -> str:
    if isinstance(report, Finding):
        return str(report)
    return f'Host {report.hostname} is {report.status} since ' \
        f'{report.detected_at:f}'


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

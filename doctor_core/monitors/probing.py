"""Monitors that probe: from hosts to targets, from verdicts to faults."""

import abc
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any

from oslo_config import cfg

from doctor_core import clock, events
from doctor_core.exceptions import ConfigError
from doctor_core.model import Fault, FaultStatus, Host, new_id
from doctor_core.monitors import settings
from doctor_core.monitors.base import HostStatus, Monitor
from doctor_core.monitors.engine import Engine
from doctor_core.monitors.guard import MassFailure
from doctor_core.monitors.matrix import Matrix, Meaning
from doctor_core.monitors.prober import Prober
from doctor_core.monitors.targets import Target
from doctor_core.monitors.verdict import Change, State
from doctor_core.monitors.watchlist import (
    UNNAMED,
    WatchedHost,
    Watchlist,
)
from doctor_core.monitors.wire import Wire

LOG = logging.getLogger(__name__)


class ProbingMonitor(Monitor):
    """Probes hosts by a wire that its plugins choose."""

    #: The plugin's name, as in the entry point.
    name = ''
    #: Default of the option.
    realtime_priority = 0

    def __init__(self, conf: cfg.ConfigOpts,
                 report: Callable[[Fault], None]) -> None:
        super().__init__(conf, report)
        self._engine: Engine | None = None
        self._watchlist: Watchlist | None = None
        self._presumed: frozenset[str] = frozenset()

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return settings.probing_opts(cls.realtime_priority)

    @abc.abstractmethod
    def wire(self) -> Wire:
        """The wire to probe by.

        :raises ConfigError: there is none here.
        """

    @property
    def source(self) -> str:
        """What faults name as their source; the option group, too."""
        return f'monitor_{self.name}'

    def presume_down(self, hostnames: Collection[str]) -> None:
        self._presumed = frozenset(hostnames)

    def start(self, hosts: Sequence[Host]) -> None:
        options = self.conf[self.source]
        timing = settings.timing(options, self.source)
        policy = settings.policy(options, self.source)
        self._networks = list(options.networks) or list(UNNAMED)
        self._matrix = Matrix(self._networks, options.verdicts,
                              f'[{self.source}] verdicts')
        self._mass = MassFailure(options.mass_failure_share,
                                 options.mass_failure_window_s)
        wire = self.wire()
        try:
            watchlist = Watchlist(wire, policy, self._networks,
                                  options.witnesses)
        except ConfigError:
            wire.close()
            raise
        self._watchlist = watchlist.renewed(hosts, clock.monotonic())
        for watched in self._watchlist:
            if watched.host.name in self._presumed:
                watched.presume_down(clock.monotonic())
        prober = Prober(self._watchlist.targets, wire, timing, self._changed)
        self._engine = Engine(prober, self.source,
                              options.realtime_priority)
        self._engine.start()
        LOG.info('Watching %d hosts by %d addresses every %g ms, answers '
                 'within %g ms', len(hosts), len(self._watchlist.targets),
                 options.interval_ms, options.timeout_ms)

    def update(self, hosts: Sequence[Host]) -> None:
        """Watch these hosts from now on, keeping what is known of them.

        May block on DNS.
        """
        engine, old = self._engine, self._watchlist
        if not engine or not old:
            return
        fresh = old.renewed(hosts, clock.monotonic())

        def swap() -> None:
            assert self._watchlist
            probed = set(self._watchlist.targets)
            fresh.inherit(self._watchlist)
            self._watchlist = fresh
            if set(fresh.targets) != probed:
                engine.prober.probe(fresh.targets)
            for watched in fresh:
                self._judge(watched)
        engine.order(swap)

    def prove_alive(self) -> None:
        if self._engine:
            self._engine.go_round()

    def stop(self) -> None:
        if self._engine:
            self._engine.stop()

    def isolated(self) -> bool:
        """Whether the monitor itself seems to be cut off; any thread."""
        return bool(self._engine and self._engine.prober.isolated)

    def status(self) -> list[HostStatus]:
        """Every host that it was given; any thread."""
        return [HostStatus(
            watched.host, watched.state, '; '.join(watched.problems),
            last_answer_at(watched.targets),
            sum(target.near_misses for target in watched.targets),
            sum(target.late for target in watched.targets))
            for watched in self._watchlist or ()]

    def _changed(self, target: Target, change: Change) -> None:
        """Called by the probing thread."""
        watched = self._watchlist and self._watchlist.of(target)
        if watched:
            self._judge(watched, anew=change is Change.DOWN
                        and watched.host.name in self._presumed)

    def _judge(self, watched: WatchedHost, anew: bool = False) -> None:
        """Report a host if its unreachable networks mean something new.

        :param anew: report it down even if it was before; once.
        """
        meaning = watched.judge(self._matrix, self._networks)
        before = watched.meaning
        anew = anew and meaning is Meaning.DOWN
        if meaning is before and not anew:
            return
        down = meaning is Meaning.DOWN
        if down or before is Meaning.DOWN:
            self.report(self._fault(watched, down))
        elif meaning is Meaning.DEGRADED:
            LOG.warning('Host %s is degraded: %s', watched.host.name,
                        _unreachable(watched))
        # Only now: a report that raised is made again.
        watched.meaning = meaning
        self._presumed -= {watched.host.name}

    def _fault(self, watched: WatchedHost, down: bool) -> Fault:
        now, name = clock.now(), watched.host.name
        details = self._details(watched)
        if down:
            details['mass_failure'] = self._mass.fell(
                clock.monotonic(), len(self._watchlist.hosts)
                if self._watchlist else 1)
            LOG.info('doctor monitor detected at %f host %s is down: %s',
                     now, name, _unreachable(watched))
        else:
            LOG.info('Host %s is up again since %f', name, now)
        return Fault(
            hostname=name,
            type=events.HOST_DOWN if down else events.HOST_UP,
            status=FaultStatus.DOWN if down else FaultStatus.UP,
            detected_at=now, received_at=now, source=self.source,
            cause='no answer to probes' if down else 'answers again',
            severity='critical' if down else 'info',
            details=details)

    def _details(self, watched: WatchedHost) -> dict[str, Any]:
        return {
            'monitor': self.source,
            'monitor_event_id': f'{self.source}_{new_id()}',
            'address': watched.host.address,
            'unreachable': [target.network.name for target in watched.failed],
            'missed_probes': max(
                (target.health.misses for target in watched.targets),
                default=0),
            'last_answer_at': last_answer_at(watched.targets),
            'flapping': any(target.health.state is State.FLAPPING
                            for target in watched.targets),
        }


def _unreachable(watched: WatchedHost) -> str:
    return ', '.join(f'{target.health.misses} probes of {target.name} on '
                     f'{target.network.name} in a row without an answer'
                     for target in watched.failed)


def last_answer_at(targets: Sequence[Target]) -> float | None:
    """When the last answer came, by the epoch; None before the first."""
    heard_at = max((target.heard_at for target in targets),
                   default=float('-inf'))
    if heard_at == float('-inf'):
        return None
    return clock.now() - (clock.monotonic() - heard_at)

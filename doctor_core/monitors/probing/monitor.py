"""Monitors that probe: from hosts to targets, from verdicts to faults."""

import abc
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any

from oslo_config import cfg

from doctor_core import clock
from doctor_core.exceptions import ConfigError
from doctor_core.model import Fault, Host, new_id
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.monitors.base import HostStatus, Monitor
from doctor_core.monitors.judgement import Target
from doctor_core.monitors.matrix import Matrix, Meaning
from doctor_core.monitors.probing import settings
from doctor_core.monitors.probing.engine import Engine
from doctor_core.monitors.probing.prober import Prober
from doctor_core.monitors.probing.wire import Wire
from doctor_core.monitors.reports import host_down, host_up, last_answer_at
from doctor_core.monitors.silences import Silences
from doctor_core.monitors.unheard import Unheard
from doctor_core.monitors.verdict import FAILED, Change, State
from doctor_core.monitors.watchlist import (
    UNNAMED,
    HostState,
    WatchedHost,
    Watchlist,
)
from doctor_core.plugins import Options
from doctor_core.wording import counted

LOG = logging.getLogger(__name__)


#: What is no lost probe: with 5 % of loss, dozens of a thousand hosts miss one
#: at any time, and would make a path of each death.
_LASTING = frozenset({Change.DOUBTED, Change.SILENT, Change.DOWN})


class ProbingMonitor(Monitor):
    """Probes hosts by a wire that its plugins choose."""

    #: Default of the option.
    realtime_priority = 0

    def __init__(self, options: Options,
                 report: Callable[[Fault], None]) -> None:
        super().__init__(options, report)
        self._engine: Engine | None = None
        self._watchlist: Watchlist | None = None
        self._presumed: frozenset[str] = frozenset()
        self._heard: Collection[str] | None = None
        self._unheard = Unheard(lambda: [
            target for watched in self._watchlist or ()
            for target in watched.targets], f'{options.section}-unheard')
        self._is_blind = False
        #: Which hosts are silent by now, suspected or lost.
        self._silences = Silences(
            lasting_s=settings.lasting_silence_s(options))
        #: Of which of them others know.
        self._told: set[str] = set()

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return settings.probing_opts(cls.realtime_priority)

    @abc.abstractmethod
    def wire(self) -> Wire:
        """The wire to probe by.

        :raises ConfigError: there is none here.
        """

    def presume_down(self, hostnames: Collection[str]) -> None:
        self._presumed = frozenset(hostnames)

    def presume_heard(self, names: Collection[str]) -> None:
        self._heard = frozenset(names)

    def heard(self) -> Collection[str] | None:
        return self._watchlist.heard if self._watchlist else None

    def start(self, hosts: Sequence[Host]) -> None:
        options, section = self.options, self.options.section
        timing = settings.timing(options)
        needed = settings.verdicts(options, timing)
        self._networks = list(options.networks) or list(UNNAMED)
        self._independent = settings.independent(options, self._networks)
        self._matrix = Matrix(self._networks, options.verdicts,
                              f'[{section}] verdicts')
        wire = self.wire()
        try:
            watchlist = Watchlist(wire, needed, self._networks,
                                  options.witnesses, self._heard)
        except ConfigError:
            wire.close()
            raise
        self._watchlist = watchlist.renewed(hosts, clock.monotonic())
        for watched in self._watchlist:
            if watched.host.name in self._presumed:
                watched.presume_down(clock.monotonic())
        prober = Prober(self._watchlist.targets, wire, timing, self._changed)
        self._engine = Engine(prober, section, options.realtime_priority)
        self._engine.start()
        self._note_blindness(self._watchlist)
        self._unheard.watch()
        LOG.info('Watching %s by %s every %g ms, answers within %g ms, lost '
                 'after a silence of %g ms',
                 counted(len(hosts), 'host'),
                 counted(len(self._watchlist.targets), 'address',
                         'addresses'),
                 timing.interval_s * 1000, timing.timeout_s * 1000,
                 needed.silence_s * 1000)

    def update(self, hosts: Sequence[Host]) -> None:
        """Watch these hosts from now on, keeping what is known of them.

        May block on DNS. A list has nobody up who was down: only an answer
        does.
        """
        engine, old = self._engine, self._watchlist
        if not engine or not old:
            return
        fresh = old.renewed(hosts, clock.monotonic())
        self._note_blindness(fresh)

        def swap() -> None:
            assert self._watchlist
            probed = set(self._watchlist.targets)
            fresh.inherit(self._watchlist)
            self._remember(self._watchlist, fresh)
            for name in self._watchlist.hosts.keys() - fresh.hosts.keys():
                self._silences.left(name)
                if name in self._told:
                    self._told.discard(name)
                    self.on_silence(name, False)
            self._watchlist = fresh
            doubted = [self._doubt(watched) for watched in fresh]
            if any(doubted) or set(fresh.targets) != probed:
                engine.prober.probe(fresh.targets)
            for watched in fresh:
                self._judge(watched)
            self._unheard.watch()
        engine.order(swap)

    def _remember(self, old: Watchlist, fresh: Watchlist) -> None:
        """Who goes while it is down is down when it comes again, and so is
        who was down before the start and has its first address only now.
        """
        now = clock.monotonic()
        for name, watched in fresh.hosts.items():
            if name in self._presumed and (
                    name not in old.hosts or not old.hosts[name].targets):
                watched.presume_down(now)
        self._presumed |= {
            name for name, watched in old.hosts.items()
            if name not in fresh.hosts and watched.meaning is Meaning.DOWN}

    def _doubt(self, watched: WatchedHost) -> bool:
        """Have the addresses that are left of a host that is down prove
        that it is up.

        :returns: whether they have to.
        """
        if watched.meaning is not Meaning.DOWN or not watched.targets \
                or self._meaning(watched) is Meaning.DOWN:
            return False
        for target in watched.targets:
            target.health.presume_down(clock.monotonic(), confirm=False)
        return True

    def _note_blindness(self, watchlist: Watchlist) -> None:
        was_blind, self._is_blind = \
            self._is_blind, watchlist.mostly_unwatched
        if self._is_blind and not was_blind:
            LOG.error('%d of %s cannot be watched, and nobody is told when '
                      'one of these dies: "doctor hosts" has the reasons',
                      watchlist.unwatched,
                      counted(len(watchlist.hosts), 'host'))
        elif was_blind and not self._is_blind:
            LOG.warning('Most hosts are watched again')

    def prove_alive(self) -> None:
        if self._engine:
            self._engine.go_round()

    def stop(self) -> None:
        self._unheard.stop()
        if self._engine:
            self._engine.stop()

    def isolated(self) -> bool:
        """Whether the monitor itself seems to be cut off; any thread."""
        return bool(self._engine and self._engine.prober.isolated)

    def heard_at(self, hostname: str) -> float | None:
        watched = self._watchlist and self._watchlist.hosts.get(hostname)
        if not watched or watched.state is not HostState.HEALTHY:
            return None
        return max(target.heard_at for target in watched.known)

    def status(self) -> list[HostStatus]:
        """Every host that it was given; any thread."""
        now = clock.monotonic()
        return [HostStatus(
            watched.host, watched.state, watched.problem(now),
            last_answer_at(watched.targets),
            sum(target.near_misses for target in watched.targets),
            sum(target.late for target in watched.targets))
            for watched in self._watchlist or ()]

    def _changed(self, target: Target, change: Change) -> None:
        """Called by the probing thread."""
        watched = self._watchlist and self._watchlist.of(target)
        if not watched:
            return
        self._note_silence(watched, change)
        if change is Change.SILENT:
            self._compare_networks(watched)
        if change in (Change.DOWN, Change.UP):
            self._judge(watched, change)

    def agree(self, hostname: str, evidence: Evidence) -> None:
        engine = self._engine
        if engine is None:
            return

        def note() -> None:
            watched = self._watchlist and self._watchlist.hosts.get(hostname)
            if watched and self._silences.since(hostname) is not None:
                watched.is_agreed = True
                self._compare_networks(watched)
        engine.order(note)

    def _compare_networks(self, watched: WatchedHost) -> None:
        """Two networks that share nothing witness for each other, and others
        do for all of them.
        """
        silent = [target for target in watched.silent
                  if target.health.state in FAILED
                  or target.health.would_agree]
        names = {target.network.name for target in silent}
        agreed = watched.is_agreed or (
            self._networks[0] in names and names & self._independent)
        if agreed and watched.means(silent, self._matrix, self._networks) \
                is Meaning.DOWN:
            assert self._engine
            for target in silent:
                self._engine.prober.agree(target)

    def _note_silence(self, watched: WatchedHost, change: Change) -> None:
        """Keep whether, and since when, what of it is silent would mean that
        it is lost; and have others asked, once it missed more than a probe.
        """
        silent, name = watched.silent, watched.host.name
        if watched.means(silent, self._matrix, self._networks) \
                is not Meaning.DOWN:
            self._silences.ended(name, clock.monotonic())
            watched.is_agreed = False
            if name in self._told:
                self._told.discard(name)
                self.on_silence(name, False)
            return
        if change not in _LASTING:
            return
        self._silences.began(name, max(
            target.suspect_at for target in silent))
        if change is not Change.DOWN and name not in self._told:
            self._told.add(name)
            self.on_silence(name, True)

    def _meaning(self, watched: WatchedHost) -> Meaning:
        return watched.judge(self._matrix, self._networks)

    def _judge(self, watched: WatchedHost, change: Change | None = None
               ) -> None:
        """Report a host if its unreachable networks mean something new.

        :param change: of one of its addresses; None when it was only listed,
            which proves nobody up.
        """
        meaning, before = self._meaning(watched), watched.meaning
        # Who was down before the start is told down once more.
        anew = meaning is Meaning.DOWN and change is Change.DOWN \
            and watched.host.name in self._presumed
        if meaning is before and not anew:
            return
        if before is Meaning.DOWN and not anew and change is not Change.UP:
            return
        down = meaning is Meaning.DOWN
        name = watched.host.name
        if down:
            self._report_down(watched)
        elif before is Meaning.DOWN:
            self.report(host_up(name, self._details(watched)))
        elif meaning is Meaning.DEGRADED:
            LOG.warning('Host %s is degraded: %s; it is heard on %s. Nobody '
                        'else is told.', name, watched.missed,
                        watched.heard_on)
        elif before is Meaning.DEGRADED:
            LOG.info('Host %s is degraded no longer', name)
        # Only now: a report that raised is made again.
        watched.meaning = meaning
        self._presumed -= {name}

    def _report_down(self, watched: WatchedHost) -> None:
        name, missed = watched.host.name, watched.missed
        together = self._silences.together(name)
        is_path = self._silences.is_path(name)
        self.report(host_down(
            name, 'no answer to probes'
            + (', path suspected' if is_path else ''),
            {**self._details(watched), 'silent_together': together},
            rests_on=self._rests_on(watched, missed),
            is_path_suspected=is_path,
            is_by_rule=len(watched.failed) < len(watched.known)))

    def _rests_on(self, watched: WatchedHost, missed: str) -> list[Evidence]:
        names = [target.network.name for target in watched.failed]
        others = [] if self._networks[0] not in names else [
            Evidence(EvidenceKind.NETWORK, name, clock.now())
            for name in names if name in self._independent]
        return [Evidence(EvidenceKind.PROBES, self.options.section,
                         clock.now(), missed), *others]

    def _details(self, watched: WatchedHost) -> dict[str, Any]:
        return {
            'monitor': self.options.section,
            'monitor_event_id': f'{self.options.section}_{new_id()}',
            'address': watched.host.address,
            'unreachable': [target.network.name for target in watched.failed],
            'missed_probes': max(
                (target.health.misses for target in watched.targets),
                default=0),
            'last_answer_at': last_answer_at(watched.targets),
            'flapping': any(target.health.state is State.FLAPPING
                            for target in watched.targets),
        }

"""Monitors that ask each host in turn: for a probe that may take a while."""

import abc
import logging
import queue
import threading
import traceback
from collections.abc import Callable, Collection, Sequence

from oslo_config import cfg

from doctor_core import clock
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.model import Fault, Host
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.monitors import unheard
from doctor_core.monitors.asking import Polled, Probe
from doctor_core.monitors.base import HostStatus, Monitor
from doctor_core.monitors.policy import policy, policy_opts
from doctor_core.monitors.reports import host_down, host_up, last_answer_at
from doctor_core.monitors.rounds import FIRST_S, Rounds
from doctor_core.monitors.unheard import Unheard
from doctor_core.monitors.verdict import FAILED, Change, State
from doctor_core.plugins import Options
from doctor_core.wording import counted, said

LOG = logging.getLogger(__name__)

#: Wait after an unexpected error, so that it does not fill the log.
_RECOVER_S = 1.0


class PollingMonitor(Monitor):
    """A monitor that asks each host in turn; the loop is ours.

    A plugin says how a host is asked, in :meth:`probe`. When it is asked, how
    many are at a time, after how many misses it is down, whether it is rather
    the monitor that is cut off, what ``doctor hosts`` shows: all that is
    here.

    One that asks somebody else about a host sets ``hears_hosts = False``:
    then it is his word that counts, and no answer says nothing of the host.
    """

    #: Defaults of the options of these names.
    default_interval_s = 1.0
    default_timeout_s = 1.0
    #: What it is when :meth:`probe` is false: in a word for those who are
    #: told, and as evidence.
    cause = 'no answer'
    evidence_kind = EvidenceKind.PROBES

    def __init__(self, options: Options,
                 report: Callable[[Fault], None]) -> None:
        super().__init__(options, report)
        self._rounds = Rounds(
            policy(options, options.misses), interval_s=options.interval_s,
            timeout_s=options.timeout_s, at_a_time=options.at_a_time,
            changed=self._changed, silence_counts=self.hears_hosts)
        self._orders: queue.SimpleQueue[Callable[[], None]] = (
            queue.SimpleQueue())
        self._probes: queue.SimpleQueue[Probe | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads = [
            self._thread('loop', self._run),
            *(self._thread(str(number), self._ask)
              for number in range(options.at_a_time))]
        #: How many ask in the place of those whose probes do not return.
        self._in_place = 0
        self._grace_s = max(
            unheard.GRACE_S,
            min(options.interval_s, FIRST_S) + options.timeout_s)
        self._unheard = Unheard(
            lambda: [polled.target for polled in self._rounds.hosts.values()
                     if not self._rounds.unasked.is_unasked(
                         polled.host.name)],
            f'{options.section}-unheard', self._grace_s)
        self._known_defects: set[tuple[str, int] | str] = set()

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """A plugin with options of its own adds them to these."""
        return [
            cfg.FloatOpt(
                'interval_s', default=cls.default_interval_s, min=0.01,
                help='Seconds between two probes of a host.'),
            cfg.FloatOpt(
                'timeout_s', default=cls.default_timeout_s, min=0.01,
                help='Seconds that a probe may take.'),
            cfg.IntOpt(
                'at_a_time', default=20, min=1,
                help='How many hosts are asked at a time.'),
            cfg.IntOpt(
                'misses', default=3, min=1,
                help='Probes in a row that find a host not well until it is '
                     'down.'),
            *policy_opts(soak_samples=2)]

    @abc.abstractmethod
    def probe(self, host: Host) -> bool | None:
        """Ask a host whether it is well.

        Called from several threads at a time, each time for another host. It
        may block for ``self.options.timeout_s`` seconds; one that does not
        return is one without an answer, and its thread is left alone. That
        counts as ``False``; with ``hears_hosts = False`` it says nothing, as
        ``None``.

        :returns: True when it is well, False when it is not, None when that
            cannot be said: then it is as if nobody had asked.
        :raises BackendError: it did not answer. What was raised is shown by
            ``doctor hosts``.
        :raises OSError: likewise.
        :raises ConfigError: the operator can mend it: it is logged, once, and
            says nothing of the host. Anything else is a defect of the plugin,
            and is logged with its traceback.
        """

    def presume_down(self, hostnames: Collection[str]) -> None:
        self._rounds.presume_down(hostnames)

    def presume_heard(self, names: Collection[str]) -> None:
        # Where somebody else is asked, his word says it all.
        if self.hears_hosts:
            self._rounds.presume_heard(names)

    def heard(self) -> Collection[str] | None:
        return self._rounds.heard if self.hears_hosts else None

    def start(self, hosts: Sequence[Host]) -> None:
        self._watch(hosts)
        for thread in self._threads:
            thread.start()
        LOG.info('Watching %s every %g s, answers within %g s',
                 counted(len(hosts), 'host'), self.options.interval_s,
                 self.options.timeout_s)

    def update(self, hosts: Sequence[Host]) -> None:
        self._orders.put(lambda: self._watch(hosts))

    def _watch(self, hosts: Sequence[Host]) -> None:
        self._rounds.watch(hosts, clock.monotonic())
        self._unheard.watch()

    def heard_at(self, hostname: str) -> float | None:
        polled = self._rounds.hosts.get(hostname)
        if polled is None or polled.target.health.state is not State.HEALTHY:
            return None
        return polled.target.heard_at

    def status(self) -> list[HostStatus]:
        now = clock.monotonic()
        return [self._status(polled, now)
                for polled in self._rounds.hosts.values()]

    def _status(self, polled: Polled, now: float) -> HostStatus:
        target = polled.target
        state, problem = target.health.state, polled.problem
        if self._rounds.unasked.is_unasked(polled.host.name):
            # What was known of it is old; that it is down is not.
            state = state if state in FAILED else State.UNKNOWN
        elif not target.is_known:
            state = State.UNKNOWN
            problem = '; '.join(filter(None, (problem, unheard.problem(
                target, now, self._grace_s))))
        return HostStatus(polled.host, state, problem,
                          last_answer_at([target]), target.near_misses,
                          target.late)

    def isolated(self) -> bool:
        return self._rounds.network.isolated

    def prove_alive(self) -> None:
        reached = threading.Event()
        self._orders.put(reached.set)
        while not (reached.wait(_RECOVER_S) or self._stopping.is_set()):
            pass

    def stop(self) -> None:
        """End watching; does not wait for probes that are under way, whose
        answers are no longer of interest."""
        self._stopping.set()
        self._unheard.stop()
        self._orders.put(lambda: None)
        loop, *askers = self._threads
        if loop.is_alive():
            loop.join()
        for _ in range(len(askers) + self._in_place):
            self._probes.put(None)

    def _thread(self, name: str, target: Callable[[], None]
                ) -> threading.Thread:
        return threading.Thread(target=target, daemon=True,
                                name=f'{self.options.section}-{name}')

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stopping.is_set():
            try:
                self._obey(wait_s)
                wait_s = self._step()
            except Exception:  # the thread's outermost frame
                LOG.exception('The loop of %s failed; it goes on',
                              self.options.section)
                self._stopping.wait(_RECOVER_S)
                wait_s = 0.0

    def _obey(self, wait_s: float) -> None:
        """Do what the other threads left for this one; wait for it."""
        try:
            self._orders.get(timeout=wait_s)()
            while True:
                self._orders.get_nowait()()
        except queue.Empty:
            pass

    def _step(self) -> float:
        wake_at = self._rounds.step(clock.monotonic())
        self._replace()
        for probe in self._rounds.begin(clock.monotonic()):
            self._probes.put(probe)
            wake_at = min(wake_at, probe.deadline)
        return max(0.0, wake_at - clock.monotonic())

    def _replace(self) -> None:
        """Have as many ask as there are places."""
        while self._in_place < self._rounds.given_up:
            self._thread('more', self._ask).start()
            self._in_place += 1
        while self._in_place > self._rounds.given_up:
            # Whoever is free first ends.
            self._in_place -= 1
            self._probes.put(None)

    def _ask(self) -> None:
        """Make probes, and leave what came of them for the loop."""
        while (probe := self._probes.get()) is not None:
            self._orders.put(self._outcome(probe))

    def _outcome(self, probe: Probe) -> Callable[[], None]:
        def so(judge: Callable[..., None], *why: str) -> Callable[[], None]:
            return lambda: judge(probe, clock.monotonic(), *why)

        rounds = self._rounds
        try:
            well = self.probe(probe.polled.host)
            if well is not None and not isinstance(well, bool):
                raise TypeError(f'probe() returned {well!r}, neither True '
                                'nor False nor None')
        except (BackendError, OSError) as error:
            return so(rounds.missed if self.hears_hosts else rounds.failed,
                      said(error))
        except ConfigError as error:
            self._complain(said(error))
            return so(rounds.failed, said(error))
        except BaseException as defect:  # a plugin's; SystemExit, too
            self._note(defect)
            return so(rounds.failed,
                      f'{type(defect).__name__}: {said(defect)}')
        if well is None:
            return so(rounds.failed, 'it cannot be said how the host is')
        return so(rounds.answered if well else rounds.missed)

    def _complain(self, error: str) -> None:
        if error not in self._known_defects:
            self._known_defects.add(error)
            LOG.error('%s cannot ask: %s', self.options.section, error)

    def _note(self, defect: BaseException) -> None:
        """Log a defect, once for each place in the plugin."""
        place = traceback.extract_tb(defect.__traceback__)[-1]
        key = place.filename, place.lineno or 0
        if key not in self._known_defects:
            self._known_defects.add(key)
            LOG.exception('%s could not ask a host; that says nothing of the '
                          'host. It is logged this once.',
                          type(self).__name__)

    def _changed(self, polled: Polled, change: Change) -> None:
        health, name = polled.target.health, polled.host.name
        if change is Change.SUSPECTED:
            self.on_silence(name, True)
        elif change is Change.REFUTED:
            self.on_silence(name, False)
        if change not in (Change.DOWN, Change.UP):
            return
        silences = self._rounds.silences
        details = {'monitor': self.options.section,
                   'address': polled.host.address,
                   'missed_probes': health.misses,
                   'last_answer_at': last_answer_at([polled.target]),
                   'flapping': health.state is State.FLAPPING,
                   'silent_together': silences.together(name)}
        if change is Change.DOWN:
            cause = polled.problem or self.cause
            missed = f'{counted(health.misses, "probe")} in a row: {cause}'
            self.report(host_down(
                name, cause, details, rests_on=[Evidence(
                    self.evidence_kind, self.options.section, clock.now(),
                    missed)], is_path_suspected=silences.is_path(name)))
        else:
            self.report(host_up(name, details))

"""All monitors of a daemon as one, with who can bear them out."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from doctor_core.corroborators.base import Corroborator
from doctor_core.evidence import asked_monitor, fitting
from doctor_core.evidence.asking import Asking
from doctor_core.evidence.corroboration import Corroboration, Outlets
from doctor_core.evidence.watching import Watching
from doctor_core.exceptions import ConfigError
from doctor_core.model import Fault, Host
from doctor_core.model.evidence import Evidence
from doctor_core.monitors import reports
from doctor_core.monitors.base import HostStatus, Monitor
from doctor_core.periodic import Periodic
from doctor_core.wording import said

LOG = logging.getLogger(__name__)

_STEP_S = 1.0
#: What monitors hold of hosts, the worst first: what is shown of one that
#: several watch. Who cannot watch it says least.
_ORDER = ('down', 'flapping', 'degraded', 'suspect', 'healthy', 'up',
          'unknown', 'unwatched')
#: From here on, nothing is said against a host.
_WELL = _ORDER.index('healthy')
#: What is held of a host that one side has lost and another one has alive.
_DEGRADED = 'degraded'


class Panel:
    """Watches hosts by several monitors, and asks corroborators of those
    that are silent.

    :param monitors: makes them, by name; is handed what takes the verdicts
        of each.
    :param corroborators: makes them, by name; is handed what takes what they
        find without having been asked.
    :param report: takes verdicts, for the bus; from any thread, and does not
        block.
    :param witnessed: takes what was found of a host after it was reported
        down; likewise.
    :ivar monitors: by name.
    :raises ConfigError: a plugin cannot work so.
    """

    def __init__(
            self, monitors: Callable[[Callable[[str, Fault], None]],
                                     Mapping[str, Monitor]],
            corroborators: Callable[[Callable[[str, Evidence], None]],
                                    Mapping[str, Corroborator]],
            report: Callable[[Fault], None],
            witnessed: Callable[[str, Sequence[Evidence]], None]) -> None:
        self.monitors = monitors(
            lambda kind, fault: self._sides.verdict(
                kind, fitting.verdict(fault)))
        def tell(fault: Fault) -> None:
            # Not before: what a monitor finds may be kept back.
            reports.log(fault)
            report(fault)

        self._sides = Corroboration(list(self.monitors), Outlets(
            tell, witnessed, self._agree,
            lambda *question: self._asking.ask(*question), self._heard_at))
        self._asking = Asking(
            {**corroborators(lambda name, found: self._sides.found(
                name, fitting.evidence(found))),
             **asked_monitor.among(self.monitors)}, self._sides.found)
        self._defects: dict[str, str] = {}
        self._steps = Periodic('evidence', self._sides.step, _STEP_S)
        self._names: Collection[str] = ()
        self._watching = {
            kind: Watching(kind, monitor,
                           lambda: self._sides.watch(self._names))
            for kind, monitor in self.monitors.items()}
        for kind, monitor in self.monitors.items():
            monitor.on_silence = self._hears_of_silence(kind)

    @property
    def begun(self) -> dict[str, Monitor]:
        """The monitors that watch by now, by name; from any thread."""
        return {kind: self.monitors[kind]
                for kind, watching in self._watching.items()
                if watching.has_begun}

    def presume_down(self, hostnames: Mapping[str, Collection[str]]) -> None:
        """Who was down when a monitor before this one ended.

        :param hostnames: by the kind of monitor that reported it.
        """
        for kind, monitor in self.monitors.items():
            names = hostnames.get(kind, ())
            self._sides.presume_down(kind, names)
            monitor.presume_down(names)

    def presume_alive(self, signs: Mapping[str, Evidence]) -> None:
        """Whom a panel before this one kept back, though a monitor had lost
        it, and by which sign of life.
        """
        self._sides.presume_alive(signs)

    def kept_back(self) -> dict[str, Evidence]:
        """What a panel after this one has to know of that; from any thread.
        """
        return self._sides.kept_back()

    def presume_heard(self, names: Mapping[str, Collection[str]]) -> None:
        """Who answered a monitor before this one ever; before :meth:`start`.

        :param names: by the kind of monitor.
        """
        for kind, monitor in self.monitors.items():
            monitor.presume_heard(names.get(kind, ()))

    def start(self, hosts: Sequence[Host]) -> None:
        """Begin to watch, and return when each monitor does; all begin at
        the same time, and are asked from then on. When one cannot, none does.

        :raises ConfigError: why they cannot.
        """
        self._asking.start(hosts)
        try:
            self._steps.start()
            started = [watching.start(hosts)
                       for watching in self._watching.values()]
            _raise([error for one in started
                    if (error := one.exception()) is not None])
        except BaseException:
            self.stop()
            raise

    def update(self, hosts: Sequence[Host]) -> None:
        """Have each monitor watch these hosts from now on; does not wait
        until they do, and may be called while they start.
        """
        self._names = frozenset(host.name for host in hosts)
        self._asking.update(hosts)
        for watching in self._watching.values():
            watching.update(hosts)

    def status(self) -> list[HostStatus]:
        """What is held of every host, all sides together; from any thread.
        """
        held: dict[str, list[tuple[str, HostStatus]]] = {}
        for kind, monitor in self.begun.items():
            for one in monitor.status():
                held.setdefault(one.host.name, []).append(
                    (kind, fitting.status(one)))
        degraded = self._sides.degraded()
        hearing = frozenset(kind for kind, monitor in self.monitors.items()
                            if monitor.hears_hosts)
        return [_together(words, hearing, degraded.get(name, ''))
                for name, words in held.items()]

    def isolated(self) -> bool:
        """Whether a monitor seems to be cut off itself; from any thread."""
        return any(one.isolated() for one in self.begun.values())

    def prove_alive(self) -> None:
        """Return when each monitor has gone round once more."""
        for monitor in self.begun.values():
            monitor.prove_alive()

    def stop(self) -> None:
        """End; may be called again, and without :meth:`start`. Nothing is
        reported after it.
        """
        self._steps.stop()
        for watching in self._watching.values():
            watching.stop()
        self._sides.close()
        self._asking.stop()

    def _hears_of_silence(self, kind: str) -> Callable[[str, bool], None]:
        def note(hostname: str, is_silent: bool) -> None:
            if is_silent:
                self._sides.suspected(kind, hostname)
            else:
                self._sides.refuted(kind, hostname)
        return note

    # Of a monitor that fails here, the verdicts of others must not wait.

    def _agree(self, kind: str, hostname: str, evidence: Evidence) -> None:
        try:
            if self._watching[kind].has_begun:
                self.monitors[kind].agree(hostname, evidence)
        except Exception as defect:  # a plugin's
            self._note(kind, defect)

    def _heard_at(self, kind: str, hostname: str) -> float | None:
        monitor = self.monitors[kind]
        try:
            return monitor.heard_at(hostname) if monitor.hears_hosts \
                and self._watching[kind].has_begun else None
        except Exception as defect:  # a plugin's
            self._note(kind, defect)
            return None

    def _note(self, kind: str, defect: Exception) -> None:
        """Log a defect, once for each monitor."""
        what = f'{type(defect).__name__}: {said(defect)}'
        if self._defects.get(kind) != what:
            self._defects[kind] = what
            LOG.exception('The monitor %s cannot say what it hears, or be '
                          'told what others know', kind)


def _raise(errors: Sequence[BaseException]) -> None:
    """Raise what there is: a defect, or all that an operator can mend."""
    for error in errors:
        if not isinstance(error, ConfigError):
            raise error
    if errors:
        raise ConfigError(
            ' '.join(dict.fromkeys(map(said, errors)))) from errors[0]


def _together(words: Sequence[tuple[str, HostStatus]],
              hearing: Collection[str], degraded: str) -> HostStatus:
    """What several monitors hold of one host.

    :param hearing: monitors that hear hosts themselves. Beside one of them,
        a controller's answer is no answer of the host; what it says against
        the host counts.
    """
    heard = [one for kind, one in words if kind in hearing] \
        or [one for _kind, one in words]
    worst = min([*heard, *(one for kind, one in words if kind not in hearing
                           and _badness(one) < _WELL)], key=_badness)
    problems = [f'{kind}: {one.problem}' if len(words) > 1 else one.problem
                for kind, one in words if one.problem]
    if degraded:
        problems.append(f'alive by {degraded}')
    return HostStatus(
        worst.host, _DEGRADED if degraded else worst.state,
        '; '.join(problems),
        max((one.last_answer_at for one in heard
             if one.last_answer_at is not None), default=None),
        sum(one.near_misses for _kind, one in words),
        sum(one.late for _kind, one in words))


def _badness(status: HostStatus) -> int:
    # A plugin's own words say no more than that it watches.
    return _ORDER.index(status.state) if status.state in _ORDER \
        else _ORDER.index('unknown')

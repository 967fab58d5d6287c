"""What is known of silent hosts from all sides, and what is said of them.

Monitors watch by one path each. Here their verdicts meet, with what
corroborators find out of a host that is silent: another side that has it
dead, too, makes a verdict sooner; one that has it alive keeps it back.
"""

import dataclasses
import logging
import threading
from collections.abc import Callable, Sequence

from doctor_core import clock
from doctor_core.model import Fault, FaultStatus, new_id
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight

LOG = logging.getLogger(__name__)

#: For so long a sign of life counts, unless there is a newer one: three
#: reports of nova-compute to Nova, or of collectd.
LIVES_S = 30.0
#: A silent host is asked about at first at once, then every two seconds for a
#: minute: a crash kernel and a management controller may take so long.
_AGAIN_S = 2.0
_ASKED_S = 60.0


@dataclasses.dataclass(frozen=True)
class Outlets:
    """Where it all goes. Each is called with the lock held, from any thread:
    none may block, or call back.

    :ivar report: takes a verdict, for the bus.
    :ivar witnessed: takes what was found of a host that was reported down.
    :ivar agree: tells the monitor of a kind that somebody else has a host
        dead.
    :ivar ask: has the corroborators asked about a host; also takes the hosts
        that fell silent with it.
    :ivar heard_at: when the monitor of a kind last heard a host, in seconds
        of the same monotonic clock; None when it does not, or when its
        answers do not come from the host itself.
    """

    report: Callable[[Fault], None]
    witnessed: Callable[[str, Sequence[Evidence]], None]
    agree: Callable[[str, str, Evidence], None]
    ask: Callable[[str, Sequence[str]], None]
    heard_at: Callable[[str, str], float | None]


@dataclasses.dataclass
class _Case:
    """A host that at least one monitor does not hear.

    :ivar since: when the first of them said so.
    :ivar asked_at: when the corroborators were asked last.
    :ivar silent: the kinds of monitors that do not hear it.
    :ivar lost: what those said that have it lost, by their kind.
    :ivar reported: those of them whose word went on, and stands.
    :ivar ever: those of whom any word went on.
    :ivar found: all evidence, and when it came.
    """

    since: float
    asked_at: float
    silent: set[str] = dataclasses.field(default_factory=set)
    lost: dict[str, Fault] = dataclasses.field(default_factory=dict)
    reported: set[str] = dataclasses.field(default_factory=set)
    ever: set[str] = dataclasses.field(default_factory=set)
    found: list[tuple[float, Evidence]] = dataclasses.field(
        default_factory=list)

    @property
    def held_back(self) -> list[str]:
        """Kinds whose word did not go on."""
        return sorted(self.lost.keys() - self.reported)

    def lives(self, now: float) -> Evidence | None:
        """The newest sign of life that counts still."""
        signs = [(at, one) for at, one in self.found
                 if one.kind.weight is Weight.LIVES and now - at < LIVES_S]
        return max(signs, key=lambda sign: sign[0])[1] if signs else None

    def deaths(self) -> list[Evidence]:
        """What speaks for its death, beside monitors' own silence."""
        return [one for _at, one in self.found
                if one.kind.weight >= Weight.SECOND]


class Corroboration:
    """Hears all sides of each silent host. Any thread may call.

    :param kinds: the kinds of the monitors there are.
    :param monotonic: the time, in seconds.
    """

    def __init__(self, kinds: Sequence[str], outlets: Outlets,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._kinds = kinds
        self._to = outlets
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._cases: dict[str, _Case] = {}

    def degraded(self) -> dict[str, str]:
        """The hosts that a monitor has lost and another side has alive, and
        who.
        """
        with self._lock:
            now = self._monotonic()
            return {name: _written(sign)
                    for name, case in self._cases.items() if case.held_back
                    and (sign := case.lives(now)) is not None}

    # From monitors

    def suspected(self, kind: str, hostname: str) -> None:
        """A monitor does not hear a host; more than a few probes are lost."""
        with self._lock:
            case = self._case(hostname)
            case.silent.add(kind)
            for other in sorted(case.lost.keys() - {kind}):
                self._to.agree(kind, hostname, _as_evidence(
                    other, case.lost[other]))
            for one in case.deaths():
                self._to.agree(kind, hostname, one)

    def refuted(self, kind: str, hostname: str) -> None:
        """It answers that monitor after all, before it was lost."""
        with self._lock:
            case = self._cases.get(hostname)
            if case is not None and kind not in case.lost:
                case.silent.discard(kind)
                self._close(hostname, case)

    def verdict(self, kind: str, fault: Fault) -> None:
        """A monitor has a host lost, or up again."""
        with self._lock:
            if fault.status is FaultStatus.DOWN:
                self._take_down(kind, fault)
            else:
                self._take_up(kind, fault)

    def _take_down(self, kind: str, fault: Fault) -> None:
        hostname = fault.hostname
        case = self._case(hostname)
        case.silent.add(kind)
        case.lost[kind] = fault
        case.reported.discard(kind)
        self._listen(hostname, case)
        sign = case.lives(self._monotonic())
        if sign is not None and not fault.is_by_rule:
            LOG.warning('Host %s is degraded: %s says "%s", and %s. Nobody '
                        'else is told', hostname, kind, fault.cause,
                        _written(sign))
        else:
            self._pass_on(case, kind)
        for other in sorted(case.silent - case.lost.keys()):
            self._to.agree(other, hostname, _as_evidence(kind, fault))

    def _take_up(self, kind: str, fault: Fault) -> None:
        case = self._cases.get(fault.hostname)
        is_known = case is None or kind in case.ever
        if case is not None:
            case.silent.discard(kind)
            case.lost.pop(kind, None)
            case.reported.discard(kind)
            case.ever.discard(kind)
            self._close(fault.hostname, case)
        if is_known:
            self._to.report(fault)
        else:
            LOG.warning('Host %s answers %s again; it was not said to be '
                        'lost', fault.hostname, kind)

    def _pass_on(self, case: _Case, kind: str) -> None:
        fault = case.lost[kind]
        self._to.report(dataclasses.replace(
            fault, evidence=(*fault.evidence, *case.deaths())))
        case.reported.add(kind)
        case.ever.add(kind)

    # From corroborators

    def found(self, hostname: str, evidence: Evidence) -> None:
        """Somebody knows more of a host. Of one that all monitors hear it is
        left: nobody asked, and anybody may have sent it.
        """
        with self._lock:
            case = self._cases.get(hostname)
            if case is None:
                LOG.debug('%s is left: host %s is not silent',
                          _written(evidence), hostname)
            else:
                self._add(hostname, case, evidence)

    def _add(self, hostname: str, case: _Case, evidence: Evidence) -> None:
        is_new = all(one.kind != evidence.kind
                     or one.source != evidence.source
                     for _at, one in case.found)
        case.found = [(at, one) for at, one in case.found
                      if (one.kind, one.source)
                      != (evidence.kind, evidence.source)]
        case.found.append((self._monotonic(), evidence))
        if is_new:
            LOG.warning('Host %s: %s', hostname, _written(evidence))
        if evidence.kind.weight is Weight.LIVES:
            self._overrule(hostname, case, evidence)
        elif is_new:
            for kind in sorted(case.silent - case.lost.keys()):
                self._to.agree(kind, hostname, evidence)
            if case.reported:
                self._to.witnessed(hostname, [evidence])

    def _overrule(self, hostname: str, case: _Case, sign: Evidence) -> None:
        """What was reported is taken back; should the sign of life be the
        last one, it is reported anew.
        """
        by_rule = {kind for kind in case.reported
                   if case.lost[kind].is_by_rule}
        if case.reported - by_rule:
            case.reported &= by_rule
            if not by_rule:
                self._to.witnessed(hostname, [sign])

    # Now and then

    def step(self) -> None:
        """Look again at every silent host: who hears it, whose sign of life
        is too old, who is to be asked once more. Called every second.
        """
        with self._lock:
            now = self._monotonic()
            for hostname, case in list(self._cases.items()):
                self._listen(hostname, case)
                if case.lives(now) is None:
                    for kind in case.held_back:
                        self._report_late(case, kind)
                if now - case.asked_at >= _AGAIN_S \
                        and now - case.since < _ASKED_S:
                    self._ask(hostname, case)

    def _report_late(self, case: _Case, kind: str) -> None:
        now = clock.now()
        fault = case.lost[kind]
        LOG.warning('Host %s shows no sign of life any more, and %s has it '
                    'lost', fault.hostname, kind)
        case.lost[kind] = dataclasses.replace(
            fault, id=new_id(), detected_at=now, said_at=now)
        self._pass_on(case, kind)

    def _listen(self, hostname: str, case: _Case) -> None:
        """Whether a monitor hears a host that another one does not."""
        for kind in self._kinds:
            if kind in case.silent:
                continue
            heard_at = self._to.heard_at(kind, hostname)
            if heard_at is not None and heard_at > case.since:
                self._add(hostname, case, Evidence(
                    EvidenceKind.HEARD, kind, clock.now(), 'it answers'))

    def _case(self, hostname: str) -> _Case:
        case = self._cases.get(hostname)
        if case is None:
            now = self._monotonic()
            case = self._cases[hostname] = _Case(now, now)
            self._ask(hostname, case)
        return case

    def _ask(self, hostname: str, case: _Case) -> None:
        case.asked_at = self._monotonic()
        self._to.ask(hostname, sorted(
            name for name, other in self._cases.items() if name != hostname
            and abs(other.since - case.since) <= 1.0))

    def _close(self, hostname: str, case: _Case) -> None:
        if not case.silent and not case.lost:
            del self._cases[hostname]


def _as_evidence(kind: str, fault: Fault) -> Evidence:
    """What one monitor's verdict is to another one."""
    surest = max(fault.evidence, default=None,
                 key=lambda one: one.kind.weight)
    if surest is not None and surest.kind.weight > Weight.SECOND:
        return surest
    return Evidence(EvidenceKind.MONITOR, kind, fault.detected_at,
                    fault.cause)


def _written(evidence: Evidence) -> str:
    text = f': {evidence.text}' if evidence.text else ''
    return f'{evidence.kind} ({evidence.source}{text})'

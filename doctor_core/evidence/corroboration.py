"""What is known of silent hosts from all sides, and what is said of them.

Monitors watch by one path each. Here their verdicts meet, with what
corroborators find out of a host that is silent: another side that has it
dead, too, makes a verdict sooner; one that has it alive keeps it back.
"""

import dataclasses
import itertools
import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence

from doctor_core import clock
from doctor_core.evidence.before import Before
from doctor_core.evidence.case import Case, as_evidence, written
from doctor_core.model import Fault, FaultStatus, new_id
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight

LOG = logging.getLogger(__name__)

#: A silent host is asked about at first at once, then every two seconds for a
#: minute: a crash kernel and a management controller may take so long. After
#: that, until it answers, as often as nova-compute reports: a sign of life
#: counts for three of these pauses only.
_AGAIN_S = 2.0
_OFTEN_S = 60.0
_SELDOM_S = 10.0
#: Who fell silent within so many seconds of a host did so with it. So many of
#: them are named: when thousands are silent, no thread may count them all for
#: each.
_TOGETHER_S = 1.0
_NEAR = 32


@dataclasses.dataclass(frozen=True)
class Outlets:
    """Where it all goes. Each is called with the lock held, from any thread:
    none may block, or call back.

    :ivar report: takes a verdict, for the bus.
    :ivar witnessed: takes what was found of a host that was reported down.
    :ivar agree: tells the monitor of a kind that somebody else has a host
        dead.
    :ivar ask: has the corroborators asked about a host; also takes some hosts
        that fell silent with it, and since when it is silent, which is for
        :meth:`Corroboration.found`.
    :ivar heard_at: when the monitor of a kind last heard a host, in seconds
        of the same monotonic clock; None when it does not, or when its
        answers do not come from the host itself.
    """

    report: Callable[[Fault], None]
    witnessed: Callable[[str, Sequence[Evidence]], None]
    agree: Callable[[str, str, Evidence], None]
    ask: Callable[[str, Sequence[str], float], None]
    heard_at: Callable[[str, str], float | None]


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
        self._is_closed = False
        #: In the order in which they fell silent.
        self._cases: dict[str, Case] = {}
        self._before = Before(monotonic)

    def degraded(self) -> dict[str, str]:
        """The hosts that a monitor has lost and another side has alive, and
        who.
        """
        with self._lock:
            return {name: written(sign)
                    for name, sign in self._degraded().items()}

    def _degraded(self) -> dict[str, Evidence]:
        now = self._monotonic()
        return {name: sign for name, case in self._cases.items()
                if case.held_back and not case.reported
                and (sign := case.lives(now)) is not None}

    def kept_back(self) -> dict[str, Evidence]:
        """Those, with a sign of life of each; and who is not silent yet of
        those that a process before this one kept back.
        """
        with self._lock:
            return {**self._before.alive, **self._degraded()}

    def presume_alive(self, signs: Mapping[str, Evidence]) -> None:
        """Learn whom a process before this one kept back.

        While there was none nobody was asked: a host that falls silent now
        is given the time in which a witness can say so again.
        """
        with self._lock:
            self._before.presume_alive(signs)

    def presume_down(self, kind: str, hostnames: Collection[str]) -> None:
        """Learn who was down when a monitor before this one ended."""
        with self._lock:
            self._before.presume_down(kind, hostnames)

    def watch(self, hostnames: Collection[str]) -> None:
        """There are no other hosts any more: nothing is said of those."""
        with self._lock:
            for name in self._cases.keys() - set(hostnames):
                del self._cases[name]

    def close(self) -> None:
        """Say nothing any more, whoever comes with what."""
        with self._lock:
            self._is_closed = True
            self._cases.clear()

    # From monitors

    def suspected(self, kind: str, hostname: str) -> None:
        """A monitor does not hear a host; more than a few probes are lost."""
        with self._lock:
            if self._is_closed:
                return
            case = self._case(hostname)
            case.silent.add(kind)
            for other in sorted(case.lost.keys() - {kind}):
                self._to.agree(kind, hostname, as_evidence(
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
            if self._is_closed:
                return
            if fault.status is FaultStatus.DOWN:
                self._take_down(kind, fault)
            elif not self._is_dumping(kind, fault):
                self._take_up(kind, fault)

    def _is_dumping(self, kind: str, fault: Fault) -> bool:
        """Whether a crash kernel may be all that answers: then it is kept that
        somebody does, for when that is over.
        """
        case = self._cases.get(fault.hostname)
        if case is None or kind not in case.lost \
                or not case.dumps(self._monotonic()):
            return False
        if kind not in case.back:
            LOG.warning('Host %s answers %s, as its crash kernel does: it is '
                        'not said to be up', fault.hostname, kind)
        case.back[kind] = fault
        return True

    def _take_down(self, kind: str, fault: Fault) -> None:
        hostname = fault.hostname
        case = self._case(hostname)
        if case.back.pop(kind, None) is not None:
            # The crash kernel is done, and nobody was told of its answers.
            return
        case.silent.add(kind)
        case.hears_no_more(kind)
        case.lost[kind] = fault
        self._listen(hostname, case)
        # Should it have been said before, and be overruled now.
        self._overrule(hostname, case)
        case.reported.discard(kind)
        sign = case.lives(self._monotonic())
        if sign is not None and not fault.is_by_rule:
            self._keep_back(case, kind, sign)
        else:
            self._pass_on(case, kind)
        for other in case.suspected:
            self._to.agree(other, hostname, as_evidence(kind, fault))

    def _keep_back(self, case: Case, kind: str, sign: Evidence) -> None:
        fault = case.lost[kind]
        LOG.warning('Host %s is degraded: %s says "%s", and %s. Nobody else '
                    'is told', fault.hostname, kind, fault.cause,
                    written(sign))
        if self._before.was_down(kind, fault.hostname):
            # Others were told by the process before this one.
            case.ever.add(kind)
            self._to.witnessed(fault.hostname, [sign])

    def _take_up(self, kind: str, fault: Fault) -> None:
        hostname = fault.hostname
        case = self._cases.get(hostname)
        is_known = self._before.was_down(kind, hostname) \
            or case is None or kind in case.ever
        if is_known:
            self._to.report(fault)
        else:
            LOG.warning('Host %s answers %s again; it was not said to be '
                        'lost', hostname, kind)
        if case is not None:
            case.silent.discard(kind)
            case.back.pop(kind, None)
            case.lost.pop(kind, None)
            case.reported.discard(kind)
            case.ever.discard(kind)
            self._close(hostname, case)
            # A rule of the operator's may have gone before a sign of life.
            self._overrule(hostname, case)

    def _pass_on(self, case: Case, kind: str) -> None:
        fault = case.lost[kind]
        self._to.report(dataclasses.replace(
            fault, evidence=(*fault.evidence, *case.deaths())))
        case.reported.add(kind)
        case.ever.add(kind)

    # From corroborators

    def found(self, hostname: str, evidence: Evidence,
              since: float | None = None) -> None:
        """Somebody knows more of a host. Of one that all monitors hear it is
        left: nobody asked, and anybody may have sent it.

        :param since: which silence they were asked of; what comes when that
            one is over says nothing of the next one. None for what comes
            without having been asked.
        """
        with self._lock:
            case = self._cases.get(hostname)
            if case is None or since not in (None, case.since):
                LOG.debug('%s is left: host %s is not silent, or anew',
                          written(evidence), hostname)
            else:
                self._add(hostname, case, evidence, self._monotonic())

    def _add(self, hostname: str, case: Case, evidence: Evidence,
             at: float) -> None:
        is_new = case.keep(evidence, at)
        if is_new:
            LOG.warning('Host %s: %s', hostname, written(evidence))
        if evidence.kind.weight is Weight.LIVES:
            self._overrule(hostname, case)
        elif is_new and evidence.kind.weight >= Weight.SECOND:
            for kind in case.suspected:
                self._to.agree(kind, hostname, evidence)
            if case.reported:
                self._to.witnessed(hostname, [evidence])

    def _overrule(self, hostname: str, case: Case) -> None:
        """What was reported is taken back if it lives; should the sign of
        life be the last one, it is reported anew.
        """
        sign = case.lives(self._monotonic())
        if sign is not None and case.reported and not case.is_by_rule:
            case.reported.clear()
            self._to.witnessed(hostname, [sign])

    # Now and then

    def step(self) -> None:
        """Look again at every silent host: who hears it, whose sign of life
        is too old, who is to be asked once more. Called every second.
        """
        with self._lock:
            silent = list(self._cases)
        for hostname in silent:
            # One by one: when thousands are silent, a monitor's thread must
            # not wait for all of them.
            with self._lock:
                if (case := self._cases.get(hostname)) is not None:
                    self._look_again(hostname, case)

    def _look_again(self, hostname: str, case: Case) -> None:
        now = self._monotonic()
        if case.back and not case.dumps(now):
            for kind, fault in list(case.back.items()):
                self._take_up(kind, fault)
            if hostname not in self._cases:
                return
        self._listen(hostname, case)
        if case.lives(now) is None:
            for kind in case.held_back:
                self._report_late(case, kind)
        pause_s = _AGAIN_S if now - case.since < _OFTEN_S else _SELDOM_S
        if now - case.asked_at >= pause_s:
            self._ask(hostname, case)

    def _report_late(self, case: Case, kind: str) -> None:
        now = clock.now()
        fault = case.lost[kind]
        LOG.warning('Host %s shows no sign of life any more, and %s has it '
                    'lost', fault.hostname, kind)
        case.lost[kind] = dataclasses.replace(
            fault, id=new_id(), detected_at=now, said_at=now)
        self._pass_on(case, kind)

    def _listen(self, hostname: str, case: Case) -> None:
        """Whether a monitor hears a host that another one does not."""
        if case.dumps(self._monotonic()):
            return
        for kind in self._kinds:
            if kind in case.silent:
                continue
            heard_at = self._to.heard_at(kind, hostname)
            if heard_at is not None and heard_at > case.heard_at(kind):
                # Of when it was heard: a monitor that is cut off later shows
                # its last answer for ever.
                ago_s = self._monotonic() - heard_at
                self._add(hostname, case, Evidence(
                    EvidenceKind.HEARD, kind, clock.now() - ago_s,
                    'it answers'), heard_at)

    def _case(self, hostname: str) -> Case:
        case = self._cases.get(hostname)
        if case is None:
            now = self._monotonic()
            near = list(itertools.islice(itertools.takewhile(
                lambda name: now - self._cases[name].since <= _TOGETHER_S,
                reversed(self._cases)), _NEAR))
            for other in near:
                if len(self._cases[other].near) < _NEAR:
                    self._cases[other].near.append(hostname)
            case = self._cases[hostname] = Case(now, now, near)
            if (sign := self._before.take_sign(hostname)) is not None:
                case.keep(sign, now)
            self._ask(hostname, case)
        return case

    def _ask(self, hostname: str, case: Case) -> None:
        case.asked_at = self._monotonic()
        self._to.ask(hostname, sorted(
            name for name in case.near if name in self._cases
            and abs(self._cases[name].since - case.since) <= _TOGETHER_S),
            case.since)

    def _close(self, hostname: str, case: Case) -> None:
        if not case.silent and not case.lost:
            del self._cases[hostname]

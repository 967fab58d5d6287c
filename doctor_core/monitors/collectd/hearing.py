"""What the collectds say, on its way to verdicts: in a thread of its own."""

import dataclasses
import logging
import queue
import threading
from collections.abc import Callable, Collection, Sequence

from doctor_core.clock import SYSTEM, Clock
from doctor_core.model import Fault, FaultStatus
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight
from doctor_core.monitors.collectd.words import Words
from doctor_core.monitors.reports import host_down, host_up
from doctor_core.monitors.verdict import State

LOG = logging.getLogger(__name__)

#: Who says it, as evidence.
SOURCE = 'collectd'
#: Wait after an unexpected error, so that it does not fill the log.
_RECOVER_S = 1.0
#: Of the details of an event: what its report says of itself.
_OWN_WORDS = frozenset({'evidence', 'path_suspected', 'status', 'severity'})


@dataclasses.dataclass(frozen=True)
class Outlets:
    """Where it goes; each is called from the thread.

    :ivar report: takes each verdict.
    :ivar silent: takes a host, and whether it is silent.
    :ivar counts: whether the collectd of a host can tell of another one now.
    """

    report: Callable[[Fault], None]
    silent: Callable[[str, bool], None]
    counts: Callable[[str, str], bool]


class Hearing:
    """Takes what collectds say, and reports what follows.

    Any thread may call; nothing blocks, but the end.

    :param within_s: as of :class:`Words`.
    :param clock: whose time counts.
    """

    def __init__(self, to: Outlets, within_s: float,
                 clock: Clock = SYSTEM) -> None:
        self._to = to
        self._clock = clock
        self._words = Words(to.counts, within_s)
        self._orders: queue.SimpleQueue[Callable[[], None]] = (
            queue.SimpleQueue())
        self._presumed: frozenset[str] = frozenset()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True,
                                        name='collectd-words')

    def presume_down(self, hostnames: Collection[str]) -> None:
        """These were reported down; to be called before the start."""
        self._presumed = frozenset(hostnames)

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def take(self, observer: str, event: Fault) -> None:
        """The collectd of a host says something of it, or of another one."""
        self._order(lambda: self._take(observer, event))

    def agree(self, hostname: str, evidence: Evidence) -> None:
        """Somebody else has a host dead. What is waited for is who else falls
        silent, so only a proof makes it sooner.
        """
        if evidence.kind.weight is Weight.PROVES:
            self._order(lambda: self._words.proved(hostname))

    def keep(self, hostnames: Collection[str]) -> None:
        """There are no other hosts any more."""
        self._order(lambda: self._keep(hostnames))

    def go_round(self) -> None:
        """Return when all before it was done, or at the end; blocks."""
        done = threading.Event()
        self._order(done.set)
        while not (done.wait(_RECOVER_S) or self._stopping.is_set()):
            pass

    def stop(self) -> None:
        """End; may be called again, and without a start."""
        self._stopping.set()
        self._order(lambda: None)
        if self._thread.is_alive():
            self._thread.join()

    def state(self, hostname: str) -> State | None:
        """What is held of a host; None while nobody says that it is down."""
        if self._words.is_lost(hostname):
            return State.DOWN
        return State.SUSPECT if self._words.of(hostname) else None

    def link_down(self, hostname: str) -> Evidence | None:
        """What the collectd of a host itself said of its links, if one is
        down.
        """
        return next((one for who, event in self._words.of(hostname)
                     if who == hostname for one in _evidence(who, event)
                     if one.kind is EvidenceKind.LINK_DOWN), None)

    def _order(self, what: Callable[[], None]) -> None:
        self._orders.put(what)

    def _run(self) -> None:
        wait_s: float | None = None
        while not self._stopping.is_set():
            try:
                self._obey(wait_s)
                now = self._clock.monotonic()
                for hostname in self._words.due(now):
                    self._lose(hostname)
                wait_s = self._words.wait_s(now)
            except Exception:  # the thread's outermost frame
                LOG.exception('What a collectd said could not be taken in; '
                              'it goes on')
                self._stopping.wait(_RECOVER_S)
                wait_s = 0.0

    def _obey(self, wait_s: float | None) -> None:
        try:
            self._orders.get(timeout=wait_s)()
            while not self._stopping.is_set():
                self._orders.get_nowait()()
        except queue.Empty:
            pass

    def _take(self, observer: str, event: Fault) -> None:
        name = event.hostname
        if event.status is FaultStatus.DOWN:
            if self._words.down(observer, event, self._clock.monotonic()):
                self._to.silent(name, True)
            return
        was_silent = self._words.of(name) and not self._words.is_lost(name)
        if not self._words.up(observer, name, self._clock.monotonic()):
            return
        if was_silent:
            self._to.silent(name, False)
        if not was_silent or name in self._presumed:
            self._presumed -= {name}
            self._to.report(host_up(
                name, _details(event), at=_seen_at(event)))

    def _lose(self, hostname: str) -> None:
        if self._stopping.is_set():
            return
        said = self._words.of(hostname)
        # What it says itself of its links is surest.
        who, event = next((one for one in said if one[0] == hostname),
                          said[0])
        together = self._words.together(hostname)
        is_path = self._words.is_path(hostname)
        suspected = ', path suspected' if is_path else ''
        self._to.report(host_down(
            hostname, (event.cause or 'down') + suspected,
            {**_details(event), 'silent_together': together},
            rests_on=[found for one in said for found in _evidence(*one)],
            is_path_suspected=is_path, at=_seen_at(event)))
        # Only now: a report that raised is made again.
        self._words.lost(hostname)
        self._presumed -= {hostname}

    def _keep(self, hostnames: Collection[str]) -> None:
        lost = [name for name in hostnames if self._words.is_lost(name)]
        for name in self._words.keep(hostnames):
            if name not in lost:
                self._to.silent(name, False)


def _seen_at(event: Fault) -> float:
    """When it was seen. By the clock of the compute host, which may be wrong:
    nothing is seen later than it is heard of.
    """
    return min(event.detected_at, event.received_at)


def _details(event: Fault) -> dict[str, object]:
    return {name: value for name, value in event.details.items()
            if name not in _OWN_WORDS}


def _evidence(who: str, event: Fault) -> Sequence[Evidence]:
    """What a word is worth. Only the host's own collectd knows its links."""
    at, text = _seen_at(event), f'{who}: {event.cause}'
    if who != event.hostname:
        return [Evidence(EvidenceKind.PROBES, SOURCE, at, text)]
    is_link = any(one.kind is EvidenceKind.LINK_DOWN
                  for one in event.evidence)
    return [Evidence(EvidenceKind.LINK_DOWN, SOURCE, at, text)] \
        if is_link else []

"""The times of one fault, and what follows from them; pure.

The stages T00 to T09 and the modules M00 to M04 between them are those of
OPNFV Doctor's profiler, so that its figures and ours can be laid side by
side; T10 is ours. Unlike there, a stage that nobody stamped stays unknown
instead of being guessed, and a zero is a zero.
"""

import dataclasses
import math
import statistics
from collections.abc import Callable, Iterable, Mapping

from doctor_core.model import Stage

#: What a host reaches once; the other stages each of its servers reaches.
HOST_STAGES = frozenset({Stage.LINK_DOWN, Stage.DETECTED,
                         Stage.AFFECTED_FOUND, Stage.HOST_DOWN})

#: Module: its name, and the stages between which it is at work.
MODULES = {
    'M00': ('Monitor', Stage.LINK_DOWN, Stage.DETECTED),
    'M01': ('Inspector', Stage.DETECTED, Stage.HOST_DOWN),
    'M02': ('Controller', Stage.HOST_DOWN, Stage.NOVA_NOTIFIED),
    'M03': ('Notifier', Stage.NOVA_NOTIFIED, Stage.EVENT_TRANSFORMED),
    'M04': ('Evaluator', Stage.EVENT_TRANSFORMED, Stage.OWNER_TOLD),
}


@dataclasses.dataclass(frozen=True)
class Clocks:
    """Whose clock stamped what.

    :ivar others: the stages that another clock than this machine's stamped,
        with that clock's name.
    :ivar uncertainty_ms: how wrong a stage may be, by this machine's clock:
        that is where it was put, if the offset of the other was measured.
    """

    others: Mapping[Stage, str] = dataclasses.field(default_factory=dict)
    uncertainty_ms: Mapping[Stage, float] = dataclasses.field(
        default_factory=dict)

    def differ(self, first: Stage, second: Stage) -> bool:
        """Whether two clocks stamped these stages."""
        return self.others.get(first) != self.others.get(second)

    def doubt(self, stage: Stage) -> str:
        """What to write beside a stage; empty when it is certain."""
        found = self.uncertainty_ms.get(stage)
        return f'±{_short(found)} ms' if found else ''

    @property
    def note(self) -> str:
        """For the reader of the figures; empty with a single clock."""
        said = [self._said(stage) for stage in Stage
                if stage in self.others or self.doubt(stage)]
        if not said:
            return ''
        return (f'{", ".join(said)}, the rest by this machine\'s clock; ~ '
                'marks times between two clocks.')

    def _said(self, stage: Stage) -> str:
        doubt = self.doubt(stage)
        if stage not in self.others:
            return f'{stage} is known to {doubt}'
        return (f'{stage} is by the clock of {self.others[stage]}, '
                + (f'whose offset is known to {doubt}' if doubt else
                   'whose offset is unknown'))


def _short(ms: float) -> str:
    """Two digits that count; rounded up, as a limit has to be."""
    digits = 0 if ms >= 10 else 1 if ms >= 1 else 2
    return f'{math.ceil(ms * 10 ** digits) / 10 ** digits:.{digits}f}'


@dataclasses.dataclass(frozen=True)
class Span:
    """The time from one stage to another.

    :ivar ms: None when a stage is unknown; negative when the second came
        first, as stages do which run at the same time.
    :ivar clocks_differ: whether two clocks were subtracted.
    """

    ms: float | None
    clocks_differ: bool = False

    def __str__(self) -> str:
        if self.ms is None:
            return '?'
        digits = 1 if abs(self.ms) < 10000 else 0
        return f'{"~" if self.clocks_differ else ""}{self.ms:.{digits}f}'


@dataclasses.dataclass(frozen=True)
class Told:
    """How long it took to tell the owners, counted from one stage on.

    :ivar spans: by server, all servers of the fault.
    :ivar median_ms: of those who were told; None when nobody was.
    :ivar max_ms: the last owner's; None when nobody was told.
    """

    since: Stage
    spans: Mapping[str, Span]
    median_ms: float | None
    max_ms: float | None
    clocks_differ: bool


@dataclasses.dataclass(frozen=True)
class FaultTimes:
    """The stamps of one fault, in seconds since the epoch.

    :ivar servers: by server, who was told first comes first, who was not
        told last.
    :ivar repeated: how often a stage was stamped again; the earliest stamp
        is the one that counts. The server of a host's stage is ``''``.
    """

    fault_id: str
    host: str
    host_stages: Mapping[Stage, float]
    servers: Mapping[str, Mapping[Stage, float]]
    repeated: Mapping[tuple[str, Stage], int]
    clocks: Clocks = Clocks()

    @property
    def reference(self) -> Stage:
        """What times are counted from: T00, or T01 when that is unknown."""
        known = Stage.LINK_DOWN in self.host_stages
        return Stage.LINK_DOWN if known else Stage.DETECTED

    def at(self, stage: Stage, server_id: str = '') -> float | None:
        """When a server, or the host, reached a stage; None: unknown."""
        own = self.servers.get(server_id, {}).get(stage)
        return self.host_stages.get(stage) if own is None else own

    def span(self, begin: Stage, end: Stage, server_id: str = '') -> Span:
        """The time between two stages of a server, or of the host."""
        return self._between(begin, self.at(begin, server_id),
                             end, self.at(end, server_id))

    def since_reference(self, stage: Stage, server_id: str = '') -> Span:
        """The time from :attr:`reference` to a stage."""
        return self.span(self.reference, stage, server_id)

    def _between(self, begin: Stage, begin_at: float | None, end: Stage,
                 end_at: float | None) -> Span:
        if begin_at is None or end_at is None:
            return Span(None)
        return Span((end_at - begin_at) * 1000.0,
                    self.clocks.differ(begin, end))

    def _all_at(self, stage: Stage) -> list[float]:
        if stage in HOST_STAGES or not self.servers:
            known = [self.host_stages.get(stage)]
        else:
            known = [self.at(stage, server) for server in self.servers]
        return [at for at in known if at is not None]

    def count(self, stage: Stage) -> int:
        """How many servers are known to have reached a stage."""
        return sum(self.at(stage, server) is not None
                   for server in self.servers)

    def first(self, stage: Stage, since: Stage | None = None) -> Span:
        """Until the first server reached a stage, from ``since`` on.

        :param since: a stage of the host; None for :attr:`reference`.
        """
        return self._extreme(stage, since or self.reference, min)

    def last(self, stage: Stage, since: Stage | None = None) -> Span:
        """Until the last server reached it of those that are known to."""
        return self._extreme(stage, since or self.reference, max)

    def complete(self, stage: Stage, since: Stage | None = None) -> Span:
        """Until all servers reached it; unknown if it is of one of them."""
        if stage not in HOST_STAGES and self.count(stage) < len(self.servers):
            return Span(None)
        return self.last(stage, since)

    def _extreme(self, stage: Stage, since: Stage,
                 pick: Callable[[Iterable[float]], float]) -> Span:
        known = self._all_at(stage)
        return self._between(since, self.at(since),
                             stage, pick(known) if known else None)

    def modules(self, server_id: str) -> dict[str, Span]:
        """The time that each module took for one server."""
        return {module: self.span(begin, end, server_id)
                for module, (_name, begin, end) in MODULES.items()}

    def total(self, server_id: str) -> Span:
        """The whole way, from the lost link to the told owner."""
        return self.span(Stage.LINK_DOWN, Stage.OWNER_TOLD, server_id)

    def told(self, since: Stage = Stage.DETECTED) -> Told:
        """How long it took to tell the owners.

        :param since: T01 for the verdict, T00 for the whole way.
        """
        spans = {server: self.span(since, Stage.OWNER_TOLD, server)
                 for server in self.servers}
        known = [span.ms for span in spans.values() if span.ms is not None]
        return Told(since, spans,
                    statistics.median(known) if known else None,
                    max(known, default=None),
                    self.clocks.differ(since, Stage.OWNER_TOLD))

    @property
    def told_in_order(self) -> list[str]:
        """The servers whose owners were told, the first one first."""
        return [server for server in self.servers
                if self.at(Stage.OWNER_TOLD, server) is not None]

    @property
    def untold(self) -> list[str]:
        """The servers whose owners are not known to have been told."""
        return [server for server in self.servers
                if self.at(Stage.OWNER_TOLD, server) is None]

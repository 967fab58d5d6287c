"""A fault's times as the rows and axes of a waterfall; pure."""

import dataclasses
import math

from doctor_core.model import Stage
from doctor_core.profiler.times import HOST_STAGES, FaultTimes, Span

LABELS = {
    Stage.LINK_DOWN: 'Link lost',
    Stage.DETECTED: 'Fault detected',
    Stage.AFFECTED_FOUND: 'Affected servers found',
    Stage.SERVER_ERROR: 'Servers in error',
    Stage.HOST_DOWN: 'Host marked down',
    Stage.NOVA_NOTIFIED: 'Nova has notified',
    Stage.EVENT_TRANSFORMED: 'Event ready',
    Stage.ALARM_EVALUATED: 'Alarm evaluated',
    Stage.ALARM_FIRED: 'Alarm fired',
    Stage.OWNER_TOLD: 'Owners told',
    Stage.PORTS_DOWN: 'Ports down',
}

#: What happens at the same time stands in lanes of its own.
LANES = (
    ('detect', 'Detect', (Stage.LINK_DOWN, Stage.DETECTED,
                          Stage.AFFECTED_FOUND)),
    ('tell', 'Tell the owners', (Stage.EVENT_TRANSFORMED,
                                 Stage.ALARM_EVALUATED, Stage.ALARM_FIRED,
                                 Stage.OWNER_TOLD)),
    ('correct', 'Correct Nova and Neutron', (
        Stage.HOST_DOWN, Stage.SERVER_ERROR, Stage.NOVA_NOTIFIED,
        Stage.PORTS_DOWN)),
)

# What a stage may have waited for, the nearest first. Telling waits for
# Nova's notification in conservative mode, and not in shortcut mode: the
# first candidate that really was earlier is taken.
_BEFORE = {
    Stage.LINK_DOWN: (),
    Stage.DETECTED: (Stage.LINK_DOWN,),
    Stage.AFFECTED_FOUND: (Stage.DETECTED,),
    Stage.SERVER_ERROR: (Stage.AFFECTED_FOUND, Stage.DETECTED),
    Stage.HOST_DOWN: (Stage.AFFECTED_FOUND, Stage.DETECTED),
    Stage.NOVA_NOTIFIED: (Stage.SERVER_ERROR, Stage.AFFECTED_FOUND,
                          Stage.DETECTED),
    Stage.EVENT_TRANSFORMED: (Stage.NOVA_NOTIFIED, Stage.AFFECTED_FOUND,
                              Stage.DETECTED),
    Stage.ALARM_EVALUATED: (Stage.EVENT_TRANSFORMED, Stage.AFFECTED_FOUND,
                            Stage.DETECTED),
    Stage.ALARM_FIRED: (Stage.ALARM_EVALUATED, Stage.EVENT_TRANSFORMED,
                        Stage.AFFECTED_FOUND, Stage.DETECTED),
    Stage.OWNER_TOLD: (Stage.ALARM_FIRED, Stage.ALARM_EVALUATED,
                       Stage.EVENT_TRANSFORMED, Stage.AFFECTED_FOUND,
                       Stage.DETECTED),
    Stage.PORTS_DOWN: (Stage.AFFECTED_FOUND, Stage.DETECTED),
}


@dataclasses.dataclass(frozen=True)
class Row:
    """One stage of a waterfall, in milliseconds after the reference.

    :ivar begin_ms: when the stage before it was reached: its bar's start.
    :ivar first_ms: when the first server reached it, None if none did.
    :ivar last_ms: when the last one did; equal for a host's stage.
    :ivar count: how many servers reached it; None for a host's stage.
    """

    stage: Stage
    lane: str
    begin_ms: float | None
    first_ms: float | None
    last_ms: float | None
    count: int | None
    clocks_differ: bool

    @property
    def label(self) -> str:
        return LABELS[self.stage]


def rows(times: FaultTimes) -> list[Row]:
    """All stages, lane by lane."""
    return [_row(times, stage, lane)
            for lane, _title, stages in LANES for stage in stages]


def _row(times: FaultTimes, stage: Stage, lane: str) -> Row:
    first, last = times.first(stage), times.last(stage)
    begin = None
    if first.ms is not None:
        candidates = (times.first(before).ms for before in _BEFORE[stage])
        begin = next((ms for ms in candidates
                      if ms is not None and ms <= first.ms), None)
    return Row(stage, lane, begin, first.ms, last.ms,
               None if stage in HOST_STAGES else times.count(stage),
               last.clocks_differ)


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of the way to an owner.

    :ivar begin: the stage that it waited for.
    :ivar stage: the one that it reached.
    """

    begin: Stage
    stage: Stage
    span: Span

    @property
    def label(self) -> str:
        return LABELS[self.stage].lower()


def way(times: FaultTimes, server: str) -> list[Step]:
    """What came after what until the owner of a server was told, no step of
    which is negative; empty if that is unknown.
    """
    steps: list[Step] = []
    stage: Stage | None = Stage.OWNER_TOLD
    while stage:
        spans = {before: times.span(before, stage, server)
                 for before in _BEFORE[stage]}
        begin = next((before for before, span in spans.items()
                      if span.ms is not None and span.ms >= 0), None)
        if begin:
            steps.insert(0, Step(begin, stage, spans[begin]))
        stage = begin
    return steps


@dataclasses.dataclass(frozen=True)
class Axis:
    """A linear scale of milliseconds after a stage.

    :ivar since: what zero is.
    :ivar offset_ms: where zero lies, in ms after the reference.
    :ivar end_ms: where the scale ends, counted from its zero.
    :ivar ticks: round numbers on it.
    """

    since: Stage
    offset_ms: float
    end_ms: float
    ticks: tuple[float, ...]

    def share(self, ms: float) -> float:
        """Where on the scale a time after the reference lies, 0 to 1."""
        return min(1.0, max(0.0, (ms - self.offset_ms) / self.end_ms))


def axis(since: Stage, offset_ms: float, last_ms: float,
         most_ticks: int = 6) -> Axis:
    """The scale from a stage to the last thing to be shown on it.

    :param last_ms: in ms after the reference.
    """
    reach = max(last_ms - offset_ms, 1.0)
    step = 10 ** math.floor(math.log10(reach / most_ticks))
    factor = next(factor for factor in (1, 2, 5, 10)
                  if reach / (step * factor) <= most_ticks)
    step *= factor
    count = math.ceil(reach / step - 1e-9)
    return Axis(since, offset_ms, max(reach, step * count),
                tuple(round(step * i, 6) for i in range(count + 1)))


def axes(times: FaultTimes, shown: list[Row]) -> dict[str, Axis]:
    """The scale of each lane: detection takes long, the rest is quick.

    The lane ``detect`` counts from the reference, the others from T01 if it
    is known.
    """
    def last_of(*lanes: str) -> float:
        return max((row.last_ms for row in shown
                    if row.lane in lanes and row.last_ms is not None),
                   default=0.0)

    detect = axis(times.reference, 0.0, last_of('detect'))
    detected = times.since_reference(Stage.DETECTED).ms
    since = times.reference if detected is None else Stage.DETECTED
    rest = axis(since, detected or 0.0, last_of('tell', 'correct'))
    return {'detect': detect, 'tell': rest, 'correct': rest}

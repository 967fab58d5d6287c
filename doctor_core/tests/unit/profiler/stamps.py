"""Faults made of literal milliseconds, for the profiler's tests."""

from collections.abc import Mapping

from doctor_core.model import Checkpoint, Outcome, Server, Stage, Verdict
from doctor_core.profiler.facts import ReportFacts
from doctor_core.profiler.timeline import Timeline
from doctor_core.profiler.times import Clocks, FaultTimes

START = 1795330000.0
HOST = 'compute-1'
#: Owners are told while the cloud is being corrected.
SHORTCUT = {'T00': 0, 'T01': 200, 'T02': 201, 'T04': 230,
            'T06': 202, 'T07': 203, 'T08': 204, 'T09': 210, 'T03': 250}
#: Owners are told of what Nova says.
CONSERVATIVE = {'T00': 0, 'T01': 200, 'T02': 201, 'T04': 230,
                'T03': 250, 'T05': 260, 'T06': 261, 'T07': 262,
                'T08': 263, 'T09': 280}
HOST_STAGES = ('T00', 'T01', 'T02', 'T04')


def stamp(stage: str, ms: float, server: str = '', host: str = HOST,
          fault: str = 'fault-1') -> Checkpoint:
    """A checkpoint so many milliseconds after the link was lost."""
    return Checkpoint(Stage(stage), START + ms / 1000, host, server, fault)


def times(stages: Mapping[str, float], servers: int = 1, *,
          apart_ms: float = 0, clocks: Clocks | None = None) -> FaultTimes:
    """A fault whose servers follow each other ``apart_ms`` behind."""
    timeline = Timeline(clocks)
    names = [f'server-{number}' for number in range(servers)]
    for stage, ms in stages.items():
        if stage in HOST_STAGES:
            timeline.add(stamp(stage, ms))
            continue
        for number, name in enumerate(names):
            timeline.add(stamp(stage, ms + number * apart_ms, name))
    return timeline.fault('fault-1', servers=names)


def facts(servers: int = 1, verdict: Verdict = Verdict.PASSED,
          **changes: object) -> ReportFacts:
    """What goes with :func:`times`."""
    known = tuple(Server(f'server-{number}', f'vm-{number}', 'project-1',
                         HOST) for number in range(servers))
    values = {'outcome': Outcome(verdict), 'host': HOST, 'servers': known}
    return ReportFacts(**(values | changes))  # type: ignore[arg-type]

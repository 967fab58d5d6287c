"""What a report says beside the times."""

import dataclasses
from collections.abc import Mapping

from doctor_core.model import Outcome, Server, Stage
from doctor_core.profiler.times import FaultTimes, Span
from doctor_core.wording import counted


@dataclasses.dataclass(frozen=True)
class ReportFacts:
    """The circumstances of one fault.

    :ivar host: the host that failed, as Nova knows it.
    :ivar limit_ms: by when an owner has to be told, counted from T01.
    :ivar servers: those that were on the host, for their names; a server
        that is not here is shown by its id.
    :ivar notification: ``shortcut`` or ``conservative``.
    :ivar setup: whatever else the reader should know, label to value, e.g.
        the plugins in use; shown in this order.
    :ivar created_at: when the report was made.
    """

    outcome: Outcome
    host: str
    limit_ms: float = 1000.0
    servers: tuple[Server, ...] = ()
    title: str = 'Fault management'
    notification: str = ''
    setup: Mapping[str, str] = dataclasses.field(default_factory=dict)
    created_at: float = 0.0

    def name(self, server_id: str) -> str:
        """What the reader calls a server."""
        for server in self.servers:
            if server.id == server_id and server.name:
                return server.name
        return server_id

    def project(self, server_id: str) -> str:
        """Whose it is; empty when unknown."""
        for server in self.servers:
            if server.id == server_id:
                return server.project_id
        return ''

    def problem(self, times: FaultTimes, server_id: str) -> str:
        """What is wrong with when an owner was told; empty: nothing."""
        span = times.span(Stage.DETECTED, Stage.OWNER_TOLD, server_id)
        if times.at(Stage.OWNER_TOLD, server_id) is None:
            return 'not told'
        if span.ms is None:
            return 'told, but not known how fast'
        if span.ms <= 0:
            return 'told before detection'
        if span.ms >= self.limit_ms:
            return f'later than {self.limit_ms:g} ms'
        return ''


def headline(times: FaultTimes, facts: ReportFacts) -> str:
    """A sentence: who was told, and how fast, counted from the lost link."""
    told, whole = (_last(times, since) for since in (
        Stage.DETECTED, Stage.LINK_DOWN))
    sure = times.span(Stage.LINK_DOWN, Stage.DETECTED)
    count = times.count(Stage.OWNER_TOLD)
    sentence = (f'{count} of {counted(len(times.servers), "owner")} told of '
                f'the loss of {facts.host}')
    limit = f'(limit {facts.limit_ms:g} ms)'
    if whole.ms is not None:
        sentence += f', the last {whole} ms after the link was lost'
        if told.ms is not None:
            sentence += (f': the monitor was sure after {sure} ms, and the '
                         f'last owner told {told} ms later {limit}')
    elif told.ms is not None:
        sentence += f', the last {told} ms after detection {limit}'
    return sentence + '.'


def _last(times: FaultTimes, since: Stage) -> Span:
    told = times.told(since)
    return Span(told.max_ms, told.clocks_differ)

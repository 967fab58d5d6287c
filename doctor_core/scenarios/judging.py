"""Whether a run of the fault scenario did what it promised; pure."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

from doctor_core.model import Notice, Server, StateChange
from doctor_core.wording import counted, few


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What was seen in a run.

    :ivar servers: those on the failed host.
    :ivar detected_at: when the monitor saw the fault; None if it did not.
    :ivar notices: all that the consumer got.
    :ivar changes: the outcome of each correction.
    :ivar note: what the inspector could not do, in its words.
    :ivar wrong: what the cloud shows that it should not, line by line.
    """

    servers: Sequence[Server]
    detected_at: float | None
    notices: Sequence[Notice]
    changes: Sequence[StateChange] = ()
    note: str = ''
    wrong: Sequence[str] = ()


def told_at(notices: Iterable[Notice]) -> dict[str, float]:
    """When each server was first told of."""
    first: dict[str, float] = {}
    for notice in notices:
        if notice.server_id:
            first[notice.server_id] = min(
                notice.received_at,
                first.get(notice.server_id, notice.received_at))
    return first


class Tally:
    """Which servers are still to be told of; one thread at a time.

    :param wanted: the ids of all of them.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self._left = set(wanted)
        self._looked_at = 0

    def left(self, notices: Sequence[Notice]) -> int:
        """Of how many there is no notice yet.

        :param notices: all so far, in the same order each time: each is
            looked at once, since who looks shares a processor with those
            who tell.
        """
        for notice in notices[self._looked_at:]:
            self._left.discard(notice.server_id)
        self._looked_at = len(notices)
        return len(self._left)


def judge(evidence: Evidence, limit_s: float) -> list[str]:
    """Why a run has failed; empty when it passed.

    Every server on the failed host has to be told of, each after the fault
    was detected and less than ``limit_s`` after it, and everything has to be
    corrected.
    """
    if evidence.detected_at is None:
        return ['the monitor did not detect that the host failed']
    reasons = _untold(evidence, told_at(evidence.notices), limit_s)
    failed = [change for change in evidence.changes if not change.done]
    if failed:
        reasons.append(
            f'{len(failed)} of '
            f'{counted(len(evidence.changes), "correction")} failed: '
            + few((f'{change.correction.action} of '
                   f'{change.correction.target_id}: {change.error}'
                   for change in failed), 3))
    elif evidence.note:
        reasons.append(evidence.note)
    return [*reasons, *evidence.wrong]


def otherwise(where: str, what: str, shown: Iterable[tuple[str, str]],
              wanted: str) -> list[str]:
    """Sentences on what is not shown as it should be, one for each value.

    :param where: who shows it, e.g. ``Nova``.
    :param what: what is shown, e.g. ``servers``.
    :param shown: names and what is shown of them; empty for nothing.
    :param wanted: what should be.
    """
    names: dict[str, list[str]] = {}
    for name, value in shown:
        if value != wanted:
            names.setdefault(value or 'none', []).append(name)
    return [f'{where} shows {what} as {value}, not {wanted}: '
            + few(which) for value, which in names.items()]


def _untold(evidence: Evidence, first: Mapping[str, float],
            limit_s: float) -> list[str]:
    assert evidence.detected_at is not None
    delays = {server.id: first[server.id] - evidence.detected_at
              for server in evidence.servers if server.id in first}
    names = {server.id: server.name for server in evidence.servers}
    problems: list[tuple[str, Collection[str]]] = [
        ('were not told of', [names[server] for server in names
                              if server not in delays]),
        ('were told of before the fault was detected',
         [f'{names[server]} ({1000 * delay:.0f} ms)'
          for server, delay in delays.items() if delay <= 0]),
        (f'were told of later than {1000 * limit_s:.0f} ms',
         [f'{names[server]} ({1000 * delay:.0f} ms)'
          for server, delay in delays.items() if delay >= limit_s])]
    return [f'{len(which)} of {counted(len(names), "server")} {what}: '
            f'{few(which, 3)}'
            for what, which in problems if which]

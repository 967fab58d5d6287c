"""What the failures of a bench on a bed come to: medians, ratios, a table."""

import dataclasses
import math
import statistics
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

STANDIN = 'stand-in'
DOCTOR = 'Doctor'
#: How the words of doctor.conf read in a table.
_ALARMS = {'local': 'Doctor\'s', 'aodh': 'Aodh\'s'}
_TOLD = {'shortcut': 'at once', 'conservative': 'Nova knows'}
_NTH = {1: 'first', 2: 'second'}

#: How many times sooner than the stand-in's the last owner is to be told, by
#: who evaluates the alarms; told at once, of a full host.
_TOLD_RATIO = {'local': 20.0, 'aodh': 3.5}
#: How much later than the stand-in's the last server may be in error.
_ERROR_LATER_MS = {'local': 0.0, 'aodh': 300.0}
#: By when the host is to be marked down, every time.
_HOST_MS = 150.0
#: From how many servers on a host is full.
_FULL = 20


@dataclasses.dataclass(frozen=True)
class Case:
    """Who meets a failure, and how its owners are told.

    :ivar inspector: :data:`STANDIN` or :data:`DOCTOR`.
    :ivar alarms: who evaluates them: ``local`` or ``aodh``.
    :ivar notification: ``shortcut`` or ``conservative``.
    """

    inspector: str
    alarms: str
    notification: str

    def __str__(self) -> str:
        words = f'{self.inspector}, {_ALARMS[self.alarms]} alarms'
        return words if self.notification == 'shortcut' \
            else f'{words}, told when Nova knows'


@dataclasses.dataclass(frozen=True)
class Failure:
    """One failure of a host; times in ms after it was reported.

    :ivar nth: the first or the second of two within a minute.
    :ivar told_ms: until the last owner was told; infinite if one was not.
    :ivar error_ms: until the last server was in error.
    :ivar host_ms: until the host was marked down.
    """

    case: Case
    servers: int
    nth: int
    told_ms: float
    error_ms: float
    host_ms: float


@dataclasses.dataclass(frozen=True)
class Row:
    """Failures of one case; times are medians, but for the worst.

    :ivar missed: the times that were not as they are to be.
    """

    case: Case
    servers: int
    nth: int
    runs: int
    told_ms: float
    error_ms: float
    host_ms: float
    host_worst_ms: float
    told_ratio: float | None = None
    error_ratio: float | None = None
    host_ratio: float | None = None
    missed: tuple[str, ...] = ()


def rows(failures: Iterable[Failure]) -> list[Row]:
    """A row for each case, number of servers and nth failure, in the order
    in which they first came; ratios are to the stand-in's.
    """
    groups: dict[tuple[int, Case, int], list[Failure]] = {}
    for failure in failures:
        groups.setdefault((failure.servers, failure.case, failure.nth),
                          []).append(failure)
    found = [_row(group) for group in groups.values()]
    standins = {(row.servers, row.nth): row for row in found
                if row.case.inspector == STANDIN}
    return [_compared(row, standins.get((row.servers, row.nth)))
            for row in found]


def _row(group: Sequence[Failure]) -> Row:
    def median(time: Callable[[Failure], float]) -> float:
        return statistics.median(map(time, group))

    first = group[0]
    return Row(first.case, first.servers, first.nth, len(group),
               median(lambda failure: failure.told_ms),
               median(lambda failure: failure.error_ms),
               median(lambda failure: failure.host_ms),
               max(failure.host_ms for failure in group))


def _compared(row: Row, standin: Row | None) -> Row:
    if standin is not None:
        row = dataclasses.replace(
            row, told_ratio=_ratio(standin.told_ms, row.told_ms),
            error_ratio=_ratio(standin.error_ms, row.error_ms),
            host_ratio=_ratio(standin.host_ms, row.host_ms))
    if row.case.inspector == STANDIN:
        return row
    return dataclasses.replace(row, missed=tuple(_missed(row, standin)))


def _ratio(theirs: float, ours: float) -> float | None:
    """How many times sooner; None where there is no saying."""
    if math.isinf(theirs) or not ours:
        return None
    return theirs / ours


def _missed(row: Row, standin: Row | None) -> Iterable[str]:
    told_ms, error_ms = math.inf, math.inf
    if standin is not None and row.servers >= _FULL \
            and row.case.notification == 'shortcut':
        told_ms = standin.told_ms / _TOLD_RATIO[row.case.alarms]
        error_ms = standin.error_ms + _ERROR_LATER_MS[row.case.alarms]
    if math.isinf(row.told_ms) or row.told_ms > told_ms:
        yield 'told'
    if math.isinf(row.error_ms) or row.error_ms > error_ms:
        yield 'error'
    if row.host_worst_ms > _HOST_MS:
        yield 'host'


_HEADER = ('of', 'inspector', 'alarms', 'told', 'failure', 'owners',
           'ratio', 'servers', 'ratio', 'host', 'ratio', 'worst')
#: How many of those columns hold words, which are set to the left.
_WORDS = slice(1, 5)


def _cells(row: Row) -> list[str]:
    def marked(time: float, name: str) -> str:
        return f'{_ms(time)}{" !" if name in row.missed else ""}'

    return [str(row.servers), row.case.inspector, _ALARMS[row.case.alarms],
            _TOLD[row.case.notification], _NTH[row.nth],
            marked(row.told_ms, 'told'), _times(row.told_ratio),
            marked(row.error_ms, 'error'), _times(row.error_ratio),
            _ms(row.host_ms), _times(row.host_ratio),
            marked(row.host_worst_ms, 'host')]


def _ms(time: float) -> str:
    return 'never' if math.isinf(time) else f'{time:.0f}'


def _times(ratio: float | None) -> str:
    return '-' if ratio is None else f'{ratio:.1f}'


def text(found: Sequence[Row]) -> str:
    """A table to be read on a terminal."""
    lines = [list(_HEADER), *map(_cells, found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    words = range(len(widths))[_WORDS]
    table = ['  '.join(
        cell.ljust(width) if column in words else cell.rjust(width)
        for column, (cell, width) in enumerate(
            zip(line, widths, strict=True))).rstrip() for line in lines]
    notes = [note.replace('*', '').replace('``', '')
             for note in _notes(found)]
    return '\n'.join([*table, '', *notes, ''])


def rst(found: Sequence[Row]) -> str:
    """The same for the documentation."""
    lines = ['.. csv-table::', '   :header-rows: 1', '',
             *(f'   {",".join(cells)}'
               for cells in (_HEADER, *map(_cells, found))), '',
             *_notes(found), '']
    return '\n'.join(lines)


def _notes(found: Sequence[Row]) -> list[str]:
    runs = ' or '.join(map(str, sorted({row.runs for row in found})))
    notes = textwrap.wrap(
        '*of*: servers on the host. *owners*: the last was told; *servers*: '
        'the last was in error; *host*: it was down for Nova. Times are in '
        f'ms after the host was reported down, medians of {runs} runs; '
        '*worst* is the slowest of all. *ratio*: how many times sooner than '
        'the stand-in. *second*: a failure within a minute after the first.',
        79)
    if any(row.missed for row in found):
        notes.append('``!`` marks what is to be sooner.')
    return notes


def as_json(found: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as JSON can hold them: null for what never came."""
    return [{name: None if isinstance(value, float) and math.isinf(value)
             else value for name, value in dataclasses.asdict(row).items()}
            for row in found]

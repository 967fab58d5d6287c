"""What reports of ``doctor run --json`` come to: a line for each case."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

_STAGES = ('T02', 'T03', 'T04', 'T05', 'T06', 'T07', 'T08')
#: By when the last of so many owners is told, in ms, where nobody waits for
#: Nova or Aodh.
_AT_ONCE_MS = {20: 100.0, 50: 150.0}
#: By when in every other run, but those that :func:`limit_ms` excepts.
_LIMIT_MS = 1000.0
_SLOW_MS = 8000.0
_WHY_SLOW = (
    f'The limit of {_SLOW_MS:.0f} ms: on two busy cores Nova takes 50 to 80 '
    'ms to reset a server,\none after the other, and Aodh takes one event at '
    'a time.')


def told_last_ms(document: Mapping[str, Any]) -> float:
    """From T01 to the last T09 of a report; infinite if one is missing."""
    detected = document['stages']['T01']
    told = [server['stages']['T09'] for server in document['servers']]
    if detected is None or None in told or not told:
        return float('inf')
    return float(max(told) - detected)


def limit_ms(alarms: str, notification: str, servers: int) -> float:
    """By when the last owner has to be told."""
    if (alarms, notification) == ('local', 'shortcut'):
        return next((limit for most, limit in _AT_ONCE_MS.items()
                     if servers <= most), _LIMIT_MS)
    most = 20 if notification == 'shortcut' else 1
    return _LIMIT_MS if servers <= most else _SLOW_MS


def row(alarms: str, notification: str, servers: int,
        documents: Sequence[Mapping[str, Any]]) -> Row:
    """What the runs of one case come to.

    :param documents: what ``doctor run --json`` wrote.
    :returns: ``stages`` has the median of each, in ms after T01, of when the
        last server got there; None where a run does not know it.
    """
    last = [told_last_ms(document) for document in documents]
    return {'alarms': alarms, 'notification': notification,
            'servers': servers, 'runs': len(documents),
            'passed': sum(document['verdict'] == 'PASSED'
                          for document in documents),
            'median_ms': statistics.median(last), 'max_ms': max(last),
            'limit_ms': limit_ms(alarms, notification, servers),
            'stages': {stage: _median(_after_detection(document, stage)
                                      for document in documents)
                       for stage in _STAGES}}


def _after_detection(document: Mapping[str, Any],
                     stage: str) -> float | None:
    begin, end = document['stages']['T01'], document['stages'][stage]
    return None if begin is None or end is None else float(end - begin)


def _median(values: Iterable[float | None]) -> float | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return statistics.median(known) if len(known) == len(found) else None


def met(one: Row) -> bool:
    """Whether all runs of a case passed, half of them within its limit."""
    return bool(one['passed'] == one['runs']
                and one['median_ms'] <= one['limit_ms'])


def table(rows: Sequence[Row]) -> str:
    """A line for each case; times in ms after T01."""
    lines = [f'{"alarms":<6} {"told":<12} {"servers":>7} {"passed":>6} '
             f'{"median":>6} {"worst":>6} {"limit":>6}  '
             + ''.join(f'{stage:>6}' for stage in _STAGES)]
    for one in rows:
        passed = f'{one["passed"]}/{one["runs"]}'
        lines.append(
            f'{one["alarms"]:<6} {one["notification"]:<12} '
            f'{one["servers"]:>7} {passed:>6} {_ms(one["median_ms"]):>6} '
            f'{_ms(one["max_ms"]):>6} {_ms(one["limit_ms"]):>6} '
            f'{" " if met(one) else "!"}'
            + ''.join(f'{_ms(one["stages"][stage]):>6}'
                      for stage in _STAGES))
    notes = ['', 'Times in ms after the detection, of the server that got '
             'there last; stages in medians.']
    if not all(map(met, rows)):
        notes.append('! marks what did not pass, or not within its limit.')
    if any(one['limit_ms'] == _SLOW_MS for one in rows):
        notes.append(_WHY_SLOW)
    return '\n'.join([*lines, *notes, ''])


def _ms(value: float | None) -> str:
    return '?' if value is None else f'{value:.0f}'

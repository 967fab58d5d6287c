"""The waterfall for a terminal."""

import textwrap
from collections.abc import Callable, Iterator

from doctor_core.model import Stage, Verdict
from doctor_core.profiler.facts import ReportFacts, headline
from doctor_core.profiler.rows import LANES, Axis, Row, axes, rows, way
from doctor_core.profiler.times import FaultTimes, Span

_FIGURES = 59  # columns left of the bars
_NARROWEST = 78
_SHOWN = 8  # so many servers are all listed; of more, first, median, last
_TOLD_BY = (Stage.EVENT_TRANSFORMED, Stage.ALARM_EVALUATED,
            Stage.ALARM_FIRED, Stage.OWNER_TOLD, Stage.SERVER_ERROR,
            Stage.NOVA_NOTIFIED)

_COLORS = {'detect': '36', 'tell': '32', 'correct': '33', 'title': '1',
           'PASSED': '1;32', 'FAILED': '1;31', 'SKIPPED': '1;33',
           'problem': '31', 'faint': '2'}

Paint = Callable[[str, str], str]


def _colored(text: str, style: str) -> str:
    return f'\033[{_COLORS[style]}m{text}\033[0m' if text else text


def _plain(text: str, _style: str) -> str:
    return text


def as_text(times: FaultTimes, facts: ReportFacts, *, width: int = 100,
            ascii_only: bool = False, color: bool = False) -> str:
    """The whole report, lines of up to ``width`` columns, none at its end.

    :param width: less than 78 counts as 78.
    :param ascii_only: for terminals that show no block characters.
    :param color: whether to write ANSI colours.
    """
    paint: Paint = _colored if color else _plain
    width = max(width, _NARROWEST)
    verdict = str(facts.outcome.verdict)
    lines = [f'{paint(facts.title, "title")}: {paint(verdict, verdict)}',
             *textwrap.wrap(headline(times, facts), width)]
    if facts.outcome.verdict is not Verdict.PASSED:
        for reason in facts.outcome.reasons:
            lines += textwrap.wrap(
                reason, width, initial_indent='  * ', subsequent_indent='    ')
    for section in (_waterfall(times, width, ascii_only, paint),
                    _servers(times, facts, width, paint),
                    _footer(times, facts, width)):
        found = list(section)
        lines += ['', *found] if found else []
    text = '\n'.join(line.rstrip() for line in lines)
    if ascii_only:
        return text.replace('±', '+-').encode('ascii', 'replace').decode()
    return text


def _waterfall(times: FaultTimes, width: int, ascii_only: bool,
               paint: Paint) -> Iterator[str]:
    shown = rows(times)
    scales = axes(times, shown)
    room = width - _FIGURES
    dash = ' .' if ascii_only else ' …'
    yield paint(f'{"":31}{"after T00":>9}  {"after T01, ms":>15}', 'faint')
    previous = None
    for lane, title, _stages in LANES:
        scale = scales[lane]
        ruler = '' if scale is previous else _ruler(scale, room)
        previous = scale
        yield (paint(f' {title:{_FIGURES - 2}} ', 'title')
               + paint(ruler, 'faint'))
        for row in shown:
            if row.lane == lane:
                yield (_figures(times, row, dash)
                       + paint(_bar(row, scale, room, ascii_only), lane))


def _figures(times: FaultTimes, row: Row, dash: str) -> str:
    since_t00 = times.complete(row.stage) \
        if times.reference is Stage.LINK_DOWN else Span(None)
    first = times.first(row.stage, Stage.DETECTED)
    after = str(times.last(row.stage, Stage.DETECTED))
    if row.stage is Stage.LINK_DOWN:
        after = ''
    elif first.ms is not None and (row.count or 0) > 1:
        after = f'{first}{dash}{after:>6}'
    count = ''
    if row.count is not None and row.count < len(times.servers):
        count = f' {row.count}/{len(times.servers)}'
    label = f'  {row.stage} {row.label}{count}'
    doubt = times.clocks.doubt(row.stage)
    label += f' {doubt}' if doubt else ''
    return f'{label:31.31}{since_t00!s:>9}  {after:>15}  '


def _ruler(scale: Axis, room: int) -> str:
    """The round numbers of a scale, as many as there is room for."""
    line = ''
    for tick in scale.ticks:
        text = f'{tick:g}'
        at = round(tick / scale.end_ms * (room - 1))
        at -= len(text) - 1 if at + len(text) > room else 0
        if not line or at > len(line):
            line = line.ljust(at) + text
    return f'{line} ms' if len(line) + 3 <= room else line


def _bar(row: Row, scale: Axis, room: int, ascii_only: bool) -> str:
    """From what the stage waited for to the first, then to the last."""
    if row.first_ms is None or row.last_ms is None:
        return ''
    body, spread, point = '#=|' if ascii_only else '█▒▏'

    def column(ms: float) -> int:
        return round(scale.share(ms) * (room - 1))

    first, last = column(row.first_ms), column(row.last_ms)
    begin = first if row.begin_ms is None else column(row.begin_ms)
    drawn = body * (first - begin) + spread * (last - first)
    return ' ' * begin + (drawn or point)


def _servers(times: FaultTimes, facts: ReportFacts, width: int,
             paint: Paint) -> Iterator[str]:
    chosen = _chosen(times, facts)
    if not chosen:
        return
    names = [facts.name(server) for server in chosen]
    room = min(max(len('Server'), *map(len, names)), width - 68)
    yield paint(f' {"":6} {"Server":{room}} {"told, ms":>9}'
                + ''.join(f'{stage:>8}' for stage in _TOLD_BY), 'faint')
    yield paint(f' {"":6} {"":{room}} {"after T01":>9}  '
                f'ms after {times.reference}', 'faint')
    for server, tag in chosen.items():
        told = times.span(Stage.DETECTED, Stage.OWNER_TOLD, server)
        line = f' {tag:6} {facts.name(server):{room}.{room}} {told!s:>9}'
        line += ''.join(f'{times.since_reference(stage, server)!s:>8}'
                        for stage in _TOLD_BY)
        problem = facts.problem(times, server)
        yield line + (f' {paint(problem, "problem")}' if problem else '')
    left = sum(server not in chosen for server in _problems(times, facts))
    if left:
        yield paint(f' {"":6} and {left} more that were told late or never; '
                    '--json and --report have all', 'problem')


def _chosen(times: FaultTimes, facts: ReportFacts) -> dict[str, str]:
    """Which servers are listed, and as what."""
    told = times.told_in_order
    tags: dict[str, str] = {}
    if told:
        tags[told[-1]] = 'last'
        tags[told[(len(told) - 1) // 2]] = 'median'
        tags[told[0]] = 'first'
    few = len(times.servers) <= _SHOWN
    problems = _problems(times, facts)[:_SHOWN]
    return {server: tags.get(server, '') for server in times.servers
            if few or server in tags or server in problems}


def _problems(times: FaultTimes, facts: ReportFacts) -> list[str]:
    return [server for server in times.servers
            if facts.problem(times, server)]


def _footer(times: FaultTimes, facts: ReportFacts,
            width: int) -> Iterator[str]:
    told = times.told_in_order
    steps = way(times, told[-1]) if told else []
    if steps:
        yield from textwrap.wrap(
            'Step by step to the owner told last, ms: ' + ', '.join(
                f'{step.label} {step.span}' for step in steps)
            + '; together '
            f'{times.span(steps[0].begin, steps[-1].stage, told[-1])}.', width)
    median = times.told(times.reference).median_ms
    if median is not None:
        setup = {'Notification': facts.notification, **facts.setup}
        texts = [f'{label.lower()} {value}'
                 for label, value in setup.items() if value]
        yield from textwrap.wrap(
            f'Half of the owners were told within {median:.1f} ms after '
            f'{times.reference}.'
            + (f' Setup: {", ".join(texts)}.' if texts else ''), width)
    again = sum(count for (_server, stage), count in times.repeated.items()
                if stage is Stage.OWNER_TOLD)
    if again:
        what = 'notice' if again == 1 else 'notices'
        yield f'{again} {what} came again; the first one counts.'
    yield from textwrap.wrap(times.clocks.note, width)

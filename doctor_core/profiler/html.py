"""The page: one file with an SVG waterfall, for a person and for paper."""

import dataclasses
import importlib.resources
from typing import Any

import jinja2

from doctor_core import wire
from doctor_core.model import Stage, Verdict
from doctor_core.profiler.facts import ReportFacts, headline
from doctor_core.profiler.rows import (
    LABELS,
    LANES,
    Axis,
    Row,
    axes,
    axis,
    rows,
    way,
)
from doctor_core.profiler.times import FaultTimes, Span

_LEFT, _PLOT, _RIGHT = 216, 712, 132  # columns of the pictures, in px
_ROW = 26
_TABLE = (Stage.EVENT_TRANSFORMED, Stage.ALARM_EVALUATED, Stage.ALARM_FIRED,
          Stage.OWNER_TOLD, Stage.SERVER_ERROR, Stage.NOVA_NOTIFIED)
#: The stages that a server's lane shows, each with a mark of its own shape.
MARKS = {
    Stage.EVENT_TRANSFORMED: 'tick',
    Stage.ALARM_FIRED: 'ring',
    Stage.OWNER_TOLD: 'dot',
    Stage.SERVER_ERROR: 'diamond',
    Stage.NOVA_NOTIFIED: 'triangle',
}


#: In words for the cards.
_SINCE = {Stage.LINK_DOWN: 'after the link was lost',
          Stage.DETECTED: 'after detection'}


def as_html(times: FaultTimes, facts: ReportFacts) -> str:
    """The whole page."""
    template = importlib.resources.files(__package__).joinpath(
        'report.html.j2').read_text(encoding='utf-8')
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined)
    table = _table(times, facts)
    return environment.from_string(template).render(
        facts=facts, times=times, Stage=Stage,
        headline=headline(times, facts),
        passed=facts.outcome.verdict is Verdict.PASSED,
        created=_created(facts),
        cards=_cards(times, facts),
        waterfall=_waterfall(times),
        lanes=_lanes(times, facts),
        table=table, remarks=any(row['remark'] for row in table),
        columns=_TABLE, labels=LABELS, marks=MARKS,
        steps=_steps(times),
        setup={label[:1].upper() + label[1:]: value
               for label, value in facts.setup.items()})


def _created(facts: ReportFacts) -> str:
    if not facts.created_at:
        return ''
    return wire.iso(facts.created_at)[:19].replace('T', ' ') + ' UTC'


@dataclasses.dataclass(frozen=True)
class Card:
    """One figure that counts.

    :ivar share: how much of the limit it used, 0 to 1; None without one.
    :ivar bad: whether it is what the verdict failed for.
    """

    label: str
    value: str
    unit: str
    note: str
    share: float | None = None
    bad: bool = False


def _cards(times: FaultTimes, facts: ReportFacts) -> list[Card]:
    told = times.told(times.reference)
    last = times.last(Stage.OWNER_TOLD, Stage.DETECTED)
    since = _SINCE[times.reference]
    with_ports = times.count(Stage.PORTS_DOWN) > 0
    corrected = [times.complete(stage) for stage in (
        Stage.HOST_DOWN, Stage.SERVER_ERROR,
        *((Stage.PORTS_DOWN,) if with_ports else ()))]
    slower = max(corrected, key=lambda span: (span.ms is None, span.ms or 0))
    share = None
    if last.ms is not None and facts.limit_ms > 0:
        share = min(1.0, max(0.0, last.ms / facts.limit_ms))
    untold = len(times.untold)
    return [
        Card('Last owner told', str(times.last(Stage.OWNER_TOLD)), 'ms',
             f'{since}; {last} ms after detection, where the limit is '
             f'{facts.limit_ms:g} ms', share, bad=share == 1.0),
        Card('Half of the owners', str(Span(told.median_ms,
                                            told.clocks_differ)),
             'ms', since),
        Card('Owners told',
             f'{times.count(Stage.OWNER_TOLD)}/{len(times.servers)}', '',
             f'{untold} not told' if untold else 'every one',
             bad=untold > 0),
        Card('Detection', str(times.span(Stage.LINK_DOWN, Stage.DETECTED)),
             'ms', 'after the link was lost'),
        Card('Cloud corrected', str(slower), 'ms',
             f'{since}: host, servers'
             + (', ports' if with_ports else '') + ' shown as down'),
    ]


def _x(scale: Axis, ms: float) -> float:
    return round(_LEFT + scale.share(ms) * _PLOT, 1)


def _ticks(scale: Axis) -> list[dict[str, Any]]:
    return [{'x': _x(scale, scale.offset_ms + tick), 'text': f'{tick:g}'}
            for tick in scale.ticks]


def _waterfall(times: FaultTimes) -> dict[str, Any]:
    """The stages: panels with a scale each, of lanes, of bars."""
    shown = rows(times)
    scales = axes(times, shown)
    panels: list[dict[str, Any]] = []
    y = 0
    for lane, title, _stages in LANES:
        scale = scales[lane]
        if not panels or scale is not panels[-1]['scale']:
            y += 34
            panels.append({'scale': scale, 'y': y, 'ticks': _ticks(scale),
                           'since': str(scale.since), 'lanes': []})
        bars = []
        for row in shown:
            if row.lane == lane:
                y += _ROW
                bars.append(_bar(times, row, scale, y - _ROW))
        panels[-1]['lanes'].append({'name': lane, 'title': title,
                                    'bars': bars})
        panels[-1]['bottom'] = y
    return {'panels': panels, 'height': y + 8,
            'width': _LEFT + _PLOT + _RIGHT, 'left': _LEFT}


def _bar(times: FaultTimes, row: Row, scale: Axis,
         y: int) -> dict[str, Any]:
    count = '' if row.count is None or row.count == len(times.servers) \
        else f' {row.count}/{len(times.servers)}'
    bar = {'stage': str(row.stage), 'label': row.label + count, 'y': y,
           'doubt': times.clocks.doubt(row.stage),
           'known': row.first_ms is not None, 'value': '?'}
    if row.first_ms is None or row.last_ms is None:
        return bar
    first = times.first(row.stage, scale.since)
    last = times.last(row.stage, scale.since)
    begin = row.first_ms if row.begin_ms is None else row.begin_ms
    x, middle = _x(scale, begin), _x(scale, row.first_ms)
    end = _x(scale, row.last_ms)
    same = str(first) == str(last)
    value = f'{last} ms' if same else f'{first} – {last} ms'
    inside = end + 6 + 7 * len(value) > _LEFT + _PLOT + _RIGHT
    return bar | {'x': x, 'body': max(2.0, middle - x), 'middle': middle,
                  'spread': end - middle, 'value': value,
                  'inside': inside, 'text_x': end - 6 if inside else end + 6}


def _lanes(times: FaultTimes, facts: ReportFacts) -> dict[str, Any]:
    """Every server's way, one line each, on one scale from T01 on."""
    detected = times.since_reference(Stage.DETECTED).ms
    offset = detected or 0.0
    since = times.reference if detected is None else Stage.DETECTED
    ends = [times.last(stage).ms for stage in MARKS]
    scale = axis(since, offset,
                 max((ms for ms in ends if ms is not None), default=offset),
                 most_ticks=10)
    step = 22 if len(times.servers) <= 40 else \
        14 if len(times.servers) <= 120 else 9
    every = 1 if step >= 14 else 10
    lanes = []
    for index, server in enumerate(times.servers):
        points = {mark: times.since_reference(stage, server).ms
                  for stage, mark in MARKS.items()}
        told = points['dot']
        lanes.append({
            'y': 34 + index * step + step // 2,
            'name': facts.name(server) if index % every == 0 else '',
            'told_x': None if told is None else _x(scale, told),
            'title': f'{facts.name(server)}: told '
                     f'{times.told().spans[server]} ms after detection',
            'problem': facts.problem(times, server),
            'points': [(mark, _x(scale, ms)) for mark, ms in points.items()
                       if ms is not None]})
    limit = None
    if since is Stage.DETECTED and facts.limit_ms <= scale.end_ms:
        limit = _x(scale, offset + facts.limit_ms)
    return {'lanes': lanes, 'ticks': _ticks(scale), 'since': str(since),
            'height': 34 + len(lanes) * step + 8, 'limit': limit,
            'width': _LEFT + _PLOT + _RIGHT, 'left': _LEFT,
            'size': round(min(5.0, step / 2.6), 1),
            'font': 12 if step > 14 else 10.5}


def _table(times: FaultTimes, facts: ReportFacts) -> list[dict[str, Any]]:
    again = {server: count for (server, stage), count in
             times.repeated.items() if stage is Stage.OWNER_TOLD}
    return [{
        'name': facts.name(server), 'id': server,
        'project': facts.project(server),
        'told': str(times.span(Stage.DETECTED, Stage.OWNER_TOLD, server)),
        'stages': [str(times.since_reference(stage, server))
                   for stage in _TABLE],
        'problem': facts.problem(times, server),
        'remark': ', '.join(filter(None, (
            facts.problem(times, server),
            f'told {again[server] + 1} times' if server in again else ''))),
    } for server in times.servers]


def _steps(times: FaultTimes) -> list[dict[str, str]]:
    """The way to the owner who was told last."""
    told = times.told_in_order
    steps = way(times, told[-1]) if told else []
    if not steps:
        return []
    begin, end = steps[0].begin, steps[-1].stage
    return [*({'label': step.label.capitalize(),
               'way': f'{step.begin} – {step.stage}', 'ms': str(step.span)}
              for step in steps),
            {'label': 'Together', 'way': f'{begin} – {end}',
             'ms': str(times.span(begin, end, told[-1]))}]

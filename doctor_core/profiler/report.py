"""A fault's times for people and programs: text, JSON, HTML."""

import json
from typing import Any

from doctor_core.model import Outcome, Stage
from doctor_core.profiler.facts import ReportFacts, headline
from doctor_core.profiler.text import as_text
from doctor_core.profiler.times import HOST_STAGES, MODULES, FaultTimes, Told

__all__ = ['ReportFacts', 'as_html', 'as_json', 'as_text', 'headline',
           'verdict_as_json']

#: Counts up when a member of the document changes its meaning or goes.
JSON_VERSION = 1


def as_html(times: FaultTimes, facts: ReportFacts) -> str:
    """A page that needs nothing else: no script, font or image."""
    # Jinja2 is slow to import, and most runs write no page.
    from doctor_core.profiler import html
    return html.as_html(times, facts)


def as_json(times: FaultTimes, facts: ReportFacts) -> dict[str, Any]:
    """The document that ``--json`` writes.

    Members that end in ``_at`` are seconds since the epoch, ``stages``
    milliseconds after the stage that ``reference`` names: T00, or T01 where
    nobody could stamp T00. The stages at the top are the whole host's: those
    of servers when the last of them had got there. ``null`` is unknown.
    """
    return {
        'version': JSON_VERSION,
        'verdict': str(facts.outcome.verdict),
        'reasons': list(facts.outcome.reasons),
        'title': facts.title,
        'created_at': facts.created_at or None,
        'host': facts.host,
        'fault_id': times.fault_id,
        'limit_ms': facts.limit_ms,
        'notification': facts.notification,
        'setup': dict(facts.setup),
        'clocks': times.clocks.note,
        'uncertainty_ms': {str(stage): _ms(ms) for stage, ms
                           in times.clocks.uncertainty_ms.items()},
        'reference': str(times.reference),
        'stages': {str(stage): _ms(times.complete(stage).ms)
                   for stage in Stage},
        'stages_at': {str(stage): times.at(stage) for stage in HOST_STAGES
                      if times.at(stage) is not None},
        'told': {
            'count': times.count(Stage.OWNER_TOLD),
            'of': len(times.servers),
            'after_detection_ms': _told(times.told(Stage.DETECTED)),
            'after_link_down_ms': _told(times.told(Stage.LINK_DOWN)),
        },
        'servers': [_server(times, facts, server)
                    for server in times.servers],
        'repeated': [{'stage': str(stage), 'server': server, 'count': count}
                     for (server, stage), count in times.repeated.items()],
        'facts': _facts(facts.outcome),
    }


def verdict_as_json(outcome: Outcome) -> dict[str, Any]:
    """The document of a scenario that has measured no times: of the members
    of :func:`as_json`, those that there are.
    """
    return {'version': JSON_VERSION, 'verdict': str(outcome.verdict),
            'reasons': list(outcome.reasons), 'facts': _facts(outcome)}


def _facts(outcome: Outcome) -> Any:
    return json.loads(json.dumps(dict(outcome.facts), default=str))


def _server(times: FaultTimes, facts: ReportFacts,
            server: str) -> dict[str, Any]:
    return {
        'id': server,
        'name': facts.name(server),
        'project_id': facts.project(server),
        'detected_at': times.at(Stage.DETECTED),
        'notified_at': times.at(Stage.OWNER_TOLD, server),
        'told_ms': _ms(times.span(
            Stage.DETECTED, Stage.OWNER_TOLD, server).ms),
        'problem': facts.problem(times, server),
        'stages': {str(stage): _ms(times.since_reference(stage, server).ms)
                   for stage in Stage},
        'stages_at': {str(stage): times.at(stage, server) for stage in Stage
                      if times.at(stage, server) is not None},
        'modules': {module: _ms(times.modules(server)[module].ms)
                    for module in MODULES},
        'total': _ms(times.total(server).ms),
    }


def _told(told: Told) -> dict[str, Any]:
    return {'median': _ms(told.median_ms), 'max': _ms(told.max_ms),
            'clocks_differ': told.clocks_differ}


def _ms(ms: float | None) -> float | None:
    # A stamp is not more exact than a microsecond.
    return None if ms is None else round(ms, 3)

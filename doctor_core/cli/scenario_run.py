"""Runs a scenario, prints its timeline, writes its reports."""

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, TextIO

from doctor_core import clock, plugins
from doctor_core.cli import documents
from doctor_core.cli.step_progress import StepProgress
from doctor_core.cloud import Cloud
from doctor_core.exceptions import CloudError
from doctor_core.model import Outcome, Verdict
from doctor_core.profiler import report
from doctor_core.profiler.times import FaultTimes
from doctor_core.scenarios.base import Progress, Scenario
from doctor_core.services import chosen
from doctor_core.wording import counted

_WIDTH = 100
#: What waits for a processor, for each: more is a machine with other work.
_BUSY = 2.0
_NARROWEST = 80
_WIDEST = 160


def run(conf: Any, name: str, *, json_path: str | None,
        html_path: str | None, out: TextIO) -> Outcome:
    """Set a scenario up, run it, take it down, and tell how it went.

    The deployment is prepared for it if ``[installer] prepare`` says so, and
    put back at the end.

    :param conf: the configuration.
    :param name: the scenario.
    :param json_path: where to write the JSON document, if anywhere.
    :param html_path: where to write the HTML page, if anywhere.
    :param out: where steps and timeline go; how far a long step is goes to
        stderr.
    :raises DoctorError: the scenario could not be set up, or the deployment
        not be put back.
    """
    kind = plugins.register(conf, 'scenarios', name)
    options = plugins.options_of(conf, 'scenarios', name)
    return run_scenario(kind, options, conf, json_path=json_path,
                        html_path=html_path, out=out)


def run_scenario(kind: type[Scenario], options: plugins.Options, conf: Any,
                 *, json_path: str | None, html_path: str | None,
                 out: TextIO) -> Outcome:
    """As :func:`run`, of a class and its options."""
    for path in filter(None, (json_path, html_path)):
        documents.check_writable(path)
    progress = StepProgress(out)
    with _prepared(conf, kind, progress):
        return _run(kind(options, conf, progress), progress, json_path,
                    html_path, out)


@contextmanager
def _prepared(conf: Any, kind: type[Scenario],
              progress: Progress) -> Iterator[None]:
    if not conf.installer.prepare:
        yield
        return
    with closing(chosen.installer(conf)) as installer, \
            installer.prepared(kind.needs(conf), progress):
        _await_cloud(conf)
        yield


def _await_cloud(conf: Any) -> None:
    """A service that runs again does not answer at once."""
    def answers() -> bool:
        try:
            with closing(Cloud.from_conf(conf)) as cloud:
                cloud.check()
        except CloudError as error:
            if not error.recoverable:
                raise
            return False
        return True

    clock.wait_for(answers, clock.Deadline(conf.installer.restart_timeout_s),
                   what='the cloud to answer again', interval_s=1.0)


def _run(scenario: Scenario, progress: Progress, json_path: str | None,
         html_path: str | None, out: TextIO) -> Outcome:
    try:
        with ExitStack() as stack:
            scenario.setup(stack)
            outcome = scenario.run()
            measured = scenario.report(outcome)
            progress('everything that was made is taken down')
    except BaseException:
        for what in _left(scenario):
            progress(what)
        raise
    left = _left(scenario)
    if left:
        outcome = dataclasses.replace(
            outcome, verdict=Verdict.FAILED, reasons=outcome.reasons + left)
    if outcome.verdict is Verdict.FAILED:
        outcome = dataclasses.replace(
            outcome, reasons=outcome.reasons + _busy())
    print(file=out)
    if measured is None:
        _tell_verdict(outcome, progress, json_path, html_path, out)
    else:
        times, facts = measured
        _draw(times, dataclasses.replace(facts, outcome=outcome), json_path,
              html_path, out)
    return outcome


def _left(scenario: Scenario) -> tuple[str, ...]:
    return tuple(f'left behind, to be removed by hand: {what}'
                 for what in scenario.leftovers())


def _busy() -> tuple[str, ...]:
    """That times say little, on a machine with so much other work."""
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load < _BUSY * processors:
        return ()
    return (f'this machine is busy, with a load of {load:.0f} on '
            f'{counted(processors, "processor")}: try again when it is not',)


def _draw(times: FaultTimes, facts: report.ReportFacts,
          json_path: str | None, html_path: str | None, out: TextIO) -> None:
    print(_text(times, facts, out), file=out)
    if json_path:
        documents.write(json_path, json.dumps(
            report.as_json(times, facts), indent=1))
    if html_path:
        documents.write(html_path, report.as_html(times, facts))


def _tell_verdict(outcome: Outcome, progress: Progress,
                  json_path: str | None, html_path: str | None,
                  out: TextIO) -> None:
    """How a scenario went that has measured no times."""
    print('\n'.join([str(outcome.verdict), *(
        f'  * {reason}' for reason in outcome.reasons)]), file=out)
    if json_path:
        documents.write(json_path, json.dumps(
            report.verdict_as_json(outcome), indent=1))
    if html_path:
        progress(f'the scenario has no timeline: {html_path} is not written')


def _text(times: FaultTimes, facts: report.ReportFacts,
          out: TextIO) -> str:
    """The timeline as fits what it is written to."""
    encoding = (getattr(out, 'encoding', None) or 'ascii').lower()
    on_terminal = out.isatty()
    columns = shutil.get_terminal_size().columns if on_terminal else _WIDTH
    return report.as_text(
        times, facts, width=max(_NARROWEST, min(columns, _WIDEST)),
        ascii_only=not encoding.startswith('utf'), color=on_terminal)

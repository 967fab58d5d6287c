"""Runs a scenario, prints its timeline, writes its reports."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, TextIO

from doctor_core import clock, plugins
from doctor_core.cli import documents
from doctor_core.cloud import Cloud
from doctor_core.exceptions import CloudError
from doctor_core.model import Outcome, Verdict
from doctor_core.profiler import report
from doctor_core.profiler.times import FaultTimes

_WIDTH = 100
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
    :param out: where progress and timeline go.
    :raises DoctorError: the scenario could not be set up, or the deployment
        not be put back.
    """
    for path in filter(None, (json_path, html_path)):
        documents.check_writable(path)

    def progress(line: str) -> None:
        print(f'- {line}', file=out, flush=True)

    kind = plugins.register(conf, 'scenarios', name)
    with _prepared(conf, kind, progress):
        return _run(kind(conf, progress), progress, json_path, html_path,
                    out)


@contextmanager
def _prepared(conf: Any, kind: Any,
              progress: Callable[[str], None]) -> Iterator[None]:
    if not conf.installer.prepare:
        yield
        return
    with closing(plugins.chosen(conf, 'installers')(conf)) as installer, \
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


def _run(scenario: Any, progress: Callable[[str], None],
         json_path: str | None, html_path: str | None,
         out: TextIO) -> Outcome:
    with ExitStack() as stack:
        scenario.setup(stack)
        outcome = scenario.run()
        times = scenario.times()
        progress('everything that was made is taken down')
    left = tuple(f'left behind, to be removed by hand: {what}'
                 for what in scenario.leftovers())
    if left:
        outcome = dataclasses.replace(
            outcome, verdict=Verdict.FAILED, reasons=outcome.reasons + left)
    facts = scenario.facts(outcome)
    print(file=out)
    print(_text(times, facts, out), file=out)
    if json_path:
        documents.write(json_path, json.dumps(
            report.as_json(times, facts), indent=1))
    if html_path:
        documents.write(html_path, report.as_html(times, facts))
    return outcome


def _text(times: FaultTimes, facts: report.ReportFacts,
          out: TextIO) -> str:
    """The timeline as fits what it is written to."""
    encoding = (getattr(out, 'encoding', None) or 'ascii').lower()
    on_terminal = out.isatty()
    columns = shutil.get_terminal_size().columns if on_terminal else _WIDTH
    return report.as_text(
        times, facts, width=max(_NARROWEST, min(columns, _WIDEST)),
        ascii_only=not encoding.startswith('utf'), color=on_terminal)

"""Runs a scenario, prints its timeline, writes its reports."""

import dataclasses
import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from doctor_core import plugins
from doctor_core.exceptions import ConfigError
from doctor_core.model import Outcome, Verdict
from doctor_core.profiler import report
from doctor_core.profiler.times import FaultTimes

_WIDTH = 100
_NARROWEST = 80
_WIDEST = 160


def run(conf: Any, name: str, *, json_path: str | None,
        html_path: str | None, out: TextIO) -> Outcome:
    """Set a scenario up, run it, take it down, and tell how it went.

    :param conf: the configuration.
    :param name: the scenario.
    :param json_path: where to write the JSON document, if anywhere.
    :param html_path: where to write the HTML page, if anywhere.
    :param out: where progress and timeline go.
    :raises DoctorError: the scenario could not be set up.
    """
    for path in filter(None, (json_path, html_path)):
        _check_writable(path)

    def progress(line: str) -> None:
        print(f'- {line}', file=out, flush=True)

    scenario = plugins.register(conf, 'scenarios', name)(conf, progress)
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
        _write(json_path, json.dumps(report.as_json(times, facts), indent=1))
    if html_path:
        _write(html_path, report.as_html(times, facts))
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


def _check_writable(path: str) -> None:
    """Not after minutes of work, but before."""
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise ConfigError(f'Cannot write {path}: there is no folder '
                          f'{folder}.')


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding='utf-8')
    except OSError as error:
        raise ConfigError(f'Cannot write {path}: {error.strerror}.') from None

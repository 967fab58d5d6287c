"""How fast Doctor is on a genuine cloud, beside who else there is."""

import argparse
import contextlib
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import results
from bench.contenders import Contender, started
from bench.results import DOCTOR, STANDIN, Case, Failure
from bench.stage import Stage, every
from doctor_core import clock
from doctor_core import conf as configuration
from doctor_core.exceptions import ConfigError, DoctorError

_EPILOG = """
Each run is two failures within a minute: the host is made to fail as
[installer] says, is reported down, and is brought back. A run takes about a
minute. Times are counted from the report, by this machine's clock, so that
nobody's monitor counts. The alarms in Aodh are of a cloud whose
event_alarm_cache_ttl is 0. The exit code is 1 if something is later than it
is to be (an exclamation mark in the table), 2 if nothing can be measured.
"""
_MINUTE_S = 60.0


def main(argv: Sequence[str]) -> int:
    """Let Doctor and the stand-in meet failures in turns.

    So other work of the machine meets all alike.

    :returns: 1 when something is later than it is to be, 2 when nothing can
        be measured.
    """
    arguments = _parser().parse_args(argv)
    say = _stopwatch()
    cases = [Case(STANDIN, 'aodh', 'shortcut'), *(
        Case(DOCTOR, alarms, notification) for alarms, notification
        in itertools.product(arguments.alarms, arguments.notification))]
    failures: list[Failure] = []
    try:
        conf = configuration.prepare(arguments.config_file, {
            ('consumer', 'type'): 'sample'}, kinds=('installers',
                                                    'consumers'))
        for servers in arguments.servers:
            failures += _measure(conf, arguments, cases, servers, say)
    except DoctorError as error:
        sys.stderr.write(f'{error}\n')
        return 2 if isinstance(error, ConfigError) else 1
    found = results.rows(failures)
    sys.stdout.write(results.text(found))
    _write(arguments.json, lambda: json.dumps(results.as_json(found),
                                              indent=1))
    _write(arguments.rst, lambda: results.rst(found))
    return int(any(row.missed for row in found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m bench bed', epilog=_EPILOG, description=(
            'From the report that a host is lost to the moments when the '
            'owner of its last server is told, its last server is in error, '
            'and the host is down for Nova: by Doctor, and by a stand-in '
            'for the inspector of OPNFV Doctor, in turns, on the cloud that '
            'doctor.conf means. The host has no other servers.'))
    parser.add_argument('--config-file', action='append', required=True,
                        metavar='FILE', help='the doctor.conf of the cloud, '
                        'e.g. of tools/openstack-bed; may be repeated')
    parser.add_argument('--runs', type=_count, default=5, metavar='N',
                        help='runs of each case (default: 5)')
    parser.add_argument('--servers', type=_count, nargs='+',
                        default=[1, 20], metavar='N',
                        help='servers on the lost host (default: 1 20)')
    parser.add_argument('--alarms', nargs='+', default=['local', 'aodh'],
                        choices=('local', 'aodh'), metavar='NAME',
                        help='who evaluates Doctor\'s alarms: Doctor '
                        '(local), Aodh (aodh), or both in turns (default: '
                        'local aodh)')
    parser.add_argument('--notification', nargs='+', default=['shortcut'],
                        choices=('shortcut', 'conservative'), metavar='WHEN',
                        help='when Doctor tells the owners: at once '
                        '(shortcut), when Nova knows (conservative), or both '
                        'in turns (default: shortcut)')
    parser.add_argument('--json', metavar='FILE', default='',
                        help='write the rows to a file')
    parser.add_argument('--rst', metavar='FILE', default='',
                        help='write the table to a file for the '
                        'documentation')
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _stopwatch() -> Callable[[str], None]:
    begun = clock.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f'{clock.monotonic() - begun:6.0f} s  {line}\n')
        sys.stderr.flush()

    return say


def _write(path: str, text: Callable[[], str]) -> None:
    if path:
        Path(path).write_text(text(), encoding='utf-8')


def _measure(conf: Any, arguments: argparse.Namespace, cases: Sequence[Case],
             servers: int, say: Callable[[str], None]) -> Iterator[Failure]:
    """The failures of a host with so many servers."""
    with contextlib.ExitStack() as stack:
        stage = Stage(conf, stack)
        say(f'{stage.host.name} gets {_servers(servers)}')
        with every(15.0, lambda: say('... they are not active yet')):
            stage.boot(servers)
        for run, case in itertools.product(range(arguments.runs), cases):
            say(f'run {run + 1} of {arguments.runs}, {_servers(servers)}: '
                f'{case}')
            with started(case, conf, arguments.config_file) as contender:
                yield from _two_failures(stage, case, contender, say)
        say(f'{_servers(servers)} deleted')


def _servers(count: int) -> str:
    return f'{count} server{"s" if count > 1 else ""}'


def _two_failures(stage: Stage, case: Case, contender: Contender,
                  say: Callable[[str], None]) -> Iterator[Failure]:
    for nth in (1, 2):
        failure = _one_failure(stage, case, contender, nth)
        over_at = clock.monotonic()
        say(f'    told {failure.told_ms:.0f} ms, in error '
            f'{failure.error_ms:.0f} ms, host down {failure.host_ms:.0f} ms')
        stage.heal()
        contender.up(stage.host.name)
        if contender.restores and not stage.await_restored():
            say('    Doctor did not take its marks back; put right by hand')
        stage.restore()
        if nth == 1 and clock.monotonic() - over_at > _MINUTE_S:
            say('    this took more than a minute')
        for line in contender.failures():
            say(f'    {line}')
        yield failure


def _one_failure(stage: Stage, case: Case, contender: Contender, nth: int
                 ) -> Failure:
    """Let the host fail, report it, and wait until all is done."""
    host, servers = stage.host.name, stage.servers
    with stage.subscribed(contender.alarms_url):
        stage.fail()
        at = clock.now()
        contender.down(host)

        def last() -> tuple[float, float, float]:
            marks = contender.marks(host, at)
            return (_last(stage.told_at(at), servers),
                    _last(marks.error_at, servers),
                    math.inf if marks.host_at is None else marks.host_at)

        deadline = clock.Deadline(_MINUTE_S)
        while math.inf in (times := last()) and not deadline.passed:
            clock.sleep(0.05)
    told, error, down = (1000.0 * (time - at) for time in times)
    return Failure(case, len(servers), nth, told, error, down)


def _last(at: dict[str, float], servers: frozenset[str]) -> float:
    """When the last of the servers got there; infinite if one did not."""
    return max((at.get(server_id, math.inf) for server_id in servers),
               default=math.inf)

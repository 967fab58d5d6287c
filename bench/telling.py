"""How fast the owners are told, by the demo as an operator runs it."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.reports import told_last_ms

_SERVERS = (1, 20, 50)
_MODES = ('shortcut', 'conservative')
_HEADER = f'{"servers":>8}  {"notification":<13} {"runs":>5} ' \
          f'{"median ms":>10} {"worst ms":>9}\n'


def main(argv: Sequence[str]) -> int:
    """Run the demo again and again; the last owner's time counts.

    :returns: 1 when a run did not pass.
    """
    parser = argparse.ArgumentParser(
        prog='python -m bench telling', description=(
            'From the detection of a lost host to the moment when the owner '
            'of its last server is told, in the demo\'s embedded cloud.'))
    parser.add_argument('--runs', type=int, default=5, metavar='N',
                        help='runs of each case (default: 5)')
    parser.add_argument('--servers', type=int, nargs='+', default=_SERVERS,
                        metavar='N', help='servers on the lost host')
    parser.add_argument('--json', metavar='FILE',
                        help='write the rows to a file')
    arguments = parser.parse_args(argv)
    rows = []
    sys.stdout.write(_HEADER)
    for mode in _MODES:
        for servers in arguments.servers:
            row = _measure(servers, mode, arguments.runs)
            rows.append(row)
            sys.stdout.write(
                f'{servers:>8}  {mode:<13} {row["passed"]:>2}/{row["runs"]} '
                f'{row["median_ms"]:>10.1f} {row["max_ms"]:>9.1f}\n')
            sys.stdout.flush()
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1),
                                        encoding='utf-8')
    return int(any(row['passed'] < row['runs'] for row in rows))


def _measure(servers: int, mode: str, runs: int) -> Mapping[str, Any]:
    documents = [_demo(servers, mode) for _ in range(runs)]
    last = [told_last_ms(document) for document in documents]
    return {'case': f'{mode}, {servers} servers', 'n': servers, 'runs': runs,
            'passed': sum(document['verdict'] == 'PASSED'
                          for document in documents),
            'median_ms': statistics.median(last), 'max_ms': max(last)}


def _demo(servers: int, mode: str) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'run.json')
        subprocess.run(
            [sys.executable, '-m', 'doctor_core.cli', 'demo', '--servers',
             str(servers), '--notification', mode, '--json', str(path)],
            check=False, stdout=subprocess.DEVNULL)
        return json.loads(path.read_text(encoding='utf-8'))

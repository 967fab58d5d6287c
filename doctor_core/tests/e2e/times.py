"""The times of all runs on a bed, as one table.

    python -m doctor_core.tests.e2e.times FOLDER
"""

import json
import sys
from pathlib import Path

_STAGES = ('T01', 'T02', 'T03', 'T04', 'T05', 'T06', 'T07', 'T08', 'T09')


def _file(folder):
    return Path(folder, 'e2e-times.jsonl')


def forget(folder):
    """Begin a new table."""
    _file(folder).unlink(missing_ok=True)


def keep(folder, name, report):
    """Add a run.

    :param report: what ``doctor run --json`` wrote.
    """
    told = report['told']['after_detection_ms']['max']
    with _file(folder).open('a') as file:
        json.dump([name, told, [report['stages'].get(stage)
                                for stage in _STAGES]], file)
        file.write('\n')


def table(folder):
    """A line for each run; the stages are in ms after the link was lost."""
    lines = [f'{"alarms, told, servers":28}{"told after T01":>16}'
             + ''.join(f'{stage:>8}' for stage in _STAGES)]
    for line in _file(folder).read_text().splitlines():
        name, told, stages = json.loads(line)
        lines.append(f'{name:28}{_ms(told):>16}' + ''.join(
            f'{_ms(value):>8}' for value in stages))
    return '\n'.join(lines)


def _ms(value):
    return '?' if value is None else f'{value:.0f}'


if __name__ == '__main__':
    sys.stdout.write(table(sys.argv[1]) + '\n')

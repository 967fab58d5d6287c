"""The times of all runs on a bed, as one table.

    python -m doctor_core.tests.e2e.times FOLDER

Kept in the bed's folder: ``e2e-times.json``, one object for each run, and
the table in ``e2e-times.txt``.
"""

import json
import sys
from pathlib import Path

from doctor_core.tests.unit import bench as _path  # noqa: F401

# isort: split
from bench import reports


def _file(folder, suffix):
    return Path(folder, f'e2e-times.{suffix}')


def forget(folder):
    """Begin a new table."""
    _write(folder, [])


def keep(folder, alarms, notification, servers, report):
    """Add a run.

    :param report: what ``doctor run --json`` wrote.
    """
    _write(folder, [*_rows(folder), reports.row(alarms, notification, servers,
                                            [report])])


def table(folder):
    """A line for each run, and who was told too late."""
    return reports.table(_rows(folder))


def _rows(folder):
    file = _file(folder, 'json')
    return json.loads(file.read_text()) if file.exists() else []


def _write(folder, rows):
    rows = sorted(rows, key=lambda row: (
        row['servers'], row['alarms'], row['notification']))
    _file(folder, 'json').write_text(json.dumps(rows, indent=1))
    _file(folder, 'txt').write_text(reports.table(rows))


if __name__ == '__main__':
    sys.stdout.write(table(sys.argv[1]))

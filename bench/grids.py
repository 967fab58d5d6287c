"""What a bench of blackouts found, as tables that can stand in a page."""

import dataclasses
from collections.abc import Iterable, Sequence

from bench.blackouts import Outcome
from bench.tables import csv_table


@dataclasses.dataclass(frozen=True)
class Row:
    """One line.

    :ivar what: what was done.
    :ivar length_s: for how long; 0 where the name says it.
    """

    profile: str
    what: str
    length_s: float
    trials: int
    outcome: Outcome
    is_fault: bool


def grids(rows: Iterable[Row]) -> str:
    """Two tables, of blackouts by their lengths and of disturbances by the
    profiles: how many hosts were lost and, in parentheses, marked down.
    """
    rows = list(rows)
    cut = [row for row in rows if row.length_s]
    lengths = sorted({row.length_s for row in cut})
    profiles = list(dict.fromkeys(row.profile for row in rows))
    return '\n'.join([
        csv_table(('profile', 'silent', *map(shown, lengths)), [
            (profile, what, *(_cell(cut, profile, what, length_s)
                              for length_s in lengths))
            for profile in profiles for what in _whats(cut)]),
        csv_table(('what happens', *profiles), [
            (what, *(_cell(rows, profile, what, 0.0)
                     for profile in profiles))
            for what in _whats(row for row in rows if not row.length_s)])])


def shown(length_s: float) -> str:
    """A length, for a column or a line."""
    return f'{length_s * 1000:.0f} ms' if length_s < 1 else f'{length_s:g} s'


def _whats(rows: Iterable[Row]) -> Sequence[str]:
    return list(dict.fromkeys(row.what for row in rows))


def _cell(rows: Iterable[Row], profile: str, what: str, length_s: float
          ) -> str:
    for row in rows:
        if (row.profile, row.what, row.length_s) == (profile, what, length_s):
            lost = row.outcome.right + row.outcome.wrong
            return f'{lost} ({row.outcome.felled})' if lost else '0'
    return ''

"""Measurements as a table that can stand in a page."""

from collections.abc import Iterable, Sequence


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in reStructuredText."""
    return '\n'.join([
        '.. csv-table::', '   :header-rows: 1', '',
        *(f'   {",".join(map(_quoted, cells))}' for cells
          in (columns, *rows)), ''])


def _quoted(cell: str) -> str:
    # A dash alone would begin a list.
    return f'"{cell}"' if ',' in cell else '\\-' if cell == '-' else cell

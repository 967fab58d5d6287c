"""Tables whose names can be copied."""

import argparse
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TextIO

import prettytable
from cliff import utils
from cliff.formatters.table import TableFormatter

#: No column is made narrower than that, in characters.
_LEAST = 8


def widths(natural: Mapping[str, int], unbroken: Collection[str], room: int
           ) -> dict[str, int]:
    """How wide the columns of a table may be; those that are not named may
    be as wide as they are.

    The widest are made narrower, to one width, as far as need be.

    :param natural: how wide each is.
    :param unbroken: those that may not be made narrower.
    :param room: for all of them.
    """
    others = {name: width for name, width in natural.items()
              if name not in unbroken}
    left = room - sum(natural.values()) + sum(others.values())
    if sum(others.values()) <= left:
        return {}
    fits = [width for width in range(_LEAST, left + 1) if sum(
        min(one, width) for one in others.values()) <= left]
    most = max(fits, default=_LEAST)
    return {name: most for name, width in others.items() if width > most}


class UnbrokenTable(TableFormatter):
    """A table that breaks no line within some columns; it is rather wider
    than the terminal.
    """

    def __init__(self, unbroken: Collection[str]) -> None:
        self._unbroken = unbroken

    def emit_list(self, column_names: Sequence[str],
                  data: Iterable[Sequence[Any]], stdout: TextIO,
                  parsed_args: argparse.Namespace) -> None:
        """As the formatter of cliff."""
        table = prettytable.PrettyTable(
            column_names, print_empty=parsed_args.print_empty)
        self.add_rows(table, column_names, data)
        room = parsed_args.max_width
        if room <= 0 and (parsed_args.fit_width or sys.stdout.isatty()):
            room = utils.terminal_width() or 0
        lines = table.get_string().splitlines()
        if lines and 0 < room < len(lines[0]):
            natural = dict(zip(column_names, (
                len(rule) - 2 for rule in lines[0].split('+')[1:-1]),
                strict=True))
            for name, width in widths(
                    natural, self._unbroken,
                    room - 1 - 3 * len(natural)).items():
                table.max_width[name] = width
        stdout.write(table.get_string() + '\n')


class UnbrokenNames:
    """Mixed into a lister: its tables can be copied from, and one without
    lines says so.
    """

    app: Any
    #: The columns that are names.
    unbroken: Collection[str] = ()
    #: What stands in the place of a table without lines.
    nothing = 'Nothing.'

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str], data: Any) -> int:
        """As the lister of cliff."""
        if parsed_args.formatter == 'table':
            data = list(data)
            if not data:
                self.app.stdout.write(f'{self.nothing}\n')
                return 0
            self.formatter = UnbrokenTable(self.unbroken)
        return super().produce_output(  # type: ignore[misc]
            parsed_args, column_names, data)

"""``doctor plugins``."""

import argparse
from typing import Any

from cliff.lister import Lister

from doctor_core.cli.errors import EXIT_FAILED, PlainErrors


class ListPlugins(PlainErrors, Lister):
    """List the plugins of every kind, and whether they can be used.

    A plugin is chosen in doctor.conf by "[kind] type = name"; notifiers are
    chosen by the scheme of an alarm's URL.

    Exit code: 0 all that are listed can be used, 1 one of them cannot, 2
    wrong options.
    """

    _status = 0

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or self._status

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--kind', metavar='KIND',
            help='show only this kind, e.g. monitors')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        from doctor_core import exceptions, plugins, wire
        kind = parsed_args.kind
        if kind and kind not in plugins.KINDS:
            raise exceptions.ConfigError(
                f'There is no kind {kind!r} of plugins; there are '
                f'{", ".join(plugins.KINDS)}.')
        states = [state for state in plugins.states()
                  if kind in (None, state.kind)]
        if any(state.error for state in states):
            self._status = EXIT_FAILED
        return (
            ('Kind', 'Name', 'State', 'Summary', 'Distribution', 'Module'),
            [tuple(wire.escaped(text) for text in (
                state.kind, state.name, state.error or 'ok', state.summary,
                state.distribution, state.module))
             for state in states])

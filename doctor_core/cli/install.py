"""``doctor install``: make a deployment ready for Doctor, and undo that."""

import argparse
import contextlib
import dataclasses
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cliff.command import Command
from cliff.lister import Lister

from doctor_core.cli import config_files, documents
from doctor_core.cli.errors import EXIT_FAILED, PlainErrors
from doctor_core.cli.tables import UnbrokenNames
from doctor_core.exceptions import ConfigError
from doctor_core.model import Need

if TYPE_CHECKING:
    from doctor_core.installers.preparing.preparation import Preparation
    from doctor_core.installers.preparing.site import Report

_CLOUD = 'the cloud'


class _Installing(PlainErrors):
    """What the commands that look at a deployment have in common."""

    app: Any
    _needs_help = (f'what is needed: {", ".join(Need)}; may be repeated '
                   '(default: what the scenario of doctor.conf needs)')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = \
            super().get_parser(prog_name)  # type: ignore[misc]
        parser.add_argument(
            '--need', action='append', metavar='NEED',
            choices=[need.value for need in Need],
            help=self._needs_help)
        config_files.add_arguments(parser)
        return parser

    @contextlib.contextmanager
    def preparation(self, parsed_args: argparse.Namespace
                    ) -> Iterator[tuple['Preparation', frozenset[Need]]]:
        """The deployment, and what is needed of it."""
        from doctor_core import plugins
        from doctor_core.cli import termination
        from doctor_core.installers.preparing.preparation import Preparation
        from doctor_core.services import chosen
        conf = config_files.read(parsed_args)
        needs = frozenset(map(Need, parsed_args.need)) \
            if parsed_args.need is not None \
            else plugins.chosen(conf, 'scenarios').needs(conf)
        installer = chosen.installer(conf)
        with termination.as_exception(), contextlib.closing(installer):
            yield Preparation(installer, self.tell), needs

    def tell(self, line: str) -> None:
        """Progress is not the result."""
        print(f'- {line}', file=self.app.stderr, flush=True)

    def complain(self, reports: 'list[Report]') -> int:
        """Say what went wrong; the exit code."""
        complaints = [line for report in reports
                      for line in report.complaints]
        for line in complaints:
            print(f'doctor: {line}', file=sys.stderr)
        return EXIT_FAILED if complaints else 0


class _InstallCommand(_Installing, Command):
    """What the commands that change a deployment have in common."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--json', metavar='FILE',
            help='write what was found or done to a JSON file')
        return parser

    def preparation(self, parsed_args: argparse.Namespace) -> Any:
        """As for the others; a file that is wanted can be written."""
        if parsed_args.json:
            documents.check_writable(parsed_args.json)
        return super().preparation(parsed_args)

    def finish(self, parsed_args: argparse.Namespace,
               reports: 'list[Report]') -> int:
        """Write the JSON document if one is wanted; the exit code.

        :raises DoctorError: it cannot be written; all else is said by then.
        """
        status = self.complain(reports)
        if parsed_args.json:
            documents.write(parsed_args.json, json.dumps(
                [dataclasses.asdict(report) for report in reports],
                indent=1))
        return status

    def say(self, line: str) -> None:
        print(line, file=self.app.stdout)


class Plan(_InstallCommand):
    """Show what "doctor install apply" would change, file by file.

    Nothing is changed. Values of secret options are masked.

    Exit code: 0 all nodes answered, 1 not all did, 2 wrong configuration.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        with self.preparation(parsed_args) as (preparation, needs):
            reports = preparation.plan(needs)
        for report in reports:
            for diff in report.diffs.values():
                self.say(diff)
            if report.restarted:
                self.say(f'{report.node}: to be restarted: '
                         f'{", ".join(report.restarted)}\n')
        if not any(report.diffs or report.problems for report in reports):
            self.say('Nothing is to be changed.')
        return self.finish(parsed_args, reports)


class Apply(_InstallCommand):
    """Change the deployment so that Doctor can work; restart what reads it.

    What was there before is written into a journal first, on each node and
    on this machine. What is right already is neither changed nor restarted.
    On a node where something goes wrong all is put back; the other nodes
    stay changed, and the command may be repeated.

    Exit code: 0 all is as needed, 1 not on all nodes, or the JSON file
    could not be written, 2 wrong configuration, with nothing changed.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        with self.preparation(parsed_args) as (preparation, needs):
            reports = preparation.apply(needs)
        summarize(self.say, reports, 'changed')
        return self.finish(parsed_args, reports)


class Undo(_InstallCommand):
    """Put the deployment back as it was before "doctor install apply".

    From the journals, byte for byte, also after a crash, and from any
    machine. A file that somebody edited since is left as it is; what was
    there before Doctor is kept beside it then, with .doctor-original at the
    end of its name. Put that into its place, or say --leave-edited.

    Exit code: 0 all is as before, 1 not all is, 2 wrong configuration.
    """

    _needs_help = ('look in the cloud for what was made from another '
                   'machine, too: service-user (default: what was made from '
                   'this one)')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--leave-edited', action='store_true',
            help='leave files as they are that were edited since, and '
                 'forget that Doctor has changed them')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        with self.preparation(parsed_args) as (preparation, needs):
            reports = preparation.undo(
                needs if parsed_args.need else (),
                leave_edited=parsed_args.leave_edited)
        summarize(self.say, reports, 'put back')
        return self.finish(parsed_args, reports)


class Status(_Installing, UnbrokenNames, Lister):
    """List what Doctor has changed in the deployment, and what it needs.

    States: "as needed" without Doctor; "to be changed" by apply; "applied";
    "applied in part", where more is needed now; "edited since" by somebody;
    "put back by hand"; "half applied" or "half undone", when apply or undo
    was interrupted: repeat either; "unknown", when the node is down.

    Exit code: 0 all nodes answered, 1 not all did, or what is needed by
    default is not there to be changed, 2 wrong configuration.
    """

    nothing = 'Nothing was changed by Doctor, and nothing is to be.'
    _status = 0

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or self._status

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        with self.preparation(parsed_args) as (preparation, needs):
            try:
                reports = preparation.status(needs)
            except ConfigError as error:
                if parsed_args.need:
                    raise
                # What was changed is told all the same.
                print(f'doctor: {error}', file=sys.stderr)
                self._status = EXIT_FAILED
                reports = preparation.status(())
        self._status = self.complain(reports) or self._status
        if self._status:
            self.nothing = 'Nothing is known of what Doctor has changed.'
        return ('Node', 'What', 'State'), [
            (report.node or _CLOUD, what.removeprefix(f'{report.node}:'),
             state) for report in reports
            for what, state in report.states.items()]


def summarize(say: Any, reports: 'list[Report]', done: str) -> None:
    """A line a node on which something was done."""
    for report in reports:
        if report.changed:
            restarted = ', '.join(report.restarted) or 'nothing'
            names = ', '.join(
                name.removeprefix(f'{report.node}:')
                for name in dict.fromkeys(report.changed))
            say(f'{report.node or _CLOUD}: {done}: {names}; '
                f'restarted: {restarted}')
        for name, state in report.states.items():
            say(f'{name}: {state}')
    if not any(report.changed or report.complaints for report in reports):
        say(f'Nothing was to be {done}.')

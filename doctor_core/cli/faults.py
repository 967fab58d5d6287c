"""``doctor faults``: what the inspector does, and what waits for a word."""

import argparse
import datetime
import os
from collections.abc import Iterable, Mapping
from typing import Any

from cliff.command import Command
from cliff.lister import Lister
from cliff.show import ShowOne

from doctor_core.cli.errors import PlainErrors

_DEFAULT_URL = 'http://127.0.0.1:12345'


class _Asking(PlainErrors):
    """What the commands that ask the inspector have in common."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = \
            super().get_parser(prog_name)  # type: ignore[misc]
        parser.add_argument(
            '--inspector-url', metavar='URL', default=_DEFAULT_URL,
            help=f'where the inspector listens (default: {_DEFAULT_URL})')
        parser.add_argument(
            '--os-cloud', metavar='NAME', default='',
            help='the cloud of clouds.yaml whose user asks, if the inspector '
                 'wants a token (default: OS_CLOUD, or OS_AUTH_URL, '
                 'OS_USERNAME, ...)')
        parser.add_argument(
            '--os-cacert', metavar='FILE',
            default=os.environ.get('OS_CACERT', ''),
            help='the authorities to trust, with https (default: OS_CACERT, '
                 'else the system\'s)')
        return parser

    def ask(self, parsed_args: argparse.Namespace, method: str, path: str,
            body: Any = None) -> Any:
        """The inspector's answer."""
        # Only here: it imports the HTTP client.
        from doctor_core.cli import inspector_api
        return inspector_api.ask(
            parsed_args.inspector_url, method, path, body,
            os_cloud=parsed_args.os_cloud, cafile=parsed_args.os_cacert)


class ListFaults(_Asking, Lister):
    """List the latest faults, newest first.

    "Told" says whether the owners of the servers were told, or given up;
    "Owed" how many corrections in Nova and Neutron are still to be made or
    reversed.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--state', metavar='STATE',
            help='show only those in this state: handling, handled, held, '
                 'clearing, cleared or ignored')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        faults = self.ask(parsed_args, 'GET', '/faults')['faults']
        return (('ID', 'Host', 'State', 'Cause', 'Detected', 'Told',
                 'Servers', 'Owed'),
                [row(fault) for fault in faults
                 if parsed_args.state in (None, fault['state'])])


class ShowFault(_Asking, ShowOne):
    """Show a fault, and what has been done about it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('fault', metavar='ID', help='the fault')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        from urllib.parse import quote
        fault = self.ask(
            parsed_args, 'GET',
            f'/faults/{quote(parsed_args.fault, safe="")}')['fault']
        return tuple(zip(*details(fault), strict=True))


class ConfirmFaults(_Asking, Command):
    """Confirm that hosts are dead that are held in a mass failure.

    They are marked down in Nova and Neutron then, with their servers and
    ports. This cannot be taken back but by the return of the host.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'faults', metavar='ID', nargs='*', help='a fault that is held')
        parser.add_argument(
            '--all', action='store_true', help='all that are held')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        if parsed_args.all == bool(parsed_args.faults):
            from doctor_core.exceptions import ConfigError
            raise ConfigError(
                'Name the faults, or say --all; "doctor faults list --state '
                'held" shows what is held.')
        body = {'all': True} if parsed_args.all \
            else {'faults': parsed_args.faults}
        confirmed = self.ask(parsed_args, 'POST', '/faults/confirm',
                             body)['faults']
        for line in map(promise, confirmed):
            print(line, file=self.app.stdout)
        if not confirmed:
            print('No fault is held.', file=self.app.stdout)


def row(fault: Mapping[str, Any]) -> tuple[Any, ...]:
    """A fault as a line of the list."""
    return (fault['id'], fault['hostname'], fault['state'],
            fault['cause'] or fault['type'], moment(fault['detected_at']),
            _yes(fault['told']), fault['servers'], fault['owed'])


def details(fault: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """A fault as names and values."""
    return [
        ('ID', fault['id']), ('Host', fault['hostname']),
        ('State', fault['state']), ('Note', fault['note']),
        ('Type', fault['type']), ('Cause', fault['cause']),
        ('Source', fault['source']), ('Severity', fault['severity']),
        ('Detected', moment(fault['detected_at'])),
        ('Received', moment(fault['received_at'])),
        ('Cleared', moment(fault['cleared_at'])),
        ('Told', _yes(fault['told'])), ('Repeats', fault['repeats']),
        *(_progress(fault['corrections']))]


def _progress(corrections: Iterable[Mapping[str, Any]]
              ) -> list[tuple[str, str]]:
    """How many corrections of each kind are made, of how many."""
    made: dict[str, list[bool]] = {}
    for correction in corrections:
        made.setdefault(correction['action'], []).append(correction['done'])
    return [(action.capitalize(), f'{sum(done)} of {len(done)} done')
            for action, done in made.items()]


def promise(confirmed: Mapping[str, Any]) -> str:
    """What will be done for a fault that was confirmed."""
    what = ', '.join(f'{count} x {action}' for action, count
                     in confirmed['corrections'].items())
    return (f'Host {confirmed["hostname"]} is marked down now: '
            f'{what or "nothing is left to do"} '
            f'(fault {confirmed["id"]})')


def moment(at: float | None) -> str:
    """A time for a person, in UTC; empty when there is none."""
    if at is None:
        return ''
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime(
        '%Y-%m-%d %H:%M:%S UTC')


def _yes(claim: bool) -> str:
    return 'yes' if claim else 'no'

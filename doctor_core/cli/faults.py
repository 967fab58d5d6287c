"""``doctor faults``: what the inspector does, and what waits for a word."""

import argparse
import datetime
import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from cliff.command import Command
from cliff.lister import Lister
from cliff.show import ShowOne

from doctor_core.cli import config_files
from doctor_core.cli.errors import PlainErrors
from doctor_core.model.states import FaultState
from doctor_core.wording import few


class _Asking(PlainErrors):
    """What the commands that ask the inspector have in common."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = \
            super().get_parser(prog_name)  # type: ignore[misc]
        parser.add_argument(
            '--url', '--inspector-url', metavar='URL', dest='inspector_url',
            help='where the inspector listens (default: where doctor.conf '
                 'has it listen)')
        config_files.add_arguments(parser)
        parser.add_argument(
            '--os-cloud', metavar='NAME', default='',
            help='the cloud of clouds.yaml whose user asks, if the inspector '
                 'wants a token (default: OS_CLOUD, or OS_AUTH_URL, '
                 'OS_USERNAME, ...)')
        parser.add_argument(
            '--os-cacert', metavar='FILE',
            default=os.environ.get('OS_CACERT', ''),
            help='the authorities to trust, with https (default: OS_CACERT, '
                 'else the inspector\'s own certificate of doctor.conf if '
                 'no URL is named, else the system\'s)')
        return parser

    def ask(self, parsed_args: argparse.Namespace, method: str, path: str,
            body: Any = None) -> Any:
        """The inspector's answer."""
        # Only here: it imports the HTTP client.
        from doctor_core.cli import inspector_api
        url, cafile = parsed_args.inspector_url, parsed_args.os_cacert
        if not url:
            settings = config_files.read(parsed_args, kinds=()).inspector
            url = inspector_api.inspector_url(settings)
            # Who can read the certificate trusts it: it may have been signed
            # by nobody that the system knows.
            cafile = cafile or settings.tls_cert
        from doctor_core.exceptions import DoctorError, NotFound
        try:
            return inspector_api.ask(url, method, path, body,
                                     os_cloud=parsed_args.os_cloud,
                                     cafile=cafile)
        except NotFound as error:
            raise DoctorError(
                f'{error} "doctor faults list" shows what there is.'
                ) from None


class ListFaults(_Asking, Lister):
    """List the latest 100 faults and all that are open, newest first.

    "Told" says of how many servers the owners were told, of how many; a
    server that nobody has an alarm for counts as told. "Owed" says how many
    corrections in Nova and Neutron are still to be made or reversed.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--state', choices=tuple(map(str, FaultState)), metavar='STATE',
            help='only those in this state: '
                 f'{", ".join(FaultState)}')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        path = '/faults'
        if parsed_args.state is not None:
            path += f'?state={parsed_args.state}'
        faults = self.ask(parsed_args, 'GET', path)['faults']
        return (('ID', 'Host', 'State', 'Cause', 'Detected', 'Told',
                 'Servers', 'Owed'),
                [row(fault) for fault in faults])


class ShowFault(_Asking, ShowOne):
    """Show a fault, and what has been done about it.

    A correction that is taken back counts as done and as undone. A server
    that nobody has an alarm for counts as told.
    """

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


class ClearHost(_Asking, Command):
    """Take a host back on your word, without waiting for a witness.

    Its marks in Nova and Neutron are taken back, as far as they are Doctor's,
    and the owners of its servers hear of it. Where no fault of the host is
    known, its force-down is lifted and its servers in error are named: what
    they were before is not known.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('host', metavar='HOST',
                            help='the host, by any name that means it')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        for line in outcome(self.ask(parsed_args, 'POST', '/faults/clear',
                                     {'host': parsed_args.host})):
            print(line, file=self.app.stdout)


def outcome(answer: Mapping[str, Any]) -> list[str]:
    """What became of a host that was taken back."""
    host = answer['host']
    if answer['fault']:
        note = f': {answer["note"]}' if answer['note'] else ''
        return [f'Fault {answer["fault"]} of host {host} is '
                f'{answer["state"]}{note}']
    lines = [f'No fault of host {host} was open; it '
             + ('was marked down, and is not any more.'
                if answer['was_marked_down'] else 'was not marked down.')]
    in_error = answer['servers_in_error']
    if in_error:
        lines.append(f'In error on it: {few(in_error)}. Look at each: '
                     '"openstack server set --state active ID" if it '
                     'runs.')
    return lines


def row(fault: Mapping[str, Any]) -> tuple[Any, ...]:
    """A fault as a line of the list."""
    return (fault['id'], fault['hostname'], fault['state'],
            _cause(fault), moment(fault['detected_at']),
            _told(fault), fault['servers'], fault['owed'])


def details(fault: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """A fault as names and values."""
    return [
        ('ID', fault['id']), ('Host', fault['hostname']),
        ('State', fault['state']), ('Note', fault['note']),
        ('Type', fault['type']), ('Cause', _cause(fault)),
        ('Source', fault['source']), ('Severity', fault['severity']),
        ('Detected', moment(fault['detected_at'])),
        ('Received', moment(fault['received_at'])),
        ('Cleared', moment(fault['cleared_at'])),
        ('Told', _told(fault)), *_servers(fault.get('tellings', ())),
        ('Repeats', fault['repeats']),
        ('Held open by', ', '.join(
            source or '(no source)' for source in fault['sources'])),
        ('Former', fault['former']),
        *(_progress(fault['corrections']))]


def _cause(fault: Mapping[str, Any]) -> str:
    """Why a host is lost, as far as anybody said."""
    return str(fault['cause'] or fault['type'])


def _servers(tellings: Iterable[Mapping[str, Any]]
             ) -> list[tuple[str, str]]:
    """The servers that were lost and what became of their owners' notices;
    those that were not reached first, with the reason.
    """
    lost = sorted((one for one in tellings if one['news'] == 'lost'),
                  key=lambda one: one['state'] != 'given-up')
    told = [f'{one["name"] or one["server_id"]}: '
            + one['state'].replace('-', ' ')
            + (f' ({one["reason"]})' if one['reason'] else '')
            for one in lost]
    return [('Servers', few(told, separator='; '))] if told else []


def _progress(corrections: Iterable[Mapping[str, Any]]
              ) -> list[tuple[str, str]]:
    """How many corrections of each kind are made, of how many, and which
    never will be.
    """
    by_action: dict[str, list[Mapping[str, Any]]] = {}
    given_up = []
    for one in corrections:
        by_action.setdefault(one['action'], []).append(one)
        if one['state'] == 'given-up':
            given_up.append(f'{one["action"]} of {one["target_id"]}: '
                            f'{one["reason"]}')
    rows = [(action.capitalize(), _done(those))
            for action, those in by_action.items()]
    return rows + ([('Given up', few(given_up, separator='; '))]
                   if given_up else [])


#: What was never made, or is not known to be.
_NOT_MADE = frozenset({'owed', 'asked', 'waived', 'given-up'})
#: What else is said of corrections, by their states.
_BESIDE = {'given-up': 'given up', 'waived': 'waived',
           'left': 'left as they are', 'passed-on': 'passed on'}


def _done(corrections: Collection[Mapping[str, Any]]) -> str:
    states = [one['state'] for one in corrections]
    done = sum(state not in _NOT_MADE for state in states)
    parts = [f'{done} of {len(states)} done']
    if {'undo-owed', 'undone'} & set(states):
        parts.append(f'{states.count("undone")} undone')
    parts += [f'{states.count(state)} {words}'
              for state, words in _BESIDE.items() if state in states]
    return ', '.join(parts)


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


def _told(fault: Mapping[str, Any]) -> str:
    """Of how many servers the owners were told that they are lost."""
    text = f'{fault["told_servers"]} of {fault["servers"]}'
    if fault['unreached']:
        text += f', {fault["unreached"]} not reached'
    return text

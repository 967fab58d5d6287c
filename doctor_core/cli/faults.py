"""``doctor faults``: what the inspector does, and what waits for a word."""

import argparse
import os
from typing import Any

from cliff.command import Command
from cliff.lister import Lister
from cliff.show import ShowOne

from doctor_core.cli import clearing_words, config_files, fault_words
from doctor_core.cli.errors import EXIT_FAILED, PlainErrors
from doctor_core.cli.tables import UnbrokenNames
from doctor_core.model.states import FaultState

#: How a fault is named.
_NAME = ('its id, as much of it as a list shows, or the name of its host, '
         'for its latest, of those that are ignored if it has no other')
#: So many characters of a note a table of faults has.
_NOTE = 60
#: As the monitor's being cut off, on stderr: scripts read the list.
_HOLDS = ('[inspector] hold is set: each new fault is held, and nothing is '
          'corrected for it.\n')


class _Asking(PlainErrors):
    """What the commands that ask the inspector have in common.

    :cvar where: where the operator finds what there is.
    """

    where = '"doctor faults list" shows what there is.'

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
            raise DoctorError(f'{error} {self.where}') from None


class ListFaults(_Asking, UnbrokenNames, Lister):
    """List the latest 100 faults and all that are open, newest first.

    A table shows as much of an id as names the fault, and the beginning of a
    long note; -f value, json and csv show all of both. "Told" says of how many
    servers the owners were told, of how many. "Owed" says how many corrections
    in Nova and Neutron are still to be made or reversed. "Note" says whose
    owners were not told, when a host that is held goes through by itself, why
    a fault is ignored or held, what failed, or what is waited for.

    With --changed, list what of all faults Doctor has changed in Nova and
    Neutron and not set back yet: "done"; "undo-owed", to be set back now;
    "asked" and "in-doubt", of which it is not known whether they were made.
    "Before" is the value that each had.

    Exit code: 0 listed, though there be none; 1 the inspector refused it, or
    did not answer; 2 wrong options.
    """

    unbroken = ('ID', 'Host', 'Fault')
    nothing = 'No faults.'

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            '--changed', action='store_true',
            help='list what Doctor has changed and not set back yet')
        which.add_argument(
            '--state', choices=tuple(map(str, FaultState)), metavar='STATE',
            help='only those in this state: '
                 f'{", ".join(FaultState)}')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        if parsed_args.changed:
            self.nothing = 'Nothing that is not set back.'
            return self._changed(parsed_args)
        path = '/faults'
        if parsed_args.state is not None:
            path += f'?state={parsed_args.state}'
        answer = self.ask(parsed_args, 'GET', path)
        if answer.get('hold'):
            self.app.stderr.write(_HOLDS)
        faults = answer['faults']
        most = None
        if parsed_args.formatter == 'table':
            most = _NOTE
            faults = fault_words.shortened(faults, 'id')
        return (('ID', 'Host', 'State', 'Cause', 'Detected', 'Told',
                 'Servers', 'Owed', 'Note'),
                [fault_words.row(fault, most) for fault in faults])

    def _changed(self, parsed_args: argparse.Namespace) -> Any:
        changes = self.ask(parsed_args, 'GET', '/corrections')['corrections']
        if parsed_args.formatter == 'table':
            changes = fault_words.shortened(changes, 'fault')
        return (('Host', 'Fault', 'Change', 'ID', 'Server', 'Before',
                 'State'), map(fault_words.change, changes))


class ShowFault(_Asking, ShowOne):
    """Show a fault, and what has been done about it.

    A correction that is taken back counts as done and as undone. "Tellings"
    says of each server what its owner was told ("lost", "stopped", "back"),
    when, at which URL, by which alarm, what answered, and whether Doctor was
    sure of what became of the guest ("verified"). "Witness" is who, beside the
    report, says that the host is back. A table has some
    lines of that; -f value -c Tellings has all.

    Exit code: 0 shown; 1 there is no such fault, or the inspector refused it
    or did not answer; 2 wrong options.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('fault', metavar='ID|HOST', help=_NAME)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        from urllib.parse import quote
        fault = self.ask(
            parsed_args, 'GET',
            f'/faults/{quote(parsed_args.fault, safe="")}')['fault']
        most = fault_words.MOST if parsed_args.formatter == 'table' else None
        return tuple(zip(*fault_words.details(fault, most), strict=True))


class ConfirmFaults(_Asking, Command):
    """Confirm that hosts are dead that are held.

    They are held in a mass failure, or because [inspector] hold is set. They
    are marked down in Nova and Neutron then, with their servers and ports.
    What takes that back is the return of the host, or "doctor faults clear".

    Exit code: 0 done, or none is held; 1 the inspector refused it, as for a
    fault that is not held, or did not answer; 2 wrong options.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'faults', metavar='ID|HOST', nargs='*',
            help=f'a fault of a host that is dead: {_NAME}')
        parser.add_argument(
            '--all', action='store_true', help='all hosts that are down')
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
        for line in map(fault_words.promise, confirmed):
            print(line, file=self.app.stdout)
        if not confirmed:
            print('No fault is held; hosts that are down do not count in a '
                  'mass failure any more.', file=self.app.stdout)


class ClearHost(_Asking, Command):
    """Take a host back on your word, without waiting for a witness.

    Its marks in Nova and Neutron are taken back, as far as they are Doctor's,
    and the owners of its servers hear of it: be sure that they run. Where no
    fault of the host is known, its force-down is lifted, and its servers in
    error and its ports that are DOWN are named: what they were before is not
    known.

    Exit code: 0 all is taken back, or --dry-run; 1 not all of it yet: Doctor
    goes on trying by itself. Or nothing could be done, and a line says why.
    """

    where = ('"openstack compute service list --service nova-compute" shows '
             'the hosts.')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('host', metavar='HOST',
                            help='the host, by any name that means it')
        parser.add_argument('--dry-run', action='store_true',
                            help='say what would be taken back, and do '
                                 'nothing')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        order: dict[str, Any] = {'host': parsed_args.host}
        say = clearing_words.outcome
        if parsed_args.dry_run:
            order['dry_run'] = True
            say = clearing_words.rehearsal
        answer = self.ask(parsed_args, 'POST', '/faults/clear', order)
        for line in say(answer):
            print(line, file=self.app.stdout)
        return 0 if parsed_args.dry_run or clearing_words.is_done(answer) \
            else EXIT_FAILED

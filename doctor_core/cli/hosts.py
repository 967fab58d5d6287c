"""``doctor hosts``: what the monitor holds of each host."""

import argparse
import datetime
from typing import Any

from cliff.lister import Lister

from doctor_core.cli import config_files
from doctor_core.cli.errors import PlainErrors
from doctor_core.cli.tables import UnbrokenNames


class ListHosts(PlainErrors, UnbrokenNames, Lister):
    """List the hosts that the monitor watches, and what it holds of them.

    Ask it on the machine that the monitor runs on. A near miss is a host
    that was suspected and then answered: many of them say that it, or the
    network to it, is not well, or that timeout_ms is too short.

    Exit code: 0 listed, 1 the monitor did not answer, 2 wrong options.
    """

    unbroken = ('Host',)
    nothing = 'No hosts.'

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--url', '--monitor-url', metavar='URL', dest='monitor_url',
            help='where the monitor tells (default: the status_port of '
                 '[monitor] in doctor.conf, on this machine)')
        config_files.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        from doctor_core.cli import inspector_api
        url = parsed_args.monitor_url
        if not url:
            settings = config_files.read(parsed_args, kinds=()).monitor
            url = f'http://127.0.0.1:{settings.status_port}'
        answer = inspector_api.ask(url, 'GET', '/hosts',
                                   program='doctor-monitor')
        if answer['isolated']:
            self.app.stderr.write(
                'The monitor itself seems to be cut off: nobody answers it, '
                'so nothing is reported.\n')
        blind = sum(host['state'] == 'unwatched' or host['state'] == 'unknown'
                    and host['problem'] != '' for host in answer['hosts'])
        if 2 * blind > len(answer['hosts']):
            self.app.stderr.write(
                'Most hosts are not watched: nobody is told when one of them '
                'dies.\n')
        return (('Host', 'State', 'Addresses', 'Last answer (UTC)',
                 'Near misses', 'Late answers', 'Problem'),
                [(host['host'], host['state'], ' '.join(host['addresses']),
                  _moment(host['last_answer_at']), host['near_misses'],
                  host['late'], host['problem'])
                 for host in answer['hosts']])


def _moment(at: float | None) -> str:
    if at is None:
        return 'never'
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime(
        '%Y-%m-%d %H:%M:%S')

"""``doctor demo`` and ``doctor run``."""

import argparse
from collections.abc import Mapping
from typing import Any

from cliff.command import Command

from doctor_core.cli import arguments, config_files
from doctor_core.cli.errors import EXIT_CODES, PlainErrors


class _ScenarioCommand(PlainErrors, Command):
    """What the commands that run a scenario have in common."""

    default_limit = '1000'
    default_servers = 'what doctor.conf says, else 1'
    default_notification = 'what doctor.conf says, else shortcut'

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--servers', type=arguments.whole, metavar='N',
            help='how many servers are on the host that fails '
                 f'(default: {self.default_servers})')
        parser.add_argument(
            '--limit-ms', type=arguments.some_milliseconds, metavar='MS',
            help='within how many milliseconds after the detection every '
                 f'owner has to be told (default: {self.default_limit})')
        parser.add_argument(
            '--notification', choices=['shortcut', 'conservative'],
            help='when owners are told: at once, or when Nova has the new '
                 f'state (default: {self.default_notification})')
        parser.add_argument(
            '--json', metavar='FILE',
            help='write all times of all servers to a JSON file')
        parser.add_argument(
            '--report', metavar='FILE',
            help='write the timeline as an HTML page')
        return parser

    def _overrides(self, parsed_args: argparse.Namespace
                   ) -> dict[tuple[str, str], Any]:
        group = 'scenario_fault_management'
        limit_s = parsed_args.limit_ms / 1000 \
            if parsed_args.limit_ms is not None else None
        given = {(group, 'servers'): parsed_args.servers,
                 (group, 'limit_s'): limit_s,
                 ('inspector', 'notification'): parsed_args.notification}
        return {option: value for option, value in given.items()
                if value is not None}

    def _run(self, conf: Any, name: str,
             parsed_args: argparse.Namespace) -> int:
        from doctor_core.cli import scenario_run
        outcome = scenario_run.run(
            conf, name, json_path=parsed_args.json,
            html_path=parsed_args.report, out=self.app.stdout)
        return EXIT_CODES[outcome.verdict]


class Demo(_ScenarioCommand):
    """Watch a compute host fail in a cloud within this process.

    Needs no OpenStack, no root and no network: an embedded cloud is started,
    a host of it is cut off, its servers' owners are told, Nova and Neutron
    are corrected, and the host comes back. On Linux the hosts are network
    namespaces with cables to a switch, which the monitor "sample" pings;
    where such cannot be made, the demo says why, and does without.

    Exit code: 0 passed, 1 failed, 2 wrong options.
    """

    default_limit = '1000, or 5 for each server where that is more'
    default_servers = '1'
    default_notification = 'shortcut'

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--hosts', type=arguments.whole, default=3, metavar='N',
            help='how many compute hosts the cloud has (default: 3)')
        parser.add_argument(
            '--latency-ms', type=arguments.milliseconds, default=20.0,
            metavar='MS',
            help='how long each API call takes, as if Nova had work to do '
                 '(default: 20)')
        parser.add_argument(
            '--alarms', choices=['local', 'aodh'], default='local',
            help='who evaluates the owners\' alarms (default: local)')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        from doctor_core.cli import demo, termination
        from doctor_core.cli.step_progress import StepProgress
        # Around all of it: the cloud has a folder of its own.
        with termination.as_exception():
            return demo.run(
                hosts=parsed_args.hosts,
                latency_s=parsed_args.latency_ms / 1000,
                alarms=parsed_args.alarms,
                overrides=self._overrides(parsed_args),
                say=StepProgress(self.app.stdout),
                then=lambda conf: self._run(conf, 'fault_management',
                                            parsed_args))


class Run(_ScenarioCommand):
    """Run a scenario on the cloud that doctor.conf means, and judge it.

    The scenario makes a compute host fail: one without servers, unless
    doctor.conf names another. With [installer] prepare = true the deployment
    is changed first, as "doctor install apply" does, and put back at the
    end; otherwise nothing in its files is touched.

    Exit code: 0 passed, 1 failed, 2 wrong configuration, 3 skipped.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'scenario', nargs='?', metavar='SCENARIO',
            help='the scenario; "doctor plugins --kind scenarios" lists '
                 'them (default: [scenario] type of doctor.conf)')
        config_files.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        overrides: Mapping[tuple[str, str], Any] = {
            **self._overrides(parsed_args),
            **({('scenario', 'type'): parsed_args.scenario}
               if parsed_args.scenario else {})}
        from doctor_core.cli import termination
        conf = config_files.read(parsed_args, overrides)
        with termination.as_exception():
            return self._run(conf, conf.scenario.type, parsed_args)

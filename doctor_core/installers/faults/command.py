"""A host that is failed by a command of the operator's."""

import dataclasses
import math
from collections.abc import Sequence

from oslo_config import cfg

from doctor_core.clock import SYSTEM, Clock
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.installers.faults.base import Injector, Reach, Settings
from doctor_core.model import Host, Stamp
from doctor_core.runner import LocalRunner, Runner


@dataclasses.dataclass(frozen=True)
class CommandSettings(Settings):
    """What ``fault = command`` reads; see the help of the options."""

    fail_command: Sequence[str] = ()
    heal_command: Sequence[str] = ()
    command_timeout_s: float = 120.0


class CommandInjector(Injector[CommandSettings]):
    """Runs commands of this machine, with the name of the host.

    Both commands may be run for a host that is in the wanted state and have
    to end well then.

    :param runner: what runs the commands.
    """

    def __init__(self, settings: CommandSettings, reach: Reach,
                 clock: Clock = SYSTEM, runner: Runner | None = None
                 ) -> None:
        super().__init__(settings, reach, clock)
        self._runner = runner or LocalRunner()

    @staticmethod
    def opts() -> list[cfg.Opt]:
        """The options of this way."""
        return [
            cfg.ListOpt(
                'fail_command', default=[],
                help='With fault = command: the command of this machine that '
                     'makes a host fail, its words '
                     'separated by commas; no shell reads them. The name of '
                     'the host is added. When the last line that it writes '
                     'is a number, that is when the host failed, in seconds '
                     'since the epoch by this machine\'s clock; else it is '
                     'when the command was started.'),
            cfg.ListOpt(
                'heal_command', default=[],
                help='With fault = command: the command that brings a host '
                     'back, in the same form.'),
            cfg.FloatOpt(
                'command_timeout_s', default=120.0, min=0.1,
                help='Seconds that such a command may take.'),
        ]

    def fail(self, host: Host) -> float:
        started_at = self.clock.now()
        output = self._run('fail_command', self.settings.fail_command, host)
        last = output.strip().rpartition('\n')[2]
        try:
            failed_at = float(last)
        except ValueError:
            failed_at = started_at
        if not math.isfinite(failed_at):
            raise BackendError(f'fail_command says that {host.name} failed '
                               f'at {last}')
        self.stamps[host.name] = Stamp(failed_at)
        return failed_at

    def heal(self, host: Host) -> None:
        self._run('heal_command', self.settings.heal_command, host)

    def _run(self, option: str, command: Sequence[str], host: Host) -> str:
        if not command:
            raise ConfigError(f'{option} is needed to fail a host and to '
                              'bring it back.')
        return self._runner.run(
            [*command, host.name],
            timeout_s=self.settings.command_timeout_s)

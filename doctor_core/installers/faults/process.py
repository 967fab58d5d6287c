"""A service of a host that dies."""

import dataclasses
from collections.abc import Sequence

from oslo_config import cfg

from doctor_core.exceptions import BackendError, CommandFailed, ConfigError
from doctor_core.installers.faults.base import Injector, Settings, stamped
from doctor_core.model import Host
from doctor_core.runner import Runner
from doctor_core.runner.clock_offset import measure

#: The number of the process, and its name or nothing. The name is looked at
#: last: the number may be another process's by now.
_KILL = '''
set -e
if [ -n "$2" ] && [ "$(cat "/proc/$1/comm")" != "$2" ]; then
    echo "process $1 is no $2" >&2
    exit 1
fi
before=$(date +%s.%N)
kill -KILL "$1"
echo "$before $(date +%s.%N)"
'''
#: The kernel keeps no more of a name.
_COMM = 15


@dataclasses.dataclass(frozen=True)
class ProcessSettings(Settings):
    """What ``fault = kill-process`` reads; see the help of the options."""

    fault_unit: str = ''
    fault_pid_file: str = ''
    fault_process: str = ''
    fault_start_command: Sequence[str] = ()


class ProcessInjector(Injector[ProcessSettings]):
    """Kills the main process of one service of a host, and nothing else."""

    @staticmethod
    def opts() -> list[cfg.Opt]:
        """The options of this way."""
        return [
            cfg.StrOpt(
                'fault_unit', default='',
                help='With fault = kill-process: the systemd unit whose main '
                     'process is killed, e.g. nova-compute.service. If '
                     'systemd starts it again at once, that is its right.'),
            cfg.StrOpt(
                'fault_pid_file', default='',
                help='With fault = kill-process, instead of fault_unit: the '
                     'file with the number of the process.'),
            cfg.StrOpt(
                'fault_process', default='',
                help='The name of the process, as /proc/N/comm has it; '
                     'needed with fault_pid_file. A process of another name '
                     'is not killed.'),
            cfg.ListOpt(
                'fault_start_command', default=[],
                help='The command on the host that starts the service again, '
                     'its words separated by commas. Empty for "systemctl '
                     'start" of fault_unit.'),
        ]

    def fail(self, host: Host) -> float:
        self._start_command()  # not found missing when it is too late
        runner = self.reach(host)
        offset = measure(runner, clock=self.clock)
        pid = self._pid(runner)
        if not pid:
            raise BackendError(f'{self._what()} does not run on '
                               f'{host.name}.')
        try:
            said = runner.run(['sh', '-c', _KILL, 'kill', pid,
                               self.settings.fault_process[:_COMM]])
        except CommandFailed as error:
            raise BackendError(
                f'{self._what()} of {host.name} is not killed: '
                f'{error.tail.strip()}') from None
        self.stamps[host.name] = stamped(said, offset)
        return self.stamps[host.name].at

    def heal(self, host: Host) -> None:
        start = self._start_command()

        def alive(runner: Runner) -> None:
            if not self._pid(runner):
                runner.run(start)

        self.persist(host, alive, self.settings.fault_back_s)

    def _what(self) -> str:
        return self.settings.fault_unit or self.settings.fault_process

    def _start_command(self) -> list[str]:
        settings = self.settings
        if bool(settings.fault_unit) == bool(settings.fault_pid_file):
            raise ConfigError('fault = kill-process needs one of fault_unit '
                              'and fault_pid_file.')
        if settings.fault_pid_file and not (settings.fault_process
                                           and settings.fault_start_command):
            raise ConfigError('fault_pid_file needs fault_process, the name '
                              'of what is killed, and fault_start_command.')
        return (list(settings.fault_start_command)
                or ['systemctl', 'start', settings.fault_unit])

    def _pid(self, runner: Runner) -> str:
        """The number of the process; empty when it does not run."""
        settings = self.settings
        if settings.fault_unit:
            said = runner.run(['systemctl', 'show', '-p', 'MainPID',
                               settings.fault_unit])
            pid = said.strip().removeprefix('MainPID=')
            return '' if pid == '0' else pid
        text = runner.get_optional(settings.fault_pid_file) or b''
        pid = text.decode(errors='replace').strip()
        if not pid.isdigit():
            return ''
        name = runner.get_optional(f'/proc/{pid}/comm') or b''
        wanted = settings.fault_process[:_COMM].encode()
        return pid if name.strip() == wanted else ''

"""A collectd of Doctor's own on one machine: brought there, started, ended.
"""

import dataclasses
import importlib.resources
import json
import logging
from collections.abc import Callable, Mapping

from doctor_core import wire
from doctor_core.clock import SYSTEM, Clock, Deadline, wait_for
from doctor_core.exceptions import (
    BackendError,
    CommandFailed,
    DeadlineExceeded,
)
from doctor_core.monitors.collectd.conf import PLUGIN, Watch, render
from doctor_core.runner import Runner, SavedFile

LOG = logging.getLogger(__name__)

#: collectd embeds the Python of its distribution, which looks for its library
#: beside the first "python3" of PATH: that of a virtualenv is not its own.
_PLAIN = ('env', '-u', 'PYTHONHOME', '-u', 'PYTHONPATH',
          'PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin')
_START_S = 15.0
_STOP_S = 10.0


@dataclasses.dataclass(frozen=True)
class State:
    """What our plugin in a collectd knows.

    :ivar failing: what says that a host is down, by the host's name.
    :ivar trouble: why the intake was not told, or cannot be; empty when it
        answers.
    """

    failing: Mapping[str, tuple[str, ...]]
    trouble: str


class Agent:
    """The collectd in one folder of a machine; every method blocks.

    It runs beside the machine's own collectd and touches nothing of it.

    :param runner: reaches the machine.
    :param folder: the folder; made if need be.
    :param collectd: the program.
    :param become: what to put before commands that need privileges, such as
        ``('sudo', '-n')``.
    :param clock: whose time counts.
    """

    def __init__(self, runner: Runner, folder: str, *,
                 collectd: str = 'collectd',
                 become: tuple[str, ...] = (),
                 clock: Clock = SYSTEM) -> None:
        self.runner = runner
        self._folder = folder
        self._collectd = collectd
        self._become = become
        self._clock = clock
        self._conf = f'{folder}/collectd.conf'
        self._pid_file = f'{folder}/collectd.pid'
        self._files = {
            name: SavedFile(runner, f'{folder}/{name}')
            for name in ('collectd.conf', f'{PLUGIN}.py')}

    def start(self, watch: Watch) -> None:
        """Bring it there and start it; one that ran before is ended first.

        :raises CommandFailed: collectd refuses its configuration, or to
            start; what was there is there again.
        :raises BackendError: the machine cannot be reached or written to.
        """
        # What is in it says where to tell that a host is down.
        self.runner.run(['mkdir', '-p', '-m', '700', self._folder])
        self._end()
        texts = {'collectd.conf': render(watch).encode(),
                 f'{PLUGIN}.py': plugin_source()}
        try:
            for name, content in texts.items():
                self._files[name].replace(content)
            # 5.8 to 5.12 find nothing this way; they do when they start.
            self.runner.run([*_PLAIN, self._collectd, '-t', '-C',
                             self._conf])
            self.runner.run([*self._become, *_PLAIN, self._collectd, '-C',
                             self._conf])
            self._wait(self.is_running, _START_S,
                       'start; see the syslog of that machine')
        except BackendError:
            self._restore()
            raise

    def stop(self) -> None:
        """End it and put back what was there; may be called again.

        :raises BackendError: it could not be done.
        """
        self._end()
        for file in self._files.values():
            file.restore()

    def is_running(self) -> bool:
        """Whether it runs, and our plugin in it.

        :raises BackendError: the machine cannot be reached.
        """
        pid = self._pid()
        # collectd goes on without a plugin that could not start.
        return bool(pid) and pid == self.runner.run(
            ['cat', f'{self._folder}/ready'], check=False).strip()

    def state(self, timeout_s: float) -> State:
        """What our plugin last noted; of one that noted nothing, nothing.

        :raises BackendError: the machine cannot be reached in time.
        """
        try:
            text = self.runner.run(['cat', f'{self._folder}/state.json'],
                                   timeout_s=timeout_s)
            kept = json.loads(text)
            return State({
                str(host): tuple(map(str, failing))
                for host, (failing, _told) in kept['hosts'].items()},
                wire.in_short(kept.get('trouble', '')))
        except CommandFailed:
            return State({}, '')
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackendError(f'{self._folder}/state.json cannot be read: '
                               f'{wire.in_short(error)}', recoverable=True
                               ) from None

    def _restore(self) -> None:
        try:
            self.stop()
        except BackendError as error:
            LOG.warning('What was in %s is not restored: %s', self._folder,
                        error)

    def _end(self) -> None:
        pid = self._pid()
        if not pid:
            return
        self.runner.run([*self._become, 'kill', pid], check=False)
        try:
            self._wait(lambda: not self._is_ours(pid), _STOP_S, 'end')
        except BackendError:
            LOG.warning('The collectd of %s does not end, and is killed',
                        self._folder)
            self.runner.run([*self._become, 'kill', '-KILL', pid],
                            check=False)

    def _wait(self, predicate: Callable[[], bool], seconds: float,
              what: str) -> None:
        try:
            wait_for(predicate, Deadline(seconds, self._clock),
                     interval_s=0.1, what=what)
        except DeadlineExceeded:
            raise BackendError(f'The collectd of {self._folder} does not '
                               f'{what}') from None

    def _pid(self) -> str:
        """The number of its process; empty when it does not run."""
        try:
            pid = self.runner.run(['cat', self._pid_file]).strip()
        except CommandFailed:
            return ''
        return pid if pid.isdigit() and self._is_ours(pid) else ''

    def _is_ours(self, pid: str) -> bool:
        """Whether a process is this collectd.

        A file may be old and its number another process's by now, so the
        process has to have our configuration among its arguments.
        """
        try:
            arguments = self.runner.run(['cat', f'/proc/{pid}/cmdline'])
        except CommandFailed:
            return False
        return self._conf in arguments.split('\0')


def plugin_source() -> bytes:
    """The text of our plugin for collectd."""
    return importlib.resources.files('doctor_core.monitors.collectd').joinpath(
        f'{PLUGIN}.py').read_bytes()

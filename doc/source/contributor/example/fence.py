"""The inspector that cuts the power of a lost host first."""

import shlex
import subprocess
import threading
from collections.abc import Callable, Sequence

from oslo_config import cfg

from doctor_core import clock
from doctor_core.cloud import Cloud
from doctor_core.inspectors.base import Inspector
from doctor_core.model import Correction, Mark, StateChange
from doctor_core.plugins import Options


class FenceInspector(Inspector):
    """Cuts the power of a lost host, then corrects Nova and Neutron."""

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.StrOpt('command', default='true',
                       help='Cuts the power of the host that it gets as its '
                            'last argument; exit code 0 when that is done.'),
            cfg.FloatOpt('timeout_s', default=30.0, min=0.1,
                         help='Seconds that the command may take.')]

    def __init__(self, options: Options, cloud: Cloud) -> None:
        super().__init__(options, cloud)
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._off: set[str] = set()

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        why = ''
        try:
            for host in {one.host for one in corrections
                         if one.mark is Mark.LOST}:
                self._see_it_off(host)
        except (OSError, subprocess.SubprocessError) as error:
            why = f'the power is not cut: {error}'
        if why:
            # Nova may not hear that the host is down while it may run. The
            # log names an error that is under way by itself, so "done" is
            # called when that is over.
            return [self._failed(one, why, done) for one in corrections]
        return self.cloud.correct(corrections, done)

    def release(self, host: str) -> None:
        self._off.discard(host)

    def _see_it_off(self, host: str) -> None:
        """Cut the power once in each fault: servers may come to light when
        somebody has switched the host on again.
        """
        with self._lock:
            lock = self._locks.setdefault(host, threading.Lock())
        with lock:
            if host not in self._off:
                self._cut_the_power(host)
                self._off.add(host)

    def _cut_the_power(self, host: str) -> None:
        subprocess.run([*shlex.split(self.options.command), host],
                       check=True, stdin=subprocess.DEVNULL,
                       timeout=self.options.timeout_s)

    @staticmethod
    def _failed(correction: Correction, error: str,
                done: Callable[[StateChange], None]) -> StateChange:
        change = StateChange(correction, clock.now(), error)
        done(change)
        return change

"""A detector at work: ours or a peer's, in a process of its own, whose hosts
can be cut.
"""

import contextlib
import dataclasses
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.far import Far, end
from doctor_core import clock
from doctor_core.exceptions import ConfigError
from doctor_core.monitors.probing.profiles import PROFILES

#: Where Python finds this package, which is not installed.
_CHECKOUT = Path(__file__).parent.parent
#: Seconds after which a cut counts as missed; a profile's silence comes on
#: top.
_MISSED_S = 3.0
_SETTLE_S = 1.5
#: Common to all cases of ours.
_OURS = {'soak_s': 0.0, 'soak_samples': 2,
         'hold_down_s': 0.0, 'hold_down_max_s': 0.0}


@dataclasses.dataclass(frozen=True)
class Case:
    """How one detector is set up.

    :ivar timing: interval and timeout in milliseconds; the profile's own
        where there are none.
    :ivar profile: of ours.
    :ivar networks: on how many a host has an address; of ours, they share
        nothing, and each is the other's second witness.
    """

    name: str
    peer: str
    n: int
    timing: tuple[float, float] | None
    trials: int = 20
    profile: str = 'lab'
    networks: int = 1

    @property
    def missed_s(self) -> float:
        """From a cut on, until it counts as missed."""
        return _MISSED_S + PROFILES[self.profile].silence_ms / 1000

    def options(self) -> dict[str, Any]:
        """Those of our monitor."""
        own: dict[str, Any] = {}
        if self.timing:
            own = {'interval_ms': self.timing[0],
                   'timeout_ms': self.timing[1], 'confirm_probes': 3,
                   'confirm_spacing_ms': 1.0}
        names = [f'network-{number}' for number in range(self.networks)]
        return {**_OURS, 'profile': self.profile, 'networks': names,
                'independent_networks': names[1:], **own}


class Detector:
    """A detector's process in the monitor's namespace, and what it says."""

    def __init__(self, far: Far, case: Case) -> None:
        arguments = ['watch', json.dumps(case.options())] \
            if case.peer == 'doctor' \
            else ['peers', case.peer, *map(str, case.timing or ())]
        self.process = subprocess.Popen(
            ['ip', 'netns', 'exec', far.near, sys.executable, '-m',
             f'bench.{arguments[0]}', *arguments[1:]],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            cwd=_CHECKOUT)
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(' '.join(
            far.addresses if len(far.networks) == 1 else
            [f'{addresses[0]}={",".join(addresses)}' for addresses
             in zip(*far.networks, strict=True)]) + '\n')
        self.process.stdin.flush()
        if self.process.stdout.readline() != 'ready\n':
            raise ConfigError(f'{case.peer} did not start')
        self.news: queue.Queue[tuple[str, str, float]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            word, address, at = line.split(maxsplit=3)[:3]
            self.news.put((word, address, float(at)))

    def processes(self) -> list[int]:
        """Its process and their children."""
        pid = self.process.pid
        with open(f'/proc/{pid}/task/{pid}/children',
                  encoding='ascii') as children:
            return [pid, *map(int, children.read().split())]

    def cpu_s(self) -> float:
        """Seconds of CPU so far."""
        ticks = 0
        for pid in self.processes():
            with open(f'/proc/{pid}/stat', encoding='ascii') as stat:
                fields = stat.read().rpartition(')')[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf('SC_CLK_TCK')

    def memory_mb(self) -> float:
        """Resident memory, at its highest."""
        with open(f'/proc/{self.process.pid}/status',
                  encoding='ascii') as status:
            for line in status:
                if line.startswith('VmHWM:'):
                    return int(line.split()[1]) / 1024
        return 0.0

    def cost(self, cpu_s: float, seconds: float
             ) -> tuple[float | None, float]:
        """What it took: percent of a core, and MB.

        :param cpu_s: what it had used when it began.
        :param seconds: how long ago that was.
        """
        if self.process.poll() is not None:
            return None, 0.0
        return (round((self.cpu_s() - cpu_s) / seconds * 100, 1),
                round(self.memory_mb(), 1))

    def stop(self) -> None:
        """End it."""
        end(self.process)


@contextlib.contextmanager
def running(case: Case) -> Iterator[tuple[Far, Detector]]:
    """The hosts and the detector of a case."""
    with Far(case.n, case.networks) as far:
        detector = Detector(far, case)
        try:
            clock.sleep(_SETTLE_S)
            yield far, detector
        finally:
            detector.stop()


def drain(detector: Detector, false: list[str],
          expected: tuple[str, str] = ('', ''), until: float = 0.0
          ) -> float | None:
    """Read what the detector says.

    :param false: gets the addresses that it took for down without reason.
    :param expected: the verdict, ``down`` or ``up``, and of which address;
        found, ends it.
    :param until: a monotonic time; 0 reads only what is there.
    :returns: when the verdict on the expected one fell.
    """
    while True:
        try:
            word, address, at = detector.news.get(
                timeout=max(0.001, until - clock.monotonic()))
        except queue.Empty:
            return None
        if (word, address) == expected:
            return at
        if word == 'down':
            false.append(address)

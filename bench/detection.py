"""From the cut of a host to the verdict: how fast, how dear, how calm."""

import argparse
import dataclasses
import json
import multiprocessing
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import peers
from bench.detectors import Case, Detector, drain, running
from bench.far import Far
from bench.tables import csv_table
from doctor_core import clock
from doctor_core.exceptions import ConfigError

#: For how long it is waited until a host that is connected again is up.
_BACK_S = 10.0


@dataclasses.dataclass(frozen=True)
class Row:
    """One measurement.

    :ivar median_ms: from the cut to the verdict; None when there was none.
    :ivar cpu_percent: of one core, that of its children included; None when
        the detector ended by itself.
    :ivar false_downs: verdicts on hosts that had not been cut.
    :ivar missed: cuts without a verdict within 3 s and the profile's silence.
    """

    case: str
    peer: str
    n: int
    median_ms: float | None
    max_ms: float | None
    cpu_percent: float | None
    false_downs: int
    missed: int
    memory_mb: float


#: A peer's timing is as near to ours as it bears: fping ended by itself when
#: it sent 20,000 probes a second, and did not at 6500; icmplib and threads
#: cannot keep up with shorter ones.
CASES = (
    Case('1 host, datacentre', 'doctor', 1, None, profile='datacentre'),
    Case('1 host, datacentre, 2 networks', 'doctor', 1, None,
         profile='datacentre', networks=2),
    Case('1 host, cautious', 'doctor', 1, None, 10, 'cautious'),
    Case('1 host', 'doctor', 1, (2, 1)),
    Case('1 host', 'fping', 1, (10, 5)),
    Case('1 host', 'icmplib', 1, (10, 5)),
    Case('1 host', 'threads', 1, (10, 5)),
    Case('100 hosts, datacentre', 'doctor', 100, None, profile='datacentre'),
    Case('100 hosts, datacentre, 2 networks', 'doctor', 100, None,
         profile='datacentre', networks=2),
    Case('100 hosts, cautious', 'doctor', 100, None, 10, 'cautious'),
    Case('100 hosts', 'doctor', 100, (20, 5)),
    Case('100 hosts', 'fping', 100, (20, 5)),
    Case('100 hosts', 'icmplib', 100, (100, 100), 10),
    Case('100 hosts', 'threads', 100, (100, 100), 10),
    Case('1000 hosts, datacentre', 'doctor', 1000, None,
         profile='datacentre'),
    Case('1000 hosts', 'doctor', 1000, (40, 5)),
    Case('1000 hosts', 'fping', 1000, (160, 20)),
    Case('1000 hosts', 'icmplib', 1000, (100, 100), 5),
    Case('5000 hosts', 'doctor', 5000, (200, 10)),
    Case('5000 hosts', 'fping', 5000, (800, 50), 10),
)


def measure(case: Case) -> Row:
    """Cut hosts one by one."""
    latencies: list[float] = []
    false: list[str] = []
    missed = 0
    dice = random.Random(case.n)
    with running(case) as (far, detector):
        drain(detector, false)
        false.clear()
        began, cpu_s = clock.monotonic(), detector.cpu_s()
        for _ in range(case.trials):
            drain(detector, false, until=clock.monotonic()
                  + dice.uniform(0.3, 0.5))
            addresses = dice.choice(list(zip(*far.networks, strict=True)))
            cut_at = time.monotonic()
            far.cut(*addresses)
            at = drain(detector, false, ('down', addresses[0]),
                       cut_at + case.missed_s)
            far.heal(*addresses)
            # Who is down still is not lost again.
            drain(detector, false, ('up', addresses[0]),
                  time.monotonic() + _BACK_S)
            if at is None:
                missed += 1
            else:
                latencies.append((at - cut_at) * 1000)
        cost = detector.cost(cpu_s, clock.monotonic() - began)
    return Row(case.name, case.peer, case.n,
               round(statistics.median(latencies), 1) if latencies else None,
               round(max(latencies), 1) if latencies else None,
               cost[0], len(false), missed, cost[1])


def calm(case: Case, disturb: Callable[[Far, Detector], None]) -> Row:
    """Cut nobody, while something disturbs."""
    false: list[str] = []
    with running(case) as (far, detector):
        drain(detector, false)
        false.clear()
        began, cpu_s = clock.monotonic(), detector.cpu_s()
        disturb(far, detector)
        drain(detector, false, until=clock.monotonic() + 1.0)
        cost = detector.cost(cpu_s, clock.monotonic() - began)
    return Row(case.name, case.peer, case.n, None, None, cost[0],
               len(false), 0, cost[1])


def lossy(far: Far, _detector: Detector) -> None:
    """One probe of a hundred is lost."""
    far.lose(1)
    clock.sleep(10)


def _burn() -> None:
    while True:
        pass


def hogged(_far: Far, _detector: Detector) -> None:
    """Four processes that want all of the CPU."""
    hogs = [multiprocessing.Process(target=_burn, daemon=True)
            for _ in range(4)]
    for hog in hogs:
        hog.start()
    clock.sleep(8)
    for hog in hogs:
        hog.kill()
        hog.join()


def stopped(_far: Far, detector: Detector) -> None:
    """The monitor's process stands still five times."""
    for _ in range(5):
        for pid in detector.processes():
            os.kill(pid, signal.SIGSTOP)
        clock.sleep(0.2)
        for pid in detector.processes():
            os.kill(pid, signal.SIGCONT)
        clock.sleep(0.5)


def unplugged(far: Far, _detector: Detector) -> None:
    """The monitor's own cable is pulled and put back."""
    for _ in range(3):
        far.cut_uplink()
        clock.sleep(0.5)
        far.heal_uplink()
        clock.sleep(1.0)


_LOSS = '1 % loss'
CALM = ((Case(_LOSS, 'doctor', 100, (20, 5)), lossy),
        (Case(_LOSS, 'fping', 100, (20, 5)), lossy),
        (Case('4 CPU hogs', 'doctor', 100, (20, 5)), hogged),
        (Case('5 stops of 200 ms', 'doctor', 100, (20, 5)), stopped),
        (Case('own uplink cut', 'doctor', 100, (20, 5)), unplugged))


_Disturbed = tuple[Case, Callable[[Far, Detector], None]]


def rows(peers_too: bool, cases: Sequence[Case] = CASES,
         disturbed: Sequence[_Disturbed] = CALM) -> Iterator[Row]:
    """Measure everything, one after the other."""
    def wanted(case: Case) -> bool:
        return case.peer == 'doctor' or (
            peers_too and not peers.missing(case.peer))

    for case in filter(wanted, cases):
        yield measure(case)
    for case, disturb in disturbed:
        if wanted(case):
            yield calm(case, disturb)


_COLUMNS = ('case', 'peer', 'median_ms', 'max_ms', 'cpu_percent',
            'false_downs', 'missed', 'memory_mb')


def _cells(row: Row) -> list[str]:
    values = dataclasses.asdict(row)
    return ['-' if values[column] is None else str(values[column])
            for column in _COLUMNS]


def _line(texts: Sequence[str]) -> str:
    return f'{texts[0]:<34}{texts[1]:<10}' + ''.join(
        f'{text:>13}' for text in texts[2:])


def main(argv: Sequence[str], cases: Sequence[Case] = CASES,
         disturbed: Sequence[_Disturbed] = CALM) -> int:
    """The command.

    :param cases: detectors whose hosts are cut.
    :param disturbed: detectors whose hosts are not, and what happens.
    :returns: 0, or 2 when nothing can be measured here.
    """
    parser = argparse.ArgumentParser(prog='detection', description=__doc__)
    parser.add_argument('--json', metavar='FILE',
                        help='write the rows there, too')
    parser.add_argument('--rst', metavar='FILE',
                        help='write the table as it can stand in a page')
    parser.add_argument('--ours', action='store_true',
                        help='leave out the peers')
    args = parser.parse_args(argv)
    for name in peers.PEERS:
        if not args.ours and peers.missing(name):
            sys.stdout.write(f'{name} is left out: {peers.missing(name)}\n')
    sys.stdout.write(_line(_COLUMNS) + '\n')
    done: list[Row] = []
    try:
        for row in rows(not args.ours, cases, disturbed):
            done.append(row)
            sys.stdout.write(_line(_cells(row)) + '\n')
            sys.stdout.flush()
    except ConfigError as error:
        sys.stderr.write(f'{error}\n')
        return 2
    if args.json:
        Path(args.json).write_text(json.dumps(
            [dataclasses.asdict(row) for row in done], indent=1),
            encoding='utf-8')
    if args.rst:
        Path(args.rst).write_text(csv_table(_COLUMNS, map(_cells, done)),
                                  encoding='utf-8')
    return 0

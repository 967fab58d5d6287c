"""How calm a profile is: blackouts, loss, jitter, a busy and a stopped
monitor; what was called lost, and what was marked down.

Nobody dies here. Hosts are cut off in namespaces for a while and heard again;
the verdicts of a monitor there go to an inspector with a cloud of its own.
"""

import argparse
import contextlib
import dataclasses
import json
import logging
import multiprocessing
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import blackouts
from bench.aftermath import Aftermath, aftermath
from bench.blackouts import LENGTHS_S, SCOPES, Outcome, Scope
from bench.far import Far, end
from bench.grids import Row, grids, shown
from doctor_core import clock
from doctor_core.exceptions import ConfigError
from doctor_core.monitors.probing.profiles import PROFILES

_CHECKOUT = Path(__file__).parent.parent
_HOSTS = 100
_NETWORKS = ('first', 'second')
_SETTLE_S = 1.0
#: After the end of a silence, until all that it brings about was seen.
_AFTER_S = 1.5
_LOOK_S = 0.25
_DISTURBED_S = 20.0
_TRIES = 4


class _News(NamedTuple):
    name: str
    at: float


class Watch:
    """A monitor's process in its namespace; a context manager.

    :param profile: its name.
    :param names: of the hosts, in the order of their addresses.
    :param then: takes each verdict as it would travel, from a thread.
    :param more: options beside those of the profile.
    """

    def __init__(self, far: Far, profile: str, names: Sequence[str],
                 then: Callable[[str], None], **more: object) -> None:
        options = {'profile': profile, 'networks': _NETWORKS,
                   'witnesses': [
                       f'{name}={address}' for name, address
                       in zip(_NETWORKS, far.witnesses, strict=True)], **more}
        self._then = then
        self.lost: queue.SimpleQueue[_News] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            ['ip', 'netns', 'exec', far.near, sys.executable, '-m',
             'bench.watch', json.dumps(options)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_CHECKOUT)
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(' '.join(
            f'{name}={",".join(addresses)}' for name, *addresses
            in zip(names, *far.networks, strict=True)) + '\n')
        self.process.stdin.flush()
        if self.process.stdout.readline() != 'ready\n':
            raise ConfigError('The monitor did not start')
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            word, name, at, payload = line.split(maxsplit=3)
            if word == 'down':
                self.lost.put(_News(name, float(at)))
            self._then(payload)

    def __enter__(self) -> 'Watch':
        return self

    def __exit__(self, *_: object) -> None:
        end(self.process)
        self._reader.join()


class Case:
    """Hosts, a monitor of a profile and an inspector; a context manager."""

    def __init__(self, profile: str, hosts: int = _HOSTS) -> None:
        self._profile = profile
        self._hosts = hosts
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> 'Case':
        with contextlib.ExitStack() as stack:
            self.far = stack.enter_context(
                Far(self._hosts, len(_NETWORKS)))
            self.after: Aftermath = stack.enter_context(
                aftermath(self._hosts))
            self.names = self.after.hosts
            self.watch = stack.enter_context(Watch(
                self.far, self._profile, self.names, self.after.take))
            clock.sleep(_SETTLE_S)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def black_out(self, scope: Scope, length_s: float
                  ) -> tuple[Outcome, float]:
        """Cut paths for a while, and see what comes of it.

        :returns: that, and how many seconds it was at the longest.
        """
        count = scope.hosts or self._hosts
        silent = [] if scope.uplink or scope.another_path \
            else self.names[:count]
        networks = self.far.networks[:1] if scope.another_path \
            else self.far.networks
        addresses = [address for network in networks
                     for address in network[:count]]
        cut, heal = (self.far.cut_uplink, self.far.heal_uplink) \
            if scope.uplink else (lambda: self.far.cut(*addresses),
                                  lambda: self.far.heal(*addresses))
        cut_at, is_cut_at = self._do(cut)
        felled = self._look_until(cut_at + length_s)
        heal_at, is_healed_at = self._do(heal)
        felled |= self._look_until(time.monotonic() + _AFTER_S)
        longest_s = is_healed_at - cut_at
        return blackouts.judge(
            PROFILES[self._profile], scope,
            (heal_at - is_cut_at, longest_s), silent,
            {news.name: news.at - cut_at for news in self._said()},
            felled), longest_s

    def _do(self, what: Callable[[], None]) -> tuple[float, float]:
        """When it was begun, and when it was done."""
        begun_at = time.monotonic()
        what()
        self.far.settled()
        return begun_at, time.monotonic()

    def disturb(self, disturbance: Callable[['Case'], None]) -> Outcome:
        """Let something disturb, and nobody be silent."""
        disturbance(self)
        felled = self._look_until(time.monotonic() + _AFTER_S)
        return blackouts.judge(
            PROFILES[self._profile], Scope('', 0, another_path=True),
            (0.0, 0.0), [], {news.name: news.at for news in self._said()},
            felled)

    def _look_until(self, end: float) -> set[str]:
        felled: set[str] = set()
        while (left_s := end - time.monotonic()) > 0:
            if left_s > _LOOK_S:
                felled |= self.after.felled()
            clock.sleep(min(_LOOK_S, max(0.0, end - time.monotonic())))
        return felled | self.after.felled() if end else felled

    def _said(self) -> Iterator[_News]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self.watch.lost.get_nowait()


def _losing(percent: int) -> Callable[[Case], None]:
    def disturb(case: Case) -> None:
        case.far.lose(percent)
        clock.sleep(_DISTURBED_S)
    return disturb


def _jitter(case: Case) -> None:
    with case.far.jittered(40.0):
        clock.sleep(_DISTURBED_S)


def _burn() -> None:
    while True:
        pass


def _busy(_case: Case) -> None:
    hogs = [multiprocessing.Process(target=_burn, daemon=True)
            for _ in range(4)]
    for hog in hogs:
        hog.start()
    clock.sleep(_DISTURBED_S / 2)
    for hog in hogs:
        hog.kill()
        hog.join()


def _stopped(case: Case) -> None:
    for length_s in (0.2, 0.7, 1.0, 5.0):
        os.kill(case.watch.process.pid, signal.SIGSTOP)
        clock.sleep(length_s)
        os.kill(case.watch.process.pid, signal.SIGCONT)
        clock.sleep(1.0)


DISTURBANCES = {
    '1 % of probes lost, 20 s': _losing(1),
    '5 % of probes lost, 20 s': _losing(5),
    '20 % of probes lost, 20 s': _losing(20),
    'answers up to 40 ms late, in any order, 20 s': _jitter,
    'four processes that want all of the processor, 10 s': _busy,
    'the monitor stopped for 0.2, 0.7, 1 and 5 s': _stopped,
}


def rows(profiles: Sequence[str], scopes: Sequence[Scope] = SCOPES,
         lengths_s: Sequence[float] = LENGTHS_S, trials: int = 1,
         disturbances: Sequence[str] = tuple(DISTURBANCES)
         ) -> Iterator[Row]:
    """Do everything, one after the other, each with hosts, a monitor and an
    inspector of its own.
    """
    for profile in profiles:
        for scope in scopes:
            for length_s in lengths_s:
                outcome = Outcome()
                for _ in range(trials if length_s < 1 else 1):
                    outcome += black_out(profile, scope, length_s)
                yield Row(profile, scope.name, length_s, trials, outcome,
                          blackouts.faults(profile, outcome))
        for name in disturbances:
            with Case(profile) as case:
                outcome = case.disturb(DISTURBANCES[name])
            yield Row(profile, name, 0.0, 1, outcome,
                      blackouts.faults(profile, outcome))


def black_out(profile: str, scope: Scope, length_s: float,
              hosts: int = _HOSTS) -> Outcome:
    """Cut paths for a while; once more where a busy machine made it so much
    longer that it is on the other side of the profile's silence.
    """
    silence_s = PROFILES[profile].silence_ms / 1000
    for _ in range(_TRIES):
        with Case(profile, hosts) as case:
            outcome, longest_s = case.black_out(scope, length_s)
        if not length_s <= silence_s < longest_s:
            break
    return outcome


_COLUMNS = ('profile', 'what', 'length', 'right', 'wrong', 'late', 'missed',
            'felled', 'wrongly')


def _cells(row: Row) -> list[str]:
    outcome = row.outcome
    return [row.profile, row.what,
            shown(row.length_s) if row.length_s else '',
            *(f'{value}' for value in dataclasses.astuple(outcome)[:-1]),
            f'{outcome.felled_wrongly}{" !" if row.is_fault else ""}']


def _text(cells: Sequence[str]) -> str:
    profile, what, length, *counts = cells
    return f'{profile:<11}{what:<53}{length:>7}' + ''.join(
        f'{count:>9}' for count in counts).rstrip()


def main(argv: Sequence[str]) -> int:
    """The command.

    :returns: 1 when a profile but ``lab`` had a host wrongly lost or marked
        down, 2 when nothing can be measured here.
    """
    parser = argparse.ArgumentParser(
        prog='python -m bench calm', description=__doc__)
    parser.add_argument('--profiles', nargs='+', choices=list(PROFILES),
                        default=list(PROFILES), metavar='NAME',
                        help=f'of {", ".join(PROFILES)}')
    parser.add_argument('--lengths', nargs='+', type=float,
                        default=LENGTHS_S, metavar='SECONDS',
                        help='of the blackouts')
    parser.add_argument('--trials', type=int, default=3, metavar='N',
                        help='of each blackout shorter than a second '
                        '(default: 3)')
    parser.add_argument('--json', metavar='FILE',
                        help='write the rows there, too')
    parser.add_argument('--rst', metavar='FILE',
                        help='write the table as it can stand in a page')
    args = parser.parse_args(argv)
    # The table is what is to be read.
    logging.disable(logging.WARNING)
    done: list[Row] = []
    sys.stdout.write(_text(_COLUMNS) + '\n')
    try:
        for row in rows(args.profiles, SCOPES, args.lengths, args.trials):
            done.append(row)
            sys.stdout.write(_text(_cells(row)) + '\n')
            sys.stdout.flush()
    except ConfigError as error:
        sys.stderr.write(f'{error}\n')
        return 2
    _write(args.json, lambda: json.dumps(
        [dataclasses.asdict(row) for row in done], indent=1))
    _write(args.rst, lambda: grids(done))
    return int(any(row.is_fault for row in done))


def _write(path: str | None, text: Callable[[], Any]) -> None:
    if path:
        Path(path).write_text(text(), encoding='utf-8')

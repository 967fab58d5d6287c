"""The bed's processes, known by their process ids."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from openstack_bed.settings import Bed, BedError

T = TypeVar('T')

_GRACE_S = 20.0


@dataclasses.dataclass(frozen=True)
class Process:
    """Something that a bed runs.

    :ivar port: where it listens; 0 for nowhere.
    :ivar probe: how one sees that it answers: http, tcp, udp or none.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    port: int = 0
    probe: str = ''


def pid(bed: Bed, name: str) -> int | None:
    """The id of a process that runs; also its group's."""
    try:
        number, started = bed.pid_file(name).read_text().split()
    except FileNotFoundError:
        return None
    # An id alone may be somebody else's by now.
    return int(number) if _started(int(number)) == started else None


def start(bed: Bed, process: Process) -> bool:
    """Start a process unless it runs; whether that was needed."""
    if pid(bed, process.name) is not None:
        return False
    log, note = bed.log(process.name), bed.pid_file(process.name)
    for file in (log, note):
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open('ab') as out:
            made = subprocess.Popen(
                process.argv, env={**os.environ, **process.env},
                cwd=bed.folder, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True)
    except OSError as error:
        raise BedError(f'{process.name} cannot be started: {error}') from None
    note.write_text(f'{made.pid} {_started(made.pid)}')
    return True


def kill(bed: Bed, name: str) -> bool:
    """End a process at once, as a power cut would; whether it ran."""
    number = pid(bed, name)
    if number is not None:
        _signal(number, signal.SIGKILL)
        wait(lambda: pid(bed, name) is None, 5.0, f'{name} to be gone')
    bed.pid_file(name).unlink(missing_ok=True)
    return number is not None


def stop(bed: Bed, names: Iterable[str]) -> None:
    """End processes in good order, and those that do not listen the hard
    way.
    """
    running = [name for name in names if pid(bed, name) is not None]
    for name in running:
        number = pid(bed, name)
        if number is not None:
            _signal(number, signal.SIGTERM)
    end = time.monotonic() + _GRACE_S
    while running and time.monotonic() < end:
        running = [name for name in running if pid(bed, name) is not None]
        time.sleep(0.1)
    for name in running:
        kill(bed, name)
    for name in names:
        bed.pid_file(name).unlink(missing_ok=True)


def names(bed: Bed) -> list[str]:
    """All that were started, in that order, and not stopped."""
    files = sorted((bed.folder / 'run').glob('*.pid'),
                   key=lambda file: file.stat().st_mtime_ns)
    return [file.stem for file in files]


def run(bed: Bed, name: str, argv: Iterable[str], *,
        env: Mapping[str, str] | None = None, text: str = '',
        timeout_s: float = 600.0) -> None:
    """Run a command to its end.

    :param text: what it reads.
    :raises BedError: it failed; its words are in the log of that name.
    """
    log = bed.log(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('ab') as out:
        try:
            done = subprocess.run(
                list(argv), input=text.encode(), stdout=out,
                stderr=subprocess.STDOUT, timeout=timeout_s, check=False,
                env={**os.environ, **(env or {})})
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BedError(f'{name}: {error}') from None
    if done.returncode:
        raise BedError(f'{name} failed with status {done.returncode}; '
                       f'see {log}')


def wait(ready: Callable[[], T], timeout_s: float, what: str,
         interval_s: float = 0.1) -> T:
    """What ``ready`` returns once it is true.

    :raises BedError: it was not in time.
    """
    end = time.monotonic() + timeout_s
    while not (found := ready()):
        if time.monotonic() > end:
            raise BedError(f'Waited {timeout_s:g} s in vain for {what}.')
        time.sleep(interval_s)
    return found


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _started(number: int) -> str | None:
    """When a process started, in the kernel's ticks; None for none."""
    try:
        words = Path(f'/proc/{number}/stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name is in parentheses and may hold anything.
    fields = words.rpartition(')')[2].split()
    return None if fields[0] == 'Z' else fields[19]

"""The bed's processes, known by their process ids."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from openstack_bed.settings import Bed, BedError

T = TypeVar('T')

_TAIL_BYTES = 10000
_KILL_S = 30.0
_LINE_LIMIT = 100

_commands: set[subprocess.Popen[bytes]] = set()


@dataclasses.dataclass(frozen=True)
class Process:
    """Something that a bed runs.

    :ivar port: where it listens; 0 for nowhere.
    :ivar probe: how one sees that it answers, as in :mod:`probes`.
    :ivar after: the steps that it has to wait for.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    port: int = 0
    probe: str = ''
    after: tuple[str, ...] = ()


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


def members(group: int) -> list[int]:
    """The processes of a group that have not ended."""
    return [number for number, of in _all() if of == group]


def kill(bed: Bed, name: str) -> bool:
    """End a process at once, as a power cut would; whether it ran."""
    number = pid(bed, name)
    if number is not None:
        _end(number)
    bed.pid_file(name).unlink(missing_ok=True)
    return number is not None


def stop(bed: Bed, names: Iterable[str], grace_s: float) -> None:
    """End processes in good order, and those that do not listen the hard
    way.
    """
    running = {name: number for name in names
               if (number := pid(bed, name)) is not None}
    for number in running.values():
        _signal(number, signal.SIGTERM)
    end = time.monotonic() + grace_s
    left = set(running.values())
    while left and time.monotonic() < end:
        left &= {group for _number, group in _all()}
        time.sleep(0.05)
    for number in left:
        _end(number)
    for name in names:
        bed.pid_file(name).unlink(missing_ok=True)


def names(bed: Bed) -> list[str]:
    """All that were started, in that order, and not stopped."""
    files = sorted((bed.folder / 'run').glob('*.pid'),
                   key=lambda file: file.stat().st_mtime_ns)
    return [file.stem for file in files]


def run(bed: Bed, name: str, argv: Iterable[str], *,
        env: Mapping[str, str] | None = None, text: str = '',
        timeout_s: float = 600.0, look_s: float = 15.0,
        progress: Callable[[str], None] | None = None) -> None:
    """Run a command to its end.

    :param text: what it reads.
    :param look_s: how often the progress of one that takes long is told.
    :param progress: is told that it still runs.
    :raises BedError: it failed, with its last words; all of them are in the
        log of that name.
    """
    log = bed.log(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with log.open('ab') as out, tempfile.TemporaryFile() as words:
        words.write(text.encode())
        words.seek(0)
        try:
            made = subprocess.Popen(
                list(argv), stdin=words, stdout=out,
                stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        except OSError as error:
            raise BedError(f'{name}: {error}') from None
        _commands.add(made)
        try:
            while not _ended(made, look_s):
                spent = time.monotonic() - begun
                if spent > timeout_s:
                    raise BedError(f'{name} has not ended after '
                                   f'{timeout_s:g} s; see {log}')
                if progress:
                    progress(f'{name} still runs: {last_words(log, 1)}')
        finally:
            made.kill()
            made.wait()
            _commands.discard(made)
    if made.returncode:
        raise BedError(f'{name} failed with status {made.returncode}; '
                       f'see {log}. It said:\n{last_words(log, 8)}')


def end_commands() -> None:
    """End what :func:`run` runs in any thread; may be called of a signal's
    handler.
    """
    for command in list(_commands):
        command.terminate()


def _ended(command: subprocess.Popen[bytes], within_s: float) -> bool:
    try:
        command.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def last_words(log: Path, lines: int) -> str:
    """The last lines of a log, each cut to what a terminal shows."""
    with log.open('rb') as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        found = file.read().decode(errors='replace').splitlines()
    return '\n'.join(line[:_LINE_LIMIT] for line in found[-lines:])


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


def _end(group: int) -> None:
    """End a group the hard way; none of it holds a port any more then."""
    _signal(group, signal.SIGKILL)
    wait(lambda: not members(group), _KILL_S,
         f'the processes of group {group} to be gone')


def _started(number: int) -> str | None:
    """When a process started, in the kernel's ticks; None for none."""
    fields = _stat(number)
    return fields[19] if fields else None


def _all() -> Iterator[tuple[int, int]]:
    """All that have not ended, each with its group."""
    for entry in Path('/proc').iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            yield int(entry.name), int(fields[2])


def _stat(number: int) -> list[str]:
    """What the kernel says of a process that has not ended, from its state
    on; empty for none.
    """
    try:
        words = Path(f'/proc/{number}/stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    # The name is in parentheses and may hold anything.
    fields = words.rpartition(')')[2].split()
    return [] if fields[0] == 'Z' else fields

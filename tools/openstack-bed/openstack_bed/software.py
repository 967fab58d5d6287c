"""What has to be installed before a bed can come up."""

import dataclasses
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from openstack_bed import processes
from openstack_bed.settings import TOOL, Bed, BedError

Progress = Callable[[str], None]

#: A command of each Debian package that is needed.
_PACKAGES = {
    'rabbitmq-server': '/usr/lib/rabbitmq/bin/rabbitmq-server',
    'mariadb-server': '/usr/sbin/mariadbd',
    'memcached': '/usr/bin/memcached',
    # uWSGI is compiled.
    'gcc': '/usr/bin/gcc',
}
_PYTHON_PACKAGES = ('python3-dev', 'python3-venv')
_NO_START = Path('/usr/sbin/policy-rc.d')
_PIP_S = 1800.0


@dataclasses.dataclass(frozen=True)
class _Environment:
    """A virtual environment with just what its file names."""

    name: str
    python: str = sys.executable
    folder: Path = TOOL

    @property
    def frozen(self) -> Path:
        return self.folder / f'constraints-{self.name}.txt'


def install(bed: Bed, progress: Progress, *, python38: str | None = None
            ) -> Bed:
    """Install what is missing.

    :param python38: the interpreter for Congress; None looks for one.
    :returns: the bed, without Congress where there is no interpreter.
    :raises BedError: it cannot be installed.
    """
    if sys.version_info[:2] != (3, 11):
        raise BedError('The bed\'s frozen versions are those for Python 3.11; '
                       f'this is {sys.version.split()[0]}.')
    missing = [name for name, command in _PACKAGES.items()
               if not os.path.exists(command)]
    # Other Pythons than the system's come with all they need.
    if sys.base_prefix == '/usr':
        missing += [name for name in _PYTHON_PACKAGES if not _has(name)]
    if missing:
        _debian(bed, missing, progress)
    wanted = [_Environment('core'), _Environment('telemetry')]
    if 'congress' in bed.extras:
        found = _python38(python38)
        if found:
            wanted.append(_Environment('congress', found))
        else:
            progress('Congress is left out: it needs Python 3.8, and there '
                     'is none in PATH nor in ~/.pyenv/versions; name one '
                     'with --python38 or in DOCTOR_BED_PYTHON38')
            bed = dataclasses.replace(bed, extras=tuple(
                name for name in bed.extras if name != 'congress'))
    with ThreadPoolExecutor(len(wanted)) as pool:
        for work in [pool.submit(_environment, bed, one, progress)
                     for one in wanted]:
            work.result()
    if 'vitrage' in bed.extras:
        _vitrage(bed, progress)
    return bed


def _has(package: str) -> bool:
    done = subprocess.run(['dpkg-query', '-W', '-f', '${Status}', package],
                          capture_output=True, text=True, check=False)
    return done.stdout.endswith(' installed')


def _debian(bed: Bed, names: list[str], progress: Progress) -> None:
    how = f'apt-get install {" ".join(names)}'
    if os.geteuid():
        raise BedError(f'Not installed, and only root can: {how}')
    if not shutil.which('apt-get'):
        raise BedError(f'Not installed, and this is no Debian: {how}')
    # Debian starts what it installs, on the usual ports, unless this says no.
    guarded = not _NO_START.exists()
    if guarded:
        _NO_START.write_text('#!/bin/sh\nexit 101\n')
        _NO_START.chmod(0o755)
    progress(how)
    try:
        for words in (['update'], ['install', '--yes',
                                   '--no-install-recommends', *names]):
            processes.run(bed, 'apt', ['apt-get', *words], progress=progress,
                          env={'DEBIAN_FRONTEND': 'noninteractive'})
    finally:
        if guarded:
            _NO_START.unlink()


def _environment(bed: Bed, environment: _Environment,
                 progress: Progress) -> None:
    wanted = _fingerprint(environment.frozen)
    folder = bed.home / environment.name
    # One that was interrupted has no mark, and is made anew.
    mark = folder / 'complete'
    if mark.exists() and mark.read_text() == wanted:
        return
    progress(f'installing {folder}; this takes a few minutes')
    name = f'install-{environment.name}'
    processes.run(bed, name, [
        environment.python, '-m', 'venv', '--clear', str(folder)])
    _pip(bed, environment.name, progress, 'install', '--no-deps', '-r',
         str(environment.frozen))
    mark.write_text(wanted)


def _vitrage(bed: Bed, progress: Progress) -> None:
    """What Vitrage needs besides Aodh and Ceilometer, and the files that its
    wheel lacks.
    """
    frozen = TOOL / 'constraints-vitrage.txt'
    wanted = _fingerprint(frozen)
    folder = bed.home / 'telemetry'
    mark = folder / 'complete-vitrage'
    if mark.exists() and mark.read_text() == wanted:
        return
    progress(f'installing Vitrage in {folder}')
    # Most of what it brings is never imported.
    _pip(bed, 'telemetry', progress, 'install', '--no-deps', '--no-compile',
         '-r', str(frozen))
    version = next(line for line in frozen.read_text().splitlines()
                   if line.startswith('vitrage=='))
    source = folder / 'source'
    _pip(bed, 'telemetry', progress, 'download', '--no-deps', '--no-binary',
         'vitrage', '--dest', str(source), version)
    for file in source.glob('vitrage-*.tar.gz'):
        _unpack(file, '/etc/vitrage/', folder / 'etc' / 'vitrage')
    shutil.rmtree(source)
    mark.write_text(wanted)


def _unpack(archive: Path, below: str, folder: Path) -> None:
    with tarfile.open(archive) as members:
        for member in members:
            content = members.extractfile(member)
            if content and below in member.name:
                file = folder / member.name.partition(below)[2]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.read())


def _pip(bed: Bed, environment: str, progress: Progress, verb: str,
         *words: str) -> None:
    processes.run(bed, f'install-{environment}', [
        bed.program(environment, 'pip'), verb,
        '--disable-pip-version-check', '--no-input', *words],
        timeout_s=_PIP_S, progress=progress)


def _fingerprint(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _python38(named: str | None) -> str | None:
    """The interpreter for Congress; None for none.

    :raises BedError: the one that was named is none.
    """
    named = named or os.environ.get('DOCTOR_BED_PYTHON38')
    if named:
        if not _is_python38(named):
            raise BedError(f'{named} is no Python 3.8.')
        return named
    candidates = [shutil.which('python3.8'), *sorted(glob.glob(
        os.path.expanduser('~/.pyenv/versions/3.8*/bin/python3.8')))]
    return next((found for found in candidates
                 if found and _is_python38(found)), None)


def _is_python38(command: str) -> bool:
    # A command of that name may be a stand-in that finds no such Python.
    try:
        done = subprocess.run(
            [command, '-c', 'import sys, venv, ensurepip; '
             'print(sys.version_info[:2] == (3, 8))'],
            capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == 'True'

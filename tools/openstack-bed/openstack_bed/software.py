"""What has to be installed before a bed can come up."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from openstack_bed import processes
from openstack_bed.settings import TOOL, Bed, BedError

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

ENVIRONMENTS = ('core', 'telemetry')


def install(bed: Bed, progress: Callable[[str], None]) -> None:
    """Install what is missing.

    :raises BedError: it cannot be.
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
        progress(f'installing {", ".join(missing)}')
        _debian(bed, missing)
    for name in ENVIRONMENTS:
        _environment(bed, name, progress)


def _has(package: str) -> bool:
    done = subprocess.run(['dpkg-query', '-W', '-f', '${Status}', package],
                          capture_output=True, text=True, check=False)
    return done.stdout.endswith(' installed')


def _debian(bed: Bed, names: list[str]) -> None:
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
    try:
        environment = {'DEBIAN_FRONTEND': 'noninteractive'}
        processes.run(bed, 'apt', ['apt-get', 'update'], env=environment)
        processes.run(bed, 'apt', ['apt-get', 'install', '--yes',
                                   '--no-install-recommends', *names],
                      env=environment)
    finally:
        if guarded:
            _NO_START.unlink()


def _environment(bed: Bed, name: str,
                 progress: Callable[[str], None]) -> None:
    """A virtual environment with just what its file names."""
    frozen = TOOL / f'constraints-{name}.txt'
    wanted = hashlib.sha256(frozen.read_bytes()).hexdigest()
    folder = bed.home / name
    mark = folder / 'complete'
    if mark.exists() and mark.read_text() == wanted:
        return
    progress(f'installing {folder}; this takes a few minutes')
    processes.run(bed, f'install-{name}', [
        sys.executable, '-m', 'venv', '--clear', str(folder)])
    processes.run(bed, f'install-{name}', [
        str(folder / 'bin' / 'pip'), 'install', '--no-deps',
        '--disable-pip-version-check', '-r', str(frozen)],
        timeout_s=1800.0)
    mark.write_text(wanted)
